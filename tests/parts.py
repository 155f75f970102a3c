"""The parts of an api for tests: a real database, a log that remembers, blobs in memory, tenants alike."""

import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import orjson

from app.access import AccessTokens, AgentPrincipal
from app.blobs import open_blobs
from app.bus.log import PostgresSource
from app.bus.signals import Signals
from app.bus.tail import Tail
from app.chat_hub import ChatHub
from app.clock import SystemClock, new_id
from app.container import Container, chatter_throttle, rubbish_throttle
from app.database import API_ROLE, Database
from app.doors.pressure import Pressure
from app.ended_sessions import EndedSessions
from app.endpoints import Endpoints
from app.errors import Unavailable
from app.events import Envelope, Stream
from app.file_links import FileLinks
from app.main import create_app
from app.notifications import Notifications
from app.outbound import outbound_client
from app.security import Cipher, InstallationKey, Passwords
from app.settings import Settings
from app.setup.model import Document
from app.setup.policy import policy_document
from app.setup.service import published_policy
from interactions.agents.leases import Leases
from interactions.agents.watching import places_of
from interactions.life.pace import PaceBook
from interactions.life.policies import PolicyBook
from models import Agent, Endpoint, Policy, Queue, Team, Tenant

PASSWORD = "correct horse battery staple"
# Argon2id of PASSWORD with the least work: one as the product makes it costs 150 ms, at every sign-in again.
PASSWORD_HASH = (
    "$argon2id$v=19$m=8,t=1,p=1$byxY14RKFDckIsoJkHHlHA$iIz872r8Rntd2S7b9xRE6DEvfYRiadNZN4bzAVOgbwI"
)
SETUP: dict[str, Any] = {
    "skills": ["billing"],
    "break_codes": ["lunch"],
    "tiers": [{"key": "platinum", "head_start_seconds": 600}, {"key": "standard", "default": True}],
    "teams": [{"key": "support"}],
    "queues": [{"key": "billing", "teams": [{"key": "support"}]}],
}
ROLES = {"li": ["agent"], "han": ["supervisor"], "wang": ["admin"]}


class MemoryLog:
    """Keeps what is published, or refuses it (`away`). What transactions append is read from the database."""

    def __init__(self, database: Database) -> None:
        self._database, self._signals = database, Signals(database)
        database.wake = self._signals.wake
        self.published: list[Envelope] = []
        self.away = False

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        if self.away:
            raise Unavailable(retry_after_seconds=2)
        self.published.extend(envelopes)

    def feed(self, consumer: str, stream: Any) -> Any:
        raise NotImplementedError("nothing consumes a MemoryLog")

    def source(self, stream: Stream) -> PostgresSource:
        return PostgresSource(self._database, self._signals, stream)


@dataclass
class SeededTenant:
    """Both tenants of a test hold the same keys; only ids differ."""

    id: UUID
    key: str
    agents: dict[str, Agent]
    endpoints: dict[str, Endpoint]
    tokens: dict[str, str] = field(default_factory=dict)

    def bearer(self, agent: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.tokens[agent]}"}


CTI_SECRET = "whsec_" + base64.b64encode(b"a secret of the telephony platform").decode()
ENDPOINTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "hotline": ("cti", "voice", {"secret": CTI_SECRET, "command_url": None}),
    "site-chat": ("chat", "chat", {"allowed_origins": ["https://shop.example"]}),
    "contact-form": ("form", "task", {}),
}


@asynccontextmanager
async def open_test_container(url: str, folder: Path, **changed: Any) -> AsyncIterator[Container]:
    """A container as the api has, but with a MemoryLog and no loops running."""
    settings = Settings(data_dir=folder, database_url=url, **changed)
    key, clock = InstallationKey.load(settings), SystemClock()
    async with AsyncExitStack() as stack:
        database = Database(url, API_ROLE, pool_size=8)
        stack.push_async_callback(database.close)
        passwords, cipher = Passwords(), Cipher(key)
        stack.callback(passwords.close)
        notifications, bus = Notifications(database), MemoryLog(database)
        ended_sessions = EndedSessions(database, notifications, clock)
        tail, policies = Tail(bus.source(Stream.ACTIVITY), places_of), PolicyBook()
        paces = PaceBook(policies, clock)
        container = Container(
            settings=settings,
            clock=clock,
            key=key,
            cipher=cipher,
            passwords=passwords,
            tokens=AccessTokens(key.derive("access tokens"), clock, ended_sessions),
            ended_sessions=ended_sessions,
            database=database,
            notifications=notifications,
            endpoints=Endpoints(database, cipher, notifications),
            bus=bus,
            blobs=open_blobs(settings, cipher),
            file_links=FileLinks(key.derive("file addresses"), settings.public_url, clock),
            http=await stack.enter_async_context(outbound_client()),
            tail=tail,
            pressure=Pressure(settings),
            leases=Leases(database, clock, settings),
            chats=ChatHub(database, policies, paces, tail, notifications, clock),
            rubbish=rubbish_throttle(clock),
            chatter=chatter_throttle(clock),
            policies=policies,
            paces=paces,
        )
        stack.push_async_callback(container.end_loops)
        yield container


async def seed(container: Container, key: str) -> SeededTenant:
    """A tenant with an agent (li), a supervisor (han), an admin (wang), a queue, a team, endpoints."""
    tenant_id = new_id()
    secret = container.cipher.new_secret(tenant_id)
    agents = {name: _agent(tenant_id, name, roles) for name, roles in ROLES.items()}
    endpoints = {name: _endpoint(container.cipher, tenant_id, name) for name in ENDPOINTS}
    async with container.database.transaction(tenant_id) as session:
        session.add(Tenant(id=tenant_id, key=key, name=key.title(), secret=secret))
        await session.flush()
        session.add_all([*agents.values(), *endpoints.values()])
        session.add(Queue(tenant_id=tenant_id, key="billing", name="Billing"))
        session.add(Team(tenant_id=tenant_id, key="support", name="Support"))
        session.add(Policy(tenant_id=tenant_id, version=1, document=_policy(), digest=""))
    await container.endpoints.refresh()
    tokens = {name: container.tokens.issue(_principal(agent)) for name, agent in agents.items()}
    return SeededTenant(tenant_id, key, agents, endpoints, tokens)


def _policy() -> dict[str, Any]:
    document = Document.model_validate(SETUP)
    return published_policy(policy_document(document), document)


def client_of(container: Container) -> httpx.AsyncClient:
    """A client of a whole app over `container`."""
    transport = httpx.ASGITransport(create_app(container), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="https://touchpoint.test")


def _agent(tenant_id: UUID, name: str, roles: list[str]) -> Agent:
    return Agent(
        id=new_id(),
        tenant_id=tenant_id,
        email=f"{name}@example.test",
        name=name.title(),
        password_hash=PASSWORD_HASH,
        roles=roles,
        teams=["support"],
        channels=["voice", "chat", "email", "task"],
        skills={"billing": 5},
    )


def _endpoint(cipher: Cipher, tenant_id: UUID, key: str) -> Endpoint:
    adapter, channel, config = ENDPOINTS[key]
    return Endpoint(
        id=new_id(),
        tenant_id=tenant_id,
        key=key,
        adapter=adapter,
        channel=channel,
        queue="billing",
        config=cipher.seal(tenant_id, orjson.dumps(config)),
    )


def _principal(agent: Agent) -> AgentPrincipal:
    return AgentPrincipal(
        tenant_id=agent.tenant_id,
        id=agent.id,
        email=agent.email,
        name=agent.name,
        roles=tuple(agent.roles),
        session_id=new_id(),
        expires_at=SystemClock().now() + timedelta(seconds=600),
    )
