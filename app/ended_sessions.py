"""Sessions that have ended while an access token of theirs could still be shown: signed out, used twice, or
of an agent who was disabled. Kept in memory, so that every request asks."""

import asyncio
from collections.abc import Container, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from app.access import ACCESS_SECONDS
from app.clock import Clock
from app.database import Database
from app.notifications import SESSION_ENDED, SETUP_CHANGED, Notifications
from models.access import RefreshSession

log = structlog.get_logger()

LOOK_SECONDS: Final = 30
KEPT: Final = timedelta(seconds=ACCESS_SECONDS)


class EndedSessions(Container[UUID]):
    """`in` never waits. What other processes end is heard at once, and read from the database as well."""

    def __init__(self, database: Database, notifications: Notifications, clock: Clock) -> None:
        self._database, self._notifications, self._clock = database, notifications, clock
        self._ended: dict[UUID, datetime] = {}
        self._look, self._grown = asyncio.Event(), asyncio.Event()
        notifications.hear(SESSION_ENDED, self._heard)
        notifications.hear(SETUP_CHANGED, lambda _payload: self._look.set())

    def __contains__(self, session_id: object) -> bool:
        return session_id in self._ended

    async def tell(self, session_id: UUID) -> None:
        """It has ended, and the transaction that says so is committed."""
        self._learn([session_id])
        await self._notifications.tell(SESSION_ENDED, str(session_id))

    async def end_of(self, session_id: UUID) -> None:
        """Wait until it has ended."""
        while session_id not in self:
            await self._grown.wait()

    async def refresh(self) -> None:
        """Read what has ended lately."""
        async with self._database.read() as session:
            self._learn(await RefreshSession.ended_lately(session, KEPT))

    async def run(self) -> None:
        """Keep it fresh until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._look.wait()
            self._look.clear()
            try:
                await self.refresh()
            except Exception as error:  # the outer shell: the next round is another chance
                log.warning("ended sessions not read", error=repr(error)[:200])

    def _heard(self, payload: str) -> None:
        if payload:
            self._learn([UUID(payload)])
        else:  # there was a gap
            self._look.set()

    def _learn(self, ended: Iterable[UUID]) -> None:
        now = self._clock.now()
        self._ended = {known: at for known, at in self._ended.items() if now - at < KEPT}
        self._ended |= {session_id: now for session_id in ended if session_id not in self._ended}
        self._grown.set()
        self._grown = asyncio.Event()
