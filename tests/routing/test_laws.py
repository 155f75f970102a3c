"""Laws of whole days: any order within an instant, the same bytes again, no overtaking, all accounted for.

The laws of every instant are in `laws.py`; `test_faults.py` and `test_machine.py` hold the engine to them.
"""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.events import InteractionCompleted, OfferAccepted
from tests.routing import worlds
from tests.routing.build import Build
from tests.routing.center import Center
from tests.routing.seeds import BLOCKS, of_block

LENGTH = 60


class Day:
    """A random world and an engine in it."""

    def __init__(self, seed: int) -> None:
        random = Random(seed)
        self.document = worlds.policy(random)
        self.people = worlds.agents(random, self.document)
        self.lines = worlds.trace(random, self.document, self.people, LENGTH)
        self.build = Build()
        self.engine = self.build.engine(self.document)
        self.engine.apply(self.build.agents(self.people), 0)

    def instants(self, arrange: Callable[[list[Any]], None] = lambda facts: None) -> Iterator[list[Any]]:
        for at in sorted({line["at"] for line in self.lines}):
            while (due := self.engine.next_deadline()) is not None and due < at:
                yield list(self.engine.apply((), due))
            facts = self.build.facts([line for line in self.lines if line["at"] == at])
            arrange(facts)
            yield list(self.engine.apply(facts, at))


@pytest.mark.parametrize("block", range(BLOCKS))
def test_the_order_of_input_within_an_instant_does_not_matter(block: int) -> None:
    for seed in of_block(block):
        straight = list(Day(seed).instants())
        assert list(Day(seed).instants(Random(seed).shuffle)) == straight, f"seed {seed}"


@pytest.mark.parametrize("block", range(BLOCKS))
def test_a_repeat_gives_the_same_bytes(block: int) -> None:
    for seed in of_block(block):
        assert repr(list(Day(seed).instants())) == repr(list(Day(seed).instants())), f"seed {seed}"


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 2)), min_size=1, max_size=12))
def test_no_overtaking_beyond_the_head_start(arrivals: list[tuple[int, int]]) -> None:
    """x is never served after y that came more than head_start(y) − head_start(x) later."""
    head_starts = (0, 10, 30)
    tiers = [{"key": f"tier{number}", "head_start_seconds": head} for number, head in enumerate(head_starts)]
    center = Center({"a": {}}, tiers=tiers)
    arrivals.sort()
    for number, (at, tier) in enumerate(arrivals):
        center.queue(at, f"x{number:02}", tier=f"tier{tier}")
    served: list[int] = []
    center.available(61, "a")
    for step in range(len(arrivals)):
        name = center.made[-1].interaction or ""
        served.append(int(name[1:]))
        center.tell(62 + step, OfferAccepted(name, "a"))
        center.tell(62 + step, InteractionCompleted(name, "a"))
    for place, earlier in enumerate(served):
        for later in served[place + 1 :]:
            (at, tier), (other_at, other_tier) = arrivals[earlier], arrivals[later]
            assert at - other_at <= head_starts[tier] - head_starts[other_tier]


@pytest.mark.parametrize("block", range(BLOCKS))
def test_candidates_name_the_winner_and_account_for_every_agent(block: int) -> None:
    for seed in of_block(block):
        day = Day(seed)
        for made in day.instants():
            for offer in (decision for decision in made if decision.kind == "offer"):
                found = day.engine.candidates(offer)
                assert found.winner.agent == offer.agent, f"seed {seed}"
                assert found.winner.rank == offer.rank, f"seed {seed}"
                assert found.age_us + found.head_start_us == offer.score_us, f"seed {seed}"
                accounted = found.eligible + found.outside + sum(group.total for group in found.groups)
                assert accounted == len(day.people), f"seed {seed}"


@pytest.mark.parametrize("block", range(BLOCKS))
def test_what_waits_accounts_for_every_agent(block: int) -> None:
    for seed in of_block(block):
        day = Day(seed)
        for _ in day.instants():
            pass
        now = max(line["at"] for line in day.lines)
        for known in day.engine.snapshots():
            if getattr(known, "state", None) == "queued":
                found = day.engine.explain(known.id, now)
                assert sum(group.total for group in found.groups) == len(day.people), f"seed {seed}"
