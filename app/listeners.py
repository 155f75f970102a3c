"""Runs what listens for endpoints (`channels.listening`): one listener for each over all workers, by a lease.

A second one would be told half of what happens, or throw the first one out. Who cannot renew its lease, since
the database is away or the process stood still, stops listening before another may begin.
"""

import asyncio
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Protocol
from uuid import UUID

import orjson
import structlog

from app.clock import Clock, new_id
from app.database import Database
from app.endpoints import KnownEndpoint, KnownTenant
from app.events import Envelope, InboundEvent
from app.outbound import Network
from app.security import Cipher
from channels.listening import Listener
from channels.registry import ADAPTERS, Registered
from models.endpoint_lease import EndpointLease
from models.endpoint_state import EndpointState

log = structlog.get_logger()

LEASE_SECONDS: Final = 10.0
ROUNDS: Final = 5
"""So often in the life of a lease it is renewed, and changes of the set-up are seen."""

STOP_SECONDS: Final = 3.0
WAIT_FIRST_SECONDS: Final = 1.0
WELL_SECONDS: Final = 60.0
"""Who has listened so long begins anew with the shortest wait."""

WELL_AFTER_SECONDS: Final = 1.0
STATE: Final = "listener"


class LeaseLost(Exception):
    """Somebody else may listen by now: what was heard since is theirs to tell."""


class Blobs(Protocol):
    async def put(self, tenant_id: UUID, content: bytes) -> str: ...


class Publisher(Protocol):
    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Durable on return."""


class Directory(Protocol):
    """`app.endpoints.Endpoints`."""

    def all(self) -> Iterable[KnownEndpoint]: ...

    def tenant(self, tenant_id: UUID) -> KnownTenant | None: ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What listeners need of their process; `adapters` as `channels.registry` has them."""

    database: Database
    bus: Publisher
    blobs: Blobs
    cipher: Cipher
    endpoints: Directory
    clock: Clock
    adapters: Mapping[str, Registered] = field(default_factory=lambda: ADAPTERS)


class Listeners:
    """One per worker process. `lease_seconds`: after which another may take over from who is silent."""

    def __init__(self, parts: Parts, lease_seconds: float = LEASE_SECONDS) -> None:
        self._parts, self._database, self._clock = parts, parts.database, parts.clock
        self._lease_seconds = lease_seconds
        self._owner = new_id()
        self._running: dict[UUID, _Running] = {}

    async def run(self) -> None:
        """Until cancelled; then others may take over at once."""
        try:
            while True:
                try:
                    await self._round()
                except Exception as error:  # the outer shell: the next round is another chance
                    log.error("listeners not looked after", exc_info=error)
                await self._clock.sleep(self._lease_seconds / ROUNDS)
        finally:
            ended = list(self._running)
            await self._stop(ended)
            await self._release(ended)

    async def _round(self) -> None:
        wanted = {known.id: known for known in self._parts.endpoints.all() if self._listens(known)}
        await self._renew(wanted)
        now = self._clock.monotonic()
        over = [id_ for id_, one in self._running.items() if not one.fits(wanted.get(id_), now)]
        await self._stop(over)

    def _listens(self, known: KnownEndpoint) -> bool:
        return known.id in self._running or self._listener(known) is not None

    def _listener(self, known: KnownEndpoint) -> Listener | None:
        registered = self._parts.adapters.get(known.adapter_name)
        return None if registered is None or not registered.listener else registered.listener(known.adapter)

    async def _renew(self, wanted: Mapping[UUID, KnownEndpoint]) -> None:
        """Take what is free, keep what is ours. Counted from before the database was asked."""
        until = self._clock.monotonic() + self._lease_seconds
        places = [(known.tenant_id, known.id) for known in wanted.values()]
        try:
            async with self._database.transaction() as session:
                lasts = timedelta(seconds=self._lease_seconds)
                held = await EndpointLease.take(session, places, self._owner, lasts)
        except Exception as error:  # the outer shell: what is held is held until it ends
            log.warning("leases of listeners not renewed", error=repr(error)[:200])
            return
        for endpoint_id, one in self._running.items():
            one.until = until if endpoint_id in held else 0.0
        for endpoint_id in held - self._running.keys():
            listener = self._listener(wanted[endpoint_id])
            assert listener is not None, "only such are wanted"
            self._running[endpoint_id] = _Running(
                self._parts, wanted[endpoint_id], listener, self._owner, until
            )

    async def _release(self, endpoint_ids: Sequence[UUID]) -> None:
        if not endpoint_ids:
            return
        try:
            async with self._database.transaction() as session:
                await EndpointLease.release(session, endpoint_ids, self._owner)
        except Exception as error:  # the outer shell: the database went first; the leases end by themselves
            log.warning("leases of listeners not released", error=repr(error)[:200])

    async def _stop(self, endpoint_ids: Sequence[UUID]) -> None:
        tasks = [self._running.pop(endpoint_id).task for endpoint_id in endpoint_ids]
        for task in tasks:
            task.cancel()
        if tasks:
            _, hanging = await asyncio.wait(tasks, timeout=STOP_SECONDS)
            for task in hanging:
                log.error("a listener does not stop", listener=task.get_name())


class _Running:
    """A listener at work, and the `ListenerDoor` that it is given. `until` by the monotonic clock."""

    def __init__(
        self, parts: Parts, known: KnownEndpoint, listener: Listener, owner: UUID, until: float
    ) -> None:
        self._parts, self._database, self._clock = parts, parts.database, parts.clock
        self._known, self._listener, self._owner, self.until = known, listener, owner, until
        self._random = random.Random()  # noqa: S311 - spreads retries, guards nothing
        self.task = asyncio.create_task(self._keep_listening(), name=f"listener of {known.key}")

    def fits(self, wanted: KnownEndpoint | None, now: float) -> bool:
        """Whether it is ours, and set up as it was."""
        return wanted is not None and wanted.version == self._known.version and now < self.until

    # ---- the door ----

    @property
    def allowed(self) -> Sequence[Network]:
        tenant = self._parts.endpoints.tenant(self._known.tenant_id)
        return () if tenant is None else tenant.outbound_allow

    async def publish(self, events: Sequence[InboundEvent]) -> None:
        """Raises LeaseLost, Unavailable."""
        self._check()
        now = self._clock.now()
        await self._parts.bus.publish([self._known.envelope(event, now) for event in events])

    async def state(self) -> Mapping[str, Any]:
        async with self._database.read() as session:
            row = await EndpointState.find(session, self._known.id, STATE)
        if row is None or row.value is None:
            return {}
        state: Mapping[str, Any] = orjson.loads(self._parts.cipher.open(self._known.tenant_id, row.value))
        return state

    async def remember(self, state: Mapping[str, Any]) -> None:
        """Raises LeaseLost: another's cursor is never put back."""
        sealed = self._parts.cipher.seal(self._known.tenant_id, orjson.dumps(state))
        async with self._database.transaction() as session:
            if not await EndpointLease.is_held(session, self._known.id, self._owner):
                raise LeaseLost
            await EndpointState.put(session, self._known.tenant_id, self._known.id, STATE, sealed)

    async def store(self, content: bytes) -> str:
        return await self._parts.blobs.put(self._known.tenant_id, content)

    def _check(self) -> None:
        if self._clock.monotonic() >= self.until:
            raise LeaseLost

    # ---- keeping at it ----

    async def _keep_listening(self) -> None:
        failures = 0
        while True:
            began = self._clock.monotonic()
            telling = asyncio.create_task(self._tell_well(), name="listener is well")
            try:
                await self._listener.listen(self)
                error = "it has stopped by itself"
            except Exception as raised:  # the outer shell: the platform may be back soon
                error = f"{type(raised).__name__}: {raised}"[:500]
            finally:
                telling.cancel()
            failures = 1 if self._clock.monotonic() - began > WELL_SECONDS else failures + 1
            log.warning("listener ended", endpoint=self._known.key, error=error, failures=failures)
            await self._tell(error)
            await self._clock.sleep(rest_seconds(failures, self._listener.rest_max_seconds, self._random))

    async def _tell_well(self) -> None:
        """Whoever has listened for a moment is well again."""
        await self._clock.sleep(WELL_AFTER_SECONDS)
        await self._tell(None)

    async def _tell(self, error: str | None) -> None:
        try:
            async with self._database.transaction() as session:
                await EndpointLease.tell(session, self._known.id, self._owner, error)
        except Exception as away:  # the outer shell: it is in the log as well
            log.warning("state of a listener not kept", endpoint=self._known.key, error=repr(away)[:200])


def rest_seconds(failures: int, most: float, chance: random.Random) -> float:
    """Twice as long after each failure, up to `most`; half of it by chance, so that not all come at once."""
    doubled: float = WAIT_FIRST_SECONDS * 2 ** min(failures - 1, 16)
    return min(doubled, most) * chance.uniform(0.5, 1.0)
