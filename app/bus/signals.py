"""Wake-ups: NOTIFY after the commits (inside a transaction it would end group commit), coalesced, and LISTEN.

They only save waiting: whoever reads also polls slowly.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final

import structlog

from app.bus.outbox import Outgoing, Slot
from app.database import Database
from app.events import Stream

log = structlog.get_logger()

CHANNEL: Final = "touchpoint_log"
RECONNECT_SECONDS: Final = 1.0
_KNOWN: Final[dict[str, Stream | Outgoing]] = {one.value: one for one in (*Stream, *Outgoing)}
Listener = Callable[[frozenset[Slot]], None]


class Signals:
    """One connection of a process. `wake` is what `Database.wake` is set to."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._listeners: set[Listener] = set()
        self._due: set[Slot] = set()
        self._ring = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def wake(self, slots: Iterable[Slot]) -> None:
        """These grew: tell this process now and the others soon. Never blocks."""
        grown = frozenset(slots)
        self._tell(grown)
        self._due |= grown
        self._ring.set()

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with what grew; the result ends that."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="signals")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            try:
                await self._serve()
            except Exception as error:  # the outer shell: a broken connection has many words
                log.warning("wake-ups wait", error=repr(error))
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _serve(self) -> None:
        # A lost wake-up costs one poll: not worth an fsync.
        connection = await self._database.raw_connection(synchronous_commit="off")
        try:
            connection.add_termination_listener(lambda _: self._ring.set())
            await connection.add_listener(CHANNEL, self._heard)
            while not connection.is_closed():
                await self._ring.wait()
                self._ring.clear()
                due, self._due = self._due, set()
                if due:
                    await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, _dump(due))
        finally:
            connection.terminate()

    def _heard(self, connection: Any, pid: int, _channel: str, payload: str) -> None:
        if pid != connection.get_server_pid():  # our own were told at once
            self._tell(_load(payload))

    def _tell(self, slots: frozenset[Slot]) -> None:
        for listener in tuple(self._listeners):
            listener(slots)


def _dump(slots: set[Slot]) -> str:
    return " ".join(f"{grown.value}:{partition}" for grown, partition in slots)


def _load(payload: str) -> frozenset[Slot]:
    pairs = (word.partition(":") for word in payload.split())
    return frozenset((_KNOWN[grown], int(partition)) for grown, _, partition in pairs if grown in _KNOWN)
