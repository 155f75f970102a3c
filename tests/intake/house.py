"""A contact center's front door for tests: one tenant with a mailbox, a chat, a form and a phone; batches go
through the real consumer on a real database."""

import hashlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import event, select, text

from app.clock import SystemClock, new_id
from app.database import API_ROLE, WORKER_ROLE, Database
from app.events import Address, Envelope, InboundEvent, MailReceived, MessageReceived, dumps
from app.hiding.rules import BY_DEFAULT, Hiding
from app.setup.model import Document
from app.setup.policy import policy_document
from app.setup.service import published_policy
from channels.base import ChannelAdapter
from channels.chat import ChatAdapter, ChatConfig
from channels.email import EmailAdapter, EmailConfig
from channels.email.parser import MailParser
from insights.queue_metrics import Dialect, Interval, QueueMetrics, Scope
from interactions.intake.intake import Intake
from interactions.intake.mail_reader import MailReader
from interactions.life.desk import Desk, database_now
from interactions.life.pace import PaceBook
from interactions.life.policies import PolicyBook
from models import Agent, Endpoint, Interaction, Policy, Queue, Tenant, Visitor

SETUP: dict[str, Any] = {
    "tiers": [{"key": "platinum"}, {"key": "standard", "default": True}],
    "calendars": [{"key": "never", "weekly": {}}, {"key": "always", "weekly": {"mon-sun": ["00:00-24:00"]}}],
    "teams": [{"key": "support"}],
    "queues": [
        {"key": "billing", "teams": [{"key": "support"}]},
        {"key": "sales", "teams": [{"key": "support"}]},
        {"key": "night", "hours": "never", "closed": {"announcement": "We are closed."}},
        {"key": "moved", "hours": "never", "closed": {"queue": "sales"}},
        {
            "key": "empty",
            "teams": [{"key": "support"}],
            "nobody_signed_in": {"auto_reply": "Nobody is here."},
        },
        {
            "key": "small",
            "teams": [{"key": "support"}],
            "full": {"max_waiting": 2, "announcement": "All lines are busy."},
        },
        {
            "key": "evening",
            "hours": "never",
            "drain_seconds": 600,
            "closed": {"announcement": "Good night."},
        },
        {
            "key": "patient",
            "hours": "never",
            "drain_seconds": 600,
            "closed": {"announcement": "We call you.", "callback": True},
        },
        {
            "key": "popular",
            "teams": [{"key": "support"}],
            "full": {"max_waiting": 0, "announcement": "We call you.", "callback": True},
        },
        {"key": "late", "hours": "never", "drain_seconds": 600, "closed": {"queue": "sales"}},
        {"key": "day", "hours": "always", "drain_seconds": 0, "closed": {"announcement": "Never said."}},
    ],
}
MAILBOX = EmailConfig.model_validate(
    {
        "address": "support@acme.test",
        "smtp": {"host": "127.0.0.1", "port": 25},
        "reply_secret": "a secret that signs the reply tokens",
    }
)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class MemoryBlobs:
    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def put(self, tenant_id: UUID, content: bytes) -> str:
        name = hashlib.sha256(content).hexdigest()
        self.kept[name] = content
        return name

    async def get(self, tenant_id: UUID, sha256: str) -> bytes:
        return self.kept[sha256]


class PlainSealer:
    def seal(self, tenant_id: UUID, plain: bytes) -> bytes:
        return b"sealed:" + plain


@dataclass
class KnownAdapter:
    adapter: ChannelAdapter


@dataclass
class House:
    """`api` acts as the api process does, `worker` as the worker. `endpoints` by key."""

    api: Database
    worker: Database
    tenant_id: UUID
    endpoints: dict[str, Endpoint]
    intake: Intake
    blobs: MemoryBlobs
    adapters: Mapping[UUID, KnownAdapter]
    policies: PolicyBook
    agent: Agent
    statements: list[str] = field(default_factory=list)

    def get(self, endpoint_id: UUID) -> KnownAdapter | None:
        return self.adapters.get(endpoint_id)

    def hiding(self, tenant_id: UUID, endpoint_id: UUID | None) -> Hiding:
        return Hiding(BY_DEFAULT, partial(PlainSealer().seal, tenant_id))

    def envelope(self, endpoint: str, fact: InboundEvent, at: datetime | None = None) -> Envelope:
        row = self.endpoints[endpoint]
        return Envelope(
            id=new_id(),
            tenant_id=self.tenant_id,
            stream=fact.stream,
            key=fact.key(row.id),
            type=fact.type,
            at=at or datetime.now(UTC),
            data=dumps(fact),
            source=f"/endpoints/{row.id}",
        )

    async def feed(self, *envelopes: Envelope) -> None:
        """One batch, as the runner applies it."""
        prepared = await self.intake.prepare(envelopes)
        async with self.worker.transaction(self.tenant_id) as session:
            await self.intake.apply(envelopes, prepared, session)

    async def feed_one_by_one(self, envelopes: Sequence[Envelope]) -> None:
        for envelope in envelopes:
            await self.feed(envelope)

    async def mail(self, raw: bytes, *, sender: str = "wang@example.test") -> Envelope:
        event = MailReceived(
            external_id=None,
            address=Address(kind="email", value=sender),
            occurred_at=datetime.now(UTC),
            sha256=await self.blobs.put(self.tenant_id, raw),
            size=len(raw),
            envelope_from=sender,
            envelope_to=("support@acme.test",),
        )
        return self.envelope("support-mail", event)

    async def visitor(self, name: str | None = None) -> UUID:
        visitor = Visitor(
            id=new_id(),
            tenant_id=self.tenant_id,
            endpoint_id=self.endpoints["site-chat"].id,
            token_hash=new_id().hex,
            name=name,
            seen_at=NOON - timedelta(days=1),
        )
        async with self.api.transaction(self.tenant_id) as session:
            session.add(visitor)
        return visitor.id

    def said(self, visitor: UUID, text_: str, *, at: datetime | None = None, **facts: Any) -> Envelope:
        """A chat message of this visitor."""
        key = facts.pop("client_message_id", new_id().hex)
        event = MessageReceived(
            external_id=key,
            conversation=str(visitor),
            address=Address(kind="visitor", value=str(visitor)),
            occurred_at=at,
            text=text_,
            **facts,
        )
        return self.envelope("site-chat", event)

    async def publish(self, *queues: dict[str, Any], calendars: Sequence[dict[str, Any]] = ()) -> None:
        """Version 2, which knows these queues and calendars too."""
        more = {"queues": [*SETUP["queues"], *queues], "calendars": [*SETUP["calendars"], *calendars]}
        document = Document.model_validate({**SETUP, **more})
        policy = published_policy(policy_document(document), document)
        async with self.api.transaction(self.tenant_id) as session:
            session.add(Policy(tenant_id=self.tenant_id, version=2, document=policy, digest="2"))

    async def hand_over(self, *, park: bool = False) -> None:
        """Everything that waits is in our agent's hands, or parked with them."""
        async with self.api.transaction(self.tenant_id) as session:
            waiting = await session.scalars(select(Interaction.id).where(Interaction.state == "queued"))
            desk = await Desk.open(session, self.tenant_id, waiting.all(), [self.agent.id])
            for work in desk.works.values():
                work.take(desk.agents[self.agent.id], 20)
                if park:
                    work.park(None)
            await desk.save()

    async def outbound(self) -> UUID:
        """A chat message of ours, on its way."""
        visitor = await self.visitor()
        await self.feed(self.said(visitor, "hello"))
        touch_id = new_id()
        await self.execute(
            "INSERT INTO touch (tenant_id, id, interaction_id, address_id, endpoint_id, at, direction, kind, "
            "channel, text, payload, attachments, author, delivery_state, delivery_hops, version, "
            "provider_id) "
            "SELECT tenant_id, :id, id, address_id, endpoint_id, clock_timestamp(), 'outbound', 'message', "
            "channel, 'hi', '{}', '[]', '{}', 'pending', '[]', 1, :provider_id "
            "FROM interaction WHERE conversation = :visitor",
            id=touch_id,
            provider_id=str(touch_id),
            visitor=str(visitor),
        )
        return touch_id

    async def figures(self, queue: str) -> dict[str, Any]:
        """What the queue's figures of the last day say."""
        async with self.api.read(self.tenant_id) as session:
            now = await database_now(session)
            metrics = QueueMetrics(
                session, self.policies, PaceBook(self.policies, SystemClock()), self.tenant_id, now
            )
            day = Interval(now - timedelta(days=1), now + timedelta(seconds=1))
            report = await metrics.report(day, Scope(), Dialect())
        [found] = [item for item in report["items"] if item["queue"] == queue]
        return dict(found)

    async def rows(self, query: str, **values: Any) -> list[dict[str, Any]]:
        async with self.worker.transaction(self.tenant_id) as session:
            return [dict(row) for row in (await session.execute(text(query), values)).mappings()]

    async def value(self, query: str, **values: Any) -> Any:
        (row,) = await self.rows(query, **values)
        (value,) = row.values()
        return value

    async def execute(self, statement: str, **values: Any) -> None:
        async with self.worker.transaction(self.tenant_id) as session:
            await session.execute(text(statement), values)


Opened = Callable[[], Any]


@asynccontextmanager
async def open_house(url: str) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        api, worker = Database(url, API_ROLE, pool_size=4), Database(url, WORKER_ROLE, pool_size=4)
        stack.push_async_callback(api.close)
        stack.push_async_callback(worker.close)
        parser = await stack.enter_async_context(MailParser(processes=1))
        blobs, policies, adapters = MemoryBlobs(), PolicyBook(), dict[UUID, KnownAdapter]()
        directory = _Directory(adapters)
        reader = MailReader(blobs, parser, PlainSealer())
        intake = Intake(policies, PaceBook(policies, SystemClock()), directory, reader)
        tenant_id, endpoints, agent = await _found(api)
        adapters[endpoints["support-mail"].id] = KnownAdapter(EmailAdapter(MAILBOX))
        adapters[endpoints["site-chat"].id] = KnownAdapter(ChatAdapter(ChatConfig()))
        house = House(api, worker, tenant_id, endpoints, intake, blobs, adapters, policies, agent)
        event.listen(worker.engine.sync_engine, "before_cursor_execute", _remember(house))
        yield house


@dataclass
class _Directory:
    adapters: Mapping[UUID, KnownAdapter]
    public_url: str | None = None

    def get(self, endpoint_id: UUID) -> KnownAdapter | None:
        return self.adapters.get(endpoint_id)

    def hiding(self, tenant_id: UUID, endpoint_id: UUID | None) -> Hiding:
        return Hiding(BY_DEFAULT, partial(PlainSealer().seal, tenant_id))


def _remember(house: House) -> Callable[..., None]:
    def remember(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        house.statements.append(statement)

    return remember


async def _found(api: Database) -> tuple[UUID, dict[str, Endpoint], Agent]:
    """The company's rows."""
    tenant_id = new_id()
    document = Document.model_validate(SETUP)
    kinds = {"site-chat": "chat", "support-mail": "email", "contact-form": "form", "hotline": "cti"}
    kinds["messenger"] = "messenger"
    channels = {"chat": "chat", "email": "email", "form": "task", "cti": "voice", "messenger": "messaging"}
    endpoints = {
        key: Endpoint(
            id=new_id(),
            tenant_id=tenant_id,
            key=key,
            adapter=adapter,
            channel=channels[adapter],
            queue="billing",
            config=b"",
            controls_calls=adapter == "cti",
        )
        for key, adapter in kinds.items()
    }
    agent = Agent(id=new_id(), tenant_id=tenant_id, email="li@acme.test", name="Li", teams=["support"])
    agent.channels, agent.skills = ["voice", "chat", "email", "task"], {}
    async with api.transaction(tenant_id) as session:
        session.add(Tenant(id=tenant_id, key="acme", name="Acme", secret=b""))
        await session.flush()
        policy = published_policy(policy_document(document), document)
        session.add(Policy(tenant_id=tenant_id, version=1, document=policy, digest=""))
        session.add_all(
            [Queue(tenant_id=tenant_id, key=queue.key, name=queue.key) for queue in document.queues]
        )
        session.add_all([*endpoints.values(), agent])
    return tenant_id, endpoints, agent
