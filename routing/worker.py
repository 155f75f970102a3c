"""The shell of the engines: a consumer of `routing` with one engine per tenant, rebuilt from rows when the
partition comes or a batch is rolled back, and the timers of these tenants.

Facts of a batch are one instant. The decisions change rows in the batch's own transaction, and so does the
journal that a replay runs from.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.bus.outbox import write_rows
from app.bus.port import Transaction
from app.clock import Clock
from app.errors import PoisonEvent
from app.events import (
    AgentRoutingChanged,
    Envelope,
    Event,
    PolicyPublished,
    Stream,
    WorkChanged,
    partition_of,
)
from insights.watch import Routed, Watch, Watched
from interactions.life.desk import database_now
from interactions.life.facts import instant_of, microseconds
from interactions.life.policies import PolicyBook, TenantPolicy
from interactions.life.routing_rows import snapshots
from interactions.routed.decisions import Correction, carry_out
from interactions.routed.draining import drained
from interactions.routed.timers import Timers
from models.bulk import insert_rows
from models.due import Due
from models.journal import RoutingJournal
from models.tenant import Tenant
from routing.decision import Decision
from routing.engine import Engine
from routing.events import RoutingEvent
from routing.explain import to_json as to_document
from routing.record import recorded_document
from routing.state import (
    PolicyReplaced,
    agent_from_json,
    interaction_from_json,
)

log = structlog.get_logger()

SWEEP_SECONDS: Final = 0.2
MICROSECONDS: Final = 1_000_000
REBUILT_AFTER_US: Final = 24 * 3600 * MICROSECONDS
"""An engine is built anew once a day, so that a replay of any hour begins at most a day before it."""


class RoutingClock:
    """The engine's time: the database's, carried on by the monotonic clock. Never goes back."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead_us = 0
        self._last_us = 0

    def anchor(self, database_us: int) -> None:
        self._ahead_us = database_us - int(self._clock.monotonic() * MICROSECONDS)

    def now(self) -> int:
        present = int(self._clock.monotonic() * MICROSECONDS) + self._ahead_us
        self._last_us = max(self._last_us, present)
        return self._last_us

    def monotonic_at(self, engine_us: int) -> float:
        """The second of the monotonic clock at which it will be `engine_us`."""
        return (engine_us - self._ahead_us) / MICROSECONDS


@dataclass
class Router:
    """One tenant's engine. `corrections`: what a decision was wrong about, to be told at once. `instants`
    counts what the engine has been told since it was built at `built_us`."""

    tenant_id: UUID
    engine: Engine
    policy: TenantPolicy
    built_us: int
    instants: int = -1
    watched: Watched = field(default_factory=Watched)
    corrections: list[Correction] = field(default_factory=list)


@dataclass
class Held:
    """One partition of `routing` that this process holds. A tenant without a policy has no router yet."""

    epoch: int
    clock: RoutingClock
    tenants: set[UUID] = field(default_factory=set)
    routers: dict[UUID, Router] = field(default_factory=dict)
    sweep_at: float = 0.0
    known: bool = False


class RoutingWorker:
    """Built once per worker process and given to its own `ConsumerRunner`."""

    name: ClassVar[str] = "routing"
    stream: ClassVar[Stream] = Stream.ROUTING

    def __init__(self, policies: PolicyBook, timers: Timers, watch: Watch, clock: Clock) -> None:
        self._policies, self._timers, self._watch, self._clock = policies, timers, watch, clock
        self._held: dict[int, Held] = {}

    # ---- what the runner calls

    async def prepare(self, batch: Sequence[Envelope]) -> Sequence[RoutingEvent | PolicyPublished | None]:
        return [_fact(envelope.event()) for envelope in batch]

    async def apply(
        self,
        batch: Sequence[Envelope],
        prepared: Sequence[RoutingEvent | PolicyPublished | None],
        session: AsyncSession,
    ) -> None:
        held = self._held[batch[0].partition]
        tenant_id = batch[0].tenant_id
        router = await self._router(held, session, tenant_id)
        if router is None:
            return
        events = [fact for fact in prepared if fact is not None and not isinstance(fact, PolicyPublished)]
        if any(isinstance(fact, PolicyPublished) for fact in prepared):
            events += await self._replace_policy(router, session)
        await self._route(held, router, session, events)

    async def assigned(self, partition: int, epoch: int) -> None:
        self._held[partition] = Held(epoch, RoutingClock(self._clock))

    def dropped(self, partition: int) -> None:
        self._held.pop(partition, None)

    def next_wake(self, partition: int) -> float | None:
        held = self._held.get(partition)
        if held is None:
            return None
        if not held.known or any(router.corrections for router in held.routers.values()):
            return 0.0
        if not held.tenants:
            return None
        deadlines = [router.engine.next_deadline() for router in held.routers.values()]
        due = [held.clock.monotonic_at(deadline) for deadline in deadlines if deadline is not None]
        return min([held.sweep_at, *due])

    async def tick(self, partition: int, transaction: Transaction) -> None:
        """Fire the engines' deadlines and the timers; the first time, look who is here."""
        held = self._held[partition]
        if not held.known:
            await self._get_to_know(held, partition, transaction)
        for router in list(held.routers.values()):
            if self._is_due(held, router):
                async with transaction(router.tenant_id) as session:
                    await self._route(held, router, session, [])
            if not router.corrections and self._clock.monotonic() >= router.watched.look_at:
                await self._look(held, router, transaction)
        if self._clock.monotonic() >= held.sweep_at:
            await self._sweep(held, transaction)
            held.sweep_at = self._clock.monotonic() + SWEEP_SECONDS

    # ---- engines

    async def _get_to_know(self, held: Held, partition: int, transaction: Transaction) -> None:
        async with transaction(None) as session:
            held.clock.anchor(microseconds(await database_now(session)))
            everyone = [tenant.id for tenant in await Tenant.all(session)]
        held.tenants |= {tenant for tenant in everyone if partition_of(str(tenant)) == partition}
        for tenant_id in held.tenants:
            async with transaction(tenant_id) as session:
                await self._router(held, session, tenant_id)
        held.known = True

    async def _router(self, held: Held, session: AsyncSession, tenant_id: UUID) -> Router | None:
        """The tenant's engine, rebuilt from rows if need be; None before its first policy."""
        held.tenants.add(tenant_id)
        known = held.routers.get(tenant_id)
        if known is not None and held.clock.now() < known.built_us + REBUILT_AFTER_US:
            return known
        try:
            policy = await self._policies.current(session, tenant_id)
        except LookupError:
            return None
        held.clock.anchor(microseconds(await database_now(session)))
        router = Router(tenant_id, Engine(policy.policy), policy, held.clock.now())
        await self._route(held, router, session, await snapshots(session), kind="rebuild")
        await write_rows(session)  # the batch that comes next in this transaction reads them
        held.routers[tenant_id] = router
        return router

    async def _replace_policy(self, router: Router, session: AsyncSession) -> list[RoutingEvent]:
        policy = await self._policies.current(session, router.tenant_id)
        if policy.version == router.policy.version:
            return []
        router.policy = policy
        return [PolicyReplaced(policy.policy)]

    def _is_due(self, held: Held, router: Router) -> bool:
        deadline = router.engine.next_deadline()
        return bool(router.corrections) or (deadline is not None and deadline <= held.clock.now())

    async def _route(
        self,
        held: Held,
        router: Router,
        session: AsyncSession,
        events: Sequence[RoutingEvent],
        kind: str = "batch",
    ) -> None:
        """One instant of the engine, and what it decides."""
        if router.corrections:
            kind = "lost_guard"
        told = [*router.corrections, *events]
        router.corrections = []
        now = held.clock.now()
        decisions = router.engine.apply(told, now)
        router.watched.overtakes += sum(d.kind == "offer" and router.engine.overtakes(d) for d in decisions)
        documents = {d.ordinal: _document(router.engine, d) for d in decisions if d.kind == "offer"}
        _keep(session, held, router, kind, now, told, decisions)
        router.corrections = await carry_out(session, router.tenant_id, decisions, documents, router.policy)

    # ---- timers

    async def _look(self, held: Held, router: Router, transaction: Transaction) -> None:
        routed = Routed(router.tenant_id, router.engine, router.policy.policy, held.clock.now())
        async with transaction(router.tenant_id) as session:
            told = await self._watch.look(session, router.watched, routed)
            if told:
                await self._route(held, router, session, told)

    async def _sweep(self, held: Held, transaction: Transaction) -> None:
        if not held.tenants:
            return
        now, routers = held.clock.now(), held.routers.values()
        closed = [queue for router in routers for queue in drained(router.tenant_id, router.policy, now)]
        async with transaction(None) as session:
            due = await self._timers.find(session, held.tenants, closed)
        by_tenant: dict[UUID, list[Due]] = {}
        for entry in due:
            by_tenant.setdefault(entry.tenant_id, []).append(entry)
        for tenant_id, entries in sorted(by_tenant.items()):
            async with transaction(tenant_id) as session:
                await self._timers.fire(session, tenant_id, entries)


def _fact(event: Event | None) -> RoutingEvent | PolicyPublished | None:
    """What the engine is told; None for a type that this version does not know. Raises PoisonEvent."""
    try:
        if isinstance(event, WorkChanged):
            return interaction_from_json(event.state)
        if isinstance(event, AgentRoutingChanged):
            return agent_from_json(event.state)
    except (TypeError, KeyError, ValueError) as error:
        raise PoisonEvent(f"no routing state: {error!r}") from error
    return event if isinstance(event, PolicyPublished) else None


def _document(engine: Engine, decision: Decision) -> dict[str, Any]:
    """Why this agent: kept beside the offer."""
    return {"reason": decision.reason, **to_document(engine.candidates(decision))}


def _keep(
    session: AsyncSession,
    held: Held,
    router: Router,
    kind: str,
    now: int,
    events: Sequence[RoutingEvent],
    decisions: Sequence[Decision],
) -> None:
    router.instants += 1
    row = RoutingJournal(
        tenant_id=router.tenant_id,
        epoch=held.epoch,
        kind=kind,
        now_us=now,
        document=recorded_document(router.policy.version, router.instants, events, decisions),
        decision_count=len(decisions),
        at=instant_of(now),
    )
    insert_rows(session, [row])
