"""NOTIFY and LISTEN on one connection per process. A notification may get lost with the connection: whoever
relies on one also looks by itself from time to time, and is told when the connection is back."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import asyncpg
import structlog

from app.database import Database

log = structlog.get_logger()

Heard = Callable[[str], None]
"""Gets the payload; "" after a gap in which anything may have been said. Must not block."""

SETUP_CHANGED: Final = "touchpoint_setup"
TYPING: Final = "touchpoint_typing"
"""Payload: `app.typing_notice.TypingNotice`."""

VISITOR_GONE: Final = "touchpoint_visitor_gone"
"""Payload: the id of a visitor whose last window at some process is closed."""

SESSION_ENDED: Final = "touchpoint_session_ended"
"""Payload: the id of a session whose access tokens open nothing any more."""

PING_SECONDS: Final = 10
RETRY_SECONDS: Final = 1


class Notifications:
    """What is to be heard at all is named before `run` runs; more may join and leave later."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._heard: dict[str, list[Heard]] = {}
        self._connection: asyncpg.Connection[Any] | None = None
        self._lock = asyncio.Lock()

    def hear(self, channel: str, heard: Heard) -> Callable[[], None]:
        """The result ends it."""
        listeners = self._heard.setdefault(channel, [])
        listeners.append(heard)
        return lambda: listeners.remove(heard)

    async def tell(self, channel: str, payload: str = "") -> None:
        """To all processes, this one too; lost while the database is away."""
        async with self._lock:
            if self._connection is not None:
                with suppress(
                    OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError
                ):
                    await self._connection.execute("SELECT pg_notify($1, $2)", channel, payload, timeout=5)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._listen()
            except Exception as error:  # the outer shell: a broken connection has many words
                log.warning("not listening; trying again", error=repr(error)[:200])
            await asyncio.sleep(RETRY_SECONDS)

    async def _listen(self) -> None:
        connection = await self._database.raw_connection()
        try:
            for channel in self._heard:
                await connection.add_listener(channel, self._on_notify)
            self._connection = connection
            self._after_gap()
            while True:
                await asyncio.sleep(PING_SECONDS)
                async with self._lock:
                    await connection.execute("SELECT 1", timeout=5)
        finally:
            self._connection = None
            connection.terminate()

    def _on_notify(self, _connection: Any, _pid: int, channel: str, payload: Any) -> None:
        for heard in tuple(self._heard.get(channel, ())):
            heard(str(payload))

    def _after_gap(self) -> None:
        for listeners in self._heard.values():
            for heard in tuple(listeners):
                heard("")
