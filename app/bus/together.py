"""Callers that come while a round is under way share the next one: one statement or one transaction for all
of them instead of one for each."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Together(Generic[Item, Result]):
    """`serve` answers items in their order; what it raises, all of its callers get. A round takes what waits,
    up to `most` by `weigh` (but always one item); at most `parallel` rounds run at once."""

    def __init__(
        self,
        serve: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
        *,
        most: int,
        parallel: int = 1,
        weigh: Callable[[Item], int] = lambda item: 1,
    ) -> None:
        self._serve, self._most, self._parallel, self._weigh = serve, most, parallel, weigh
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._rounds: set[asyncio.Task[None]] = set()

    async def ask(self, item: Item) -> Result:
        """A caller that is cancelled goes away; its item may still be served."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        self._begin()
        return await future

    async def close(self) -> None:
        """Cut rounds short; who still waits is cancelled."""
        rounds = tuple(self._rounds)
        while self._waiting:
            self._waiting.popleft()[1].cancel()
        for task in rounds:
            task.cancel()
        await asyncio.gather(*rounds, return_exceptions=True)

    def _begin(self) -> None:
        if self._waiting and len(self._rounds) < self._parallel:
            task = asyncio.create_task(self._round(), name="round")
            self._rounds.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._rounds.discard(task)
        self._begin()

    async def _round(self) -> None:
        taken = self._take()
        try:
            results = await self._serve([item for item, _ in taken])
        except BaseException as error:
            for _, future in taken:
                _fail(future, error)
            if not isinstance(error, Exception):
                raise
            return
        for (_, future), result in zip(taken, results, strict=True):
            if not future.done():
                future.set_result(result)

    def _take(self) -> list[tuple[Item, asyncio.Future[Result]]]:
        """Who went away meanwhile is left out."""
        taken: list[tuple[Item, asyncio.Future[Result]]] = []
        weight = 0
        while self._waiting:
            item, future = self._waiting[0]
            weight += self._weigh(item)
            if taken and weight > self._most:
                break
            self._waiting.popleft()
            if not future.done():
                taken.append((item, future))
        return taken


def _fail(future: "asyncio.Future[Result]", error: BaseException) -> None:
    if future.done():
        return
    if isinstance(error, Exception):
        future.set_exception(error)
    else:
        future.cancel()
