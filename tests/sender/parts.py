"""A sender over a real database and a transport that answers what the test says."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import SystemClock, new_id
from app.database import WORKER_ROLE, Database
from app.events import Address
from app.hiding.rules import BY_DEFAULT, Hiding
from app.outbound import Network, networks
from app.security import Cipher, InstallationKey
from channels.abilities import Media
from channels.attempt import Attempts, StoredMedia
from channels.base import MailEnvelope, OutboundMessage, WireRequest, WireResponse
from channels.cti import CtiAdapter, CtiConfig
from channels.email import EmailAdapter
from channels.sender import Sender
from channels.transport import NotReached, Transport
from models.delivery import Delivery
from tests.intake.house import MAILBOX

CTI = CtiConfig.model_validate(
    {"secret": "whsec_c2VjcmV0IG9mIHRoZSBwbGF0Zm9ybQ==", "command_url": "http://pbx.test/commands"}
)


@dataclass
class Exchange:
    request: WireRequest | MailEnvelope
    answer: asyncio.Future[WireResponse]

    def give(self, status: int, **headers: str) -> None:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answer.set_result(WireResponse(status, names))


@dataclass
class FakeTransport:
    """`open` are the exchanges under way; `always` answers each at once."""

    open: list[Exchange] = field(default_factory=list)
    all: list[Exchange] = field(default_factory=list)
    always: int | None = None
    unreachable: bool = False

    async def exchange(
        self, request: WireRequest | MailEnvelope, allowed: Sequence[Network], seconds: float
    ) -> WireResponse:
        if self.unreachable:
            raise NotReached("ConnectError")
        exchange = Exchange(request, asyncio.get_running_loop().create_future())
        self.all.append(exchange)
        if self.always is not None:
            return WireResponse(self.always)
        self.open.append(exchange)
        try:
            return await exchange.answer
        finally:
            self.open.remove(exchange)


@dataclass
class FakeDispatch:
    """Remembers outcomes and files; every delivery is a mail to wang. While it `breaks` nothing is recorded:
    as if the process ended there."""

    breaks: bool = False
    broke: int = 0
    outcomes: list[tuple[UUID, str]] = field(default_factory=list)
    provider_ids: list[str | None] = field(default_factory=list)
    files: list[tuple[str, bytes]] = field(default_factory=list)

    async def message(self, delivery: Delivery) -> OutboundMessage:
        return OutboundMessage(
            touch_id=new_id(),
            interaction_id=new_id(),
            provider_key=delivery.provider_key,
            address=Address(kind="email", value="wang@example.test"),
            text="hello",
        )

    async def sent(self, session: AsyncSession, sent: Sequence[tuple[Delivery, str | None]]) -> None:
        if self.breaks:
            self.broke += 1
            raise ConnectionError("the database is away")
        self.outcomes += [(delivery.id, "sent") for delivery, _ in sent]
        self.provider_ids += [provider_id for _, provider_id in sent]

    async def failed(self, session: AsyncSession, failed: Sequence[tuple[Delivery, str]]) -> None:
        self.outcomes += [(delivery.id, f"failed: {reason}") for delivery, reason in failed]

    async def store(self, delivery: Delivery, media: Media) -> StoredMedia:
        self.files.append((media.content_type, media.content))
        return StoredMedia("0" * 64, media.name or "file", media.content_type, len(media.content))

    async def hang(self, session: AsyncSession, delivery: Delivery, media: StoredMedia) -> None:
        self.outcomes.append((delivery.id, f"file: {media.name}"))


@dataclass
class KnownTenant:
    outbound_allow: Sequence[Network] = networks(["127.0.0.0/8"])


@dataclass
class KnownEndpoint:
    id: UUID
    adapter: Any
    version: int = 1


@dataclass
class Post:
    """`mailbox` and `pbx` are endpoints, and so is what `adapters` has; deliveries are put straight into the
    table. `wire`: another transport than the fake one."""

    database: Database
    tenant_id: UUID
    transport: FakeTransport = field(default_factory=FakeTransport)
    dispatch: FakeDispatch = field(default_factory=FakeDispatch)
    mailbox: UUID = field(default_factory=new_id)
    pbx: UUID = field(default_factory=new_id)
    cipher: Cipher = field(default_factory=lambda: Cipher(InstallationKey(bytes(32))))
    adapters: dict[UUID, Any] = field(default_factory=dict)
    wire: Transport | None = None
    version: int = 1

    def __post_init__(self) -> None:
        self.cipher.new_secret(self.tenant_id)

    def get(self, endpoint_id: UUID) -> KnownEndpoint | None:
        return next((known for known in self.all() if known.id == endpoint_id), None)

    def all(self) -> list[KnownEndpoint]:
        adapters = {self.mailbox: EmailAdapter(MAILBOX), self.pbx: CtiAdapter(CTI), **self.adapters}
        return [KnownEndpoint(key, adapter, self.version) for key, adapter in adapters.items()]

    def hiding(self, tenant_id: UUID, endpoint_id: UUID | None) -> Hiding:
        return Hiding(BY_DEFAULT, partial(self.cipher.seal, tenant_id))

    def tenant(self, tenant_id: UUID) -> KnownTenant | None:
        return KnownTenant() if tenant_id == self.tenant_id else None

    def sender(self) -> Sender:
        clock = SystemClock()
        attempts = Attempts(
            self.database, self.cipher, self, self.wire or self.transport, self.dispatch, clock
        )
        return Sender(self.database, self.cipher, attempts, self.dispatch, clock)

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[Sender]:
        sender = self.sender()
        task = asyncio.create_task(sender.run())
        try:
            yield sender
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def put(self, *, kind: str = "message", conversation: str = "c1", **facts: Any) -> UUID:
        now = datetime.now(UTC)
        lifetime = timedelta(seconds=facts.pop("expires_in", 5 if kind == "command" else 3600))
        order = {"command": "call.hold", "issued_at": now.isoformat(), "call_id": conversation}
        endpoint_id = self.pbx if kind == "command" else self.mailbox
        delivery = Delivery(
            id=new_id(),
            tenant_id=self.tenant_id,
            kind=kind,
            endpoint_id=facts.pop("endpoint_id", endpoint_id),
            conversation=conversation,
            payload=facts.pop("payload", order if kind == "command" else {}),
            provider_key=new_id().hex,
            next_attempt_at=now,
            expires_at=now + lifetime,
            **facts,
        )
        async with self.database.transaction() as session:
            session.add(delivery)
        return delivery.id

    async def row(self, delivery_id: UUID) -> dict[str, Any]:
        async with self.database.read() as session:
            found = await session.execute(text("SELECT * FROM delivery WHERE id = :id"), {"id": delivery_id})
            return dict(found.mappings().one())

    async def state(self, delivery_id: UUID) -> str:
        return str((await self.row(delivery_id))["state"])


@asynccontextmanager
async def open_post(url: str) -> AsyncIterator[Post]:
    database = Database(url, WORKER_ROLE, pool_size=6)
    tenant_id = new_id()
    async with database.transaction(tenant_id) as session:
        await session.execute(
            text(
                "INSERT INTO tenant (id, key, name, time_zone, languages, outbound_allow, secret) "
                "VALUES (:id, 'acme', 'Acme', 'UTC', '{en}', '{}', '')"
            ),
            {"id": tenant_id},
        )
    try:
        yield Post(database, tenant_id)
    finally:
        await database.close()
