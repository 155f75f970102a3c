"""Group commit: publishers that come while a write is under way share the next one, and its fsync."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog

from app.bus.poison import is_poison
from app.errors import PoisonEvent, Unavailable
from app.events import Envelope

log = structlog.get_logger()

WAITING_MAX: Final = 10_000
BATCH_MAX: Final = 1_000
WRITE_SECONDS: Final = 5.0
RETRY_AFTER_SECONDS: Final = 2

Write = Callable[[Sequence[Envelope]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Request:
    envelopes: Sequence[Envelope]
    done: asyncio.Future[None]


class GroupCommit:
    """`write` makes envelopes durable. At most WAITING_MAX requests wait; more are refused at once."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._waiting: asyncio.Queue[_Request] = asyncio.Queue(WAITING_MAX)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="group commit")

    async def close(self) -> None:
        """Refuse what still waits."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        while not self._waiting.empty():
            _settle([self._waiting.get_nowait()], _unavailable("The service is stopping."))

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Durable on return. Raises Unavailable, PoisonEvent."""
        request = _Request(envelopes, asyncio.get_running_loop().create_future())
        try:
            self._waiting.put_nowait(request)
        except asyncio.QueueFull:
            raise _unavailable("Too many events are waiting to be stored.") from None
        await request.done

    async def _run(self) -> None:
        while True:
            requests = [await self._waiting.get()]
            while not self._waiting.empty() and len(requests) < BATCH_MAX:
                requests.append(self._waiting.get_nowait())
            try:
                await self._store(requests)
            finally:
                _settle(requests, _unavailable("The service is stopping."))

    async def _store(self, requests: list[_Request]) -> None:
        try:
            async with asyncio.timeout(WRITE_SECONDS):
                await self._write([envelope for request in requests for envelope in request.envelopes])
        except Exception as error:
            if not is_poison(error):
                log.warning("events not stored", error=repr(error), requests=len(requests))
                _settle(requests, _unavailable("Nothing can be stored at the moment."))
            elif len(requests) == 1:
                _settle(requests, PoisonEvent(str(error)))
            else:  # neighbours of an event that no log can hold are stored without it
                for request in requests:
                    await self._store([request])
        else:
            _settle(requests, None)


def _unavailable(detail: str) -> Unavailable:
    return Unavailable(detail, retry_after_seconds=RETRY_AFTER_SECONDS)


def _settle(requests: list[_Request], error: Exception | None) -> None:
    for request in requests:
        if request.done.done():  # settled before, or its caller went away
            continue
        if error is None:
            request.done.set_result(None)
        else:
            request.done.set_exception(error)
