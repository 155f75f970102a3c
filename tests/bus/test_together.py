"""Rounds that are shared: who comes while one is under way, or before the next may begin, goes together."""

import asyncio
from collections.abc import Sequence

from app.bus.together import Together


class Rounds:
    """Remembers what each round was given, and answers with the same."""

    def __init__(self) -> None:
        self.given: list[list[str]] = []

    async def serve(self, items: Sequence[str]) -> list[str]:
        self.given.append(list(items))
        return list(items)


async def test_the_first_after_a_quiet_time_is_served_at_once_and_the_next_ones_together() -> None:
    rounds = Rounds()
    together = Together(rounds.serve, most=10, gap_seconds=0.2)
    clock = asyncio.get_running_loop().time
    assert await together.ask("first") == "first"
    served_at = clock()
    assert await asyncio.gather(*(together.ask(item) for item in "abc")) == ["a", "b", "c"]
    assert rounds.given == [["first"], ["a", "b", "c"]]
    assert clock() - served_at >= 0.15  # the gap runs from the beginning of the round before


async def test_who_waits_for_the_gap_is_let_go_when_it_closes() -> None:
    rounds = Rounds()
    together = Together(rounds.serve, most=10, gap_seconds=600)
    await together.ask("first")
    waiting = asyncio.create_task(together.ask("second"))
    await asyncio.sleep(0)
    await together.close()
    [outcome] = await asyncio.gather(waiting, return_exceptions=True)
    assert isinstance(outcome, asyncio.CancelledError)
    assert rounds.given == [["first"]]
