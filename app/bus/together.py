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
    up to `most` by `weigh` (but always one item); one round runs at once, and begins `gap_seconds` after the
    one before at the earliest."""

    def __init__(
        self,
        serve: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
        *,
        most: int,
        weigh: Callable[[Item], int] = lambda item: 1,
        gap_seconds: float = 0.0,
    ) -> None:
        self._serve, self._most, self._weigh, self._gap = serve, most, weigh, gap_seconds
        self._next_at = 0.0
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._under_way: asyncio.Task[None] | None = None

    async def ask(self, item: Item) -> Result:
        """A caller that is cancelled goes away; its item may still be served."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        self._begin()
        return await future

    async def close(self) -> None:
        """Cut the round short; who still waits is cancelled."""
        under_way = self._under_way
        while self._waiting:
            self._waiting.popleft()[1].cancel()
        if under_way is not None:
            under_way.cancel()
            await asyncio.gather(under_way, return_exceptions=True)

    def _begin(self) -> None:
        if self._waiting and self._under_way is None:
            self._under_way = asyncio.create_task(self._round(), name="round")
            self._under_way.add_done_callback(self._ended)

    def _ended(self, _: asyncio.Task[None]) -> None:
        self._under_way = None
        self._begin()

    async def _round(self) -> None:
        await self._wait_for_gap()
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

    async def _wait_for_gap(self) -> None:
        clock = asyncio.get_running_loop().time
        if (early := self._next_at - clock()) > 0:
            await asyncio.sleep(early)
        self._next_at = clock() + self._gap

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
