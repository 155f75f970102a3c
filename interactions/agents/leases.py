"""The leases behind the desktops' sockets that this api process holds: opened, renewed in one batch every few
seconds, let go. Ended leases are the worker's business (`timers`)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import structlog

from app.clock import Clock, new_id
from app.database import OUTAGES, Database
from app.errors import NotFound
from app.settings import Settings
from interactions.agents import presence
from models.agent import AgentLease

log = structlog.get_logger()

SECONDS_BETWEEN_TRIES: Final = 1.0


@dataclass
class Lease:
    """One desktop's socket. `heard_at`: when a frame or pong last came, in seconds of the monotonic clock."""

    tenant_id: UUID
    agent_id: UUID
    heard_at: Callable[[], float]
    id: UUID = field(default_factory=new_id)


class Leases:
    """All desktops of this process. `run` renews until cancelled."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database, self._clock, self._settings = database, clock, settings
        self._process_id = new_id()
        self._held: dict[UUID, Lease] = {}

    async def open(self, lease: Lease) -> None:
        """Sign the agent in. Whoever calls this calls `close` in the end. Raises NotFound."""
        await self._sign_in(lease)
        self._held[lease.id] = lease

    async def close(self, lease: Lease, *, restarting: bool = False) -> None:
        """The socket is gone; `restarting`: because this process goes. An outage is no obstacle: the lease
        then ends as that of a silent desktop."""
        self._held.pop(lease.id, None)
        settings = self._settings
        grace = settings.api_restart_grace_seconds if restarting else settings.reconnect_grace_seconds
        try:
            async with self._database.transaction(lease.tenant_id) as session:
                await presence.socket_closed(session, lease.tenant_id, lease.agent_id, lease.id, grace)
        except OUTAGES as error:
            log.warning("lease not let go", agent=str(lease.agent_id), error=repr(error)[:200])

    async def run(self) -> None:
        while True:
            await self._clock.sleep(self._settings.lease_write_seconds)
            await self._try(self.renew)

    async def renew(self) -> None:
        """Write what was heard. A desktop whose lease had ended, and which is heard again, is signed in."""
        now = self._clock.monotonic()
        held = {
            lease.id: self._settings.lease_seconds - (now - lease.heard_at()) for lease in self._held.values()
        }
        alive = {lease_id: seconds for lease_id, seconds in held.items() if seconds > 0}
        if not alive:
            return
        async with self._database.transaction() as session:
            known = await AgentLease.renew(session, alive)
        for lease_id in alive.keys() - known:
            if lease_id in self._held:
                await self._sign_in_again(self._held[lease_id])

    async def _sign_in_again(self, lease: Lease) -> None:
        try:
            await self._sign_in(lease)
        except NotFound:  # the agent was removed meanwhile
            self._held.pop(lease.id, None)

    async def _sign_in(self, lease: Lease) -> None:
        async with self._database.transaction(lease.tenant_id) as session:
            await presence.socket_opened(
                session,
                lease.tenant_id,
                lease.agent_id,
                (lease.id, self._process_id),
                lease_seconds=self._settings.lease_seconds,
                restore_seconds=self._settings.presence_restore_seconds,
            )

    async def _try(self, write: Callable[[], Awaitable[None]]) -> None:
        """Again and again while the database is away: the next round may be too late for a lease."""
        while True:
            try:
                return await write()
            except OUTAGES as error:
                log.warning("leases not renewed; trying again", error=repr(error)[:200])
                await asyncio.sleep(SECONDS_BETWEEN_TRIES)
