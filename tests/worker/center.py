"""A small contact center for tests of the worker: one tenant, one queue, real database, log, engine."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from app.bus.consumer import ConsumerRunner
from app.bus.log import PostgresLog
from app.clock import Clock, SystemClock, new_id
from app.database import API_ROLE, WORKER_ROLE, Database
from app.events import PARTITIONS
from app.setup.model import Document
from app.setup.policy import policy_document
from app.setup.service import published_policy
from insights.watch import Watch
from interactions.agents import presence
from interactions.life.desk import Desk
from interactions.life.pace import PaceBook
from interactions.life.policies import PolicyBook
from interactions.life.work import Work
from interactions.routed.timers import Timers
from models import Agent, Device, Endpoint, Policy, Queue, Tenant
from models.agent import AgentLease, Presence
from models.due import Limits
from models.interaction import Interaction
from models.offer import Offer, OfferState
from routing.worker import RoutingWorker
from tests.contracts.world import PlainSealer
from tests.waiting import eventually

SETUP: dict[str, Any] = {
    "tiers": [
        {"key": "platinum", "head_start_seconds": 600.0},
        {"key": "standard", "default": True},
    ],
    "break_codes": ["lunch"],
    "calendars": [{"key": "never"}],
    "teams": [{"key": "support"}],
    "queues": [
        {
            "key": "billing",
            "teams": [{"key": "support"}],
            "requirement": "billing >= 3",
            "channels": {
                "voice": {"offer_seconds": 20.0, "connect_seconds": 15.0},
                "chat": {
                    "offer_seconds": 30.0,
                    "reassign_after_seconds": 0.5,
                    "expected_handle_seconds": 60.0,
                },
                "email": {"decline": "reason_required"},
            },
            "wrap_up": {"mode": "timeboxed", "seconds": 30.0, "dispositions": ["solved"]},
        }
    ],
}


@dataclass
class Warned:
    """Remembers which silent chats were warned."""

    interactions: list[UUID] = field(default_factory=list)

    async def __call__(self, desk: Desk, work: Work) -> None:
        self.interactions.append(work.interaction.id)


@dataclass
class Told:
    """Remembers what was said to customers."""

    texts: list[tuple[UUID, str]] = field(default_factory=list)

    async def __call__(self, desk: Desk, work: Work, text: str) -> None:
        self.texts.append((work.interaction.id, text))


@dataclass
class Center:
    """`api` acts as the api process does, `worker` as the worker."""

    api: Database
    worker: Database
    log: PostgresLog
    tenant_id: UUID
    policies: PolicyBook
    voice: Endpoint
    chat: Endpoint
    agents: dict[str, Agent]
    limits: Limits = field(default_factory=Limits)
    clock: Clock = field(default_factory=SystemClock)
    warned: Warned = field(default_factory=Warned)
    told: Told = field(default_factory=Told)
    sealer: PlainSealer = field(default_factory=PlainSealer)

    def timers(self) -> Timers:
        return Timers(self.policies, PaceBook(self.policies, self.clock), self.warned, self.told, self.limits)

    def routing(self) -> RoutingWorker:
        return RoutingWorker(self.policies, self.timers(), self.watch(), self.clock)

    def watch(self) -> Watch:
        return Watch(self.policies, PaceBook(self.policies, self.clock), self.clock)

    @asynccontextmanager
    async def routed(self, routing: RoutingWorker | None = None) -> AsyncIterator[ConsumerRunner]:
        """While a worker routes."""
        runner = ConsumerRunner(self.worker, self.log, routing or self.routing(), self.sealer)
        await runner.start()
        try:
            await eventually(lambda: len(runner.partitions) == PARTITIONS)
            yield runner
        finally:
            await runner.stop()

    async def queue(self, channel: str = "chat", **facts: Any) -> UUID:
        """A customer waits."""
        endpoint = self.voice if channel == "voice" else self.chat
        async with self.api.transaction(self.tenant_id) as session:
            desk = await Desk.open(session, self.tenant_id)
            work = desk.add(self._interaction(endpoint, channel, facts))
            work.enter_queue("billing", "new")
            await desk.save()
        return work.interaction.id

    def _interaction(self, endpoint: Endpoint, channel: str, facts: dict[str, Any]) -> Interaction:
        row: dict[str, Any] = {
            "id": new_id(),
            "tenant_id": self.tenant_id,
            "channel": channel,
            "direction": "inbound",
            "endpoint_id": endpoint.id,
            "queue": "billing",
            "state": "queued",
            "version": 0,
            "relevant_version": 0,
            "tier": "standard",
            "boost_seconds": 0,
            "policy_version": 1,
            "age_us": 0,
            "entry_kind": "new",
            "cool_downs": {},
            "conversation": uuid4().hex,
        }
        return Interaction(**{**row, **facts})

    async def sign_in(self, name: str, *, lease_seconds: float = 60, socket: UUID | None = None) -> UUID:
        """A desktop's socket is open, and its agent available."""
        socket = socket or new_id()
        agent_id = self.agents[name].id
        async with self.api.transaction(self.tenant_id) as session:
            await presence.socket_opened(
                session,
                self.tenant_id,
                agent_id,
                (socket, new_id()),
                lease_seconds=lease_seconds,
                restore_seconds=300,
            )
        await self.choose(name, Presence.AVAILABLE)
        return socket

    async def choose(self, name: str, chosen: Presence, reason: str | None = None) -> None:
        async with self.api.transaction(self.tenant_id) as session:
            await presence.choose(session, self.tenant_id, self.agents[name].id, chosen, reason)

    async def close_socket(self, name: str, socket: UUID, grace_seconds: float) -> None:
        async with self.api.transaction(self.tenant_id) as session:
            await presence.socket_closed(session, self.tenant_id, self.agents[name].id, socket, grace_seconds)

    async def work(self, interaction_id: UUID, change: Any) -> None:
        """`change(work)` at a desk, saved."""
        async with self.api.transaction(self.tenant_id) as session:
            desk, work = await Desk.one(session, self.tenant_id, interaction_id)
            change(work)
            await desk.save()

    async def row(self, table: Any, row_id: UUID) -> Any:
        async with self.api.read(self.tenant_id) as session:
            return await session.get(table, row_id)

    async def agent(self, name: str) -> Agent:
        found: Agent = await self.row(Agent, self.agents[name].id)
        return found

    async def interaction(self, interaction_id: UUID) -> Interaction:
        found: Interaction = await self.row(Interaction, interaction_id)
        return found

    async def rows(self, query: Any) -> Sequence[Any]:
        async with self.api.read(self.tenant_id) as session:
            return (await session.scalars(query)).all()

    async def leases(self) -> Sequence[AgentLease]:
        return await self.rows(select(AgentLease).where(AgentLease.tenant_id == self.tenant_id))

    async def open_offers(self, interaction_id: UUID) -> Sequence[Offer]:
        return await self.rows(
            select(Offer).where(Offer.interaction_id == interaction_id, Offer.state == OfferState.OPEN)
        )

    async def offered(self, interaction_id: UUID, name: str | None = None, *, seconds: float = 15) -> Offer:
        """The open offer, once there is one (to this agent)."""

        async def probe() -> Offer | None:
            found = await self.open_offers(interaction_id)
            return next((o for o in found if name is None or o.agent_id == self.agents[name].id), None)

        offer = await eventually(probe, seconds=seconds)
        assert offer is not None
        return offer

    async def offers_made(self, interaction_id: UUID, number: int) -> Sequence[Offer]:
        """The first so many offers, whatever has become of them."""
        query = select(Offer).where(Offer.interaction_id == interaction_id).order_by(Offer.id)

        async def probe() -> Sequence[Offer]:
            found = await self.rows(query)
            return found[:number] if len(found) >= number else ()

        return await eventually(probe)

    async def settled(self, offer_id: UUID, *, seconds: float = 15) -> Offer:
        async def probe() -> Offer | None:
            offer: Offer = await self.row(Offer, offer_id)
            return offer if offer.state != OfferState.OPEN else None

        offer = await eventually(probe, seconds=seconds)
        assert offer is not None
        return offer

    async def shorten(self, offer_id: UUID) -> None:
        """The offer's deadline has passed, as far as the row says."""
        async with self.api.transaction(self.tenant_id) as session:
            offer = await Offer.fresh(session, offer_id)
            offer.deadline_at = offer.created_at + timedelta(microseconds=1)


@asynccontextmanager
async def open_center(
    url: str, limits: Limits | None = None, queue: dict[str, Any] | None = None, **offer_seconds: float
) -> AsyncIterator[Center]:
    """`queue`: what the queue `billing` says besides."""
    async with AsyncExitStack() as stack:
        api = Database(url, API_ROLE, pool_size=6)
        worker = Database(url, WORKER_ROLE, pool_size=8, idle_in_transaction_seconds=10)
        stack.push_async_callback(api.close)
        stack.push_async_callback(worker.close)
        log = PostgresLog(worker)
        await log.start()
        stack.push_async_callback(log.close)
        api.wake = log.signals.wake
        center = await _found(api, worker, log, _setup(queue or {}, offer_seconds))
        center.limits = limits or Limits(undelivered_seconds=60)
        yield center


def _setup(said: dict[str, Any], offer_seconds: dict[str, float]) -> dict[str, Any]:
    queue = {**SETUP["queues"][0], **said}
    channels = {name: dict(rules) for name, rules in queue["channels"].items()}
    for channel, seconds in offer_seconds.items():
        channels.setdefault(channel, {})["offer_seconds"] = seconds
    return {**SETUP, "queues": [{**queue, "channels": channels}]}


async def _found(api: Database, worker: Database, log: PostgresLog, setup: dict[str, Any]) -> Center:
    tenant_id = new_id()
    document = Document.model_validate(setup)
    voice = _endpoint(tenant_id, "hotline", "cti", "voice")
    chat = _endpoint(tenant_id, "site-chat", "chat", "chat")
    agents = {name: _agent(tenant_id, name) for name in ("li", "han", "wang")}
    agents["wang"].skills = {"billing": 1}
    async with api.transaction(tenant_id) as session:
        session.add(Tenant(id=tenant_id, key="acme", name="Acme", secret=b""))
        await session.flush()
        session.add_all([voice, chat, *agents.values(), Queue(tenant_id=tenant_id, key="billing", name="B")])
        await session.flush()
        session.add_all(_device(agent, voice) for agent in agents.values())
        session.add(_policy(tenant_id, document))
    return Center(api, worker, log, tenant_id, PolicyBook(), voice, chat, agents)


def _policy(tenant_id: UUID, document: Document) -> Policy:
    published = published_policy(policy_document(document), document)
    return Policy(tenant_id=tenant_id, version=1, document=published, digest="1")


def _endpoint(tenant_id: UUID, key: str, adapter: str, channel: str) -> Endpoint:
    return Endpoint(
        id=new_id(),
        tenant_id=tenant_id,
        key=key,
        adapter=adapter,
        channel=channel,
        queue="billing",
        config=b"",
    )


def _agent(tenant_id: UUID, name: str) -> Agent:
    return Agent(
        id=new_id(),
        tenant_id=tenant_id,
        email=f"{name}@acme.test",
        name=name.title(),
        roles=["agent"],
        teams=["support"],
        channels=["voice", "chat", "email"],
        skills={"billing": 5},
    )


def _device(agent: Agent, endpoint: Endpoint) -> Device:
    return Device(
        tenant_id=agent.tenant_id, agent_id=agent.id, endpoint_id=endpoint.id, address=f"sip:{agent.name}"
    )
