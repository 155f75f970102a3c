"""The directory of tenants and endpoints in memory, so that doors verify and accept without the database.

Read again when `apply` says so (NOTIFY) and every 30 s; while the database is away the last one known stands.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

import orjson
import structlog
from pydantic import ValidationError

from app import outbound
from app.bus.envelopes import from_endpoint
from app.database import Database
from app.events import Envelope, InboundEvent
from app.hiding.identity_numbers import Kind
from app.hiding.rules import BY_DEFAULT, Handling, Hiding, IdentityRule, Seal
from app.notifications import SETUP_CHANGED, Notifications
from app.security import CannotOpen, Cipher, UnknownTenantKey
from channels import registry
from channels.abilities import Answers, Challenged
from channels.base import ChannelAdapter
from models.endpoint import Endpoint
from models.tenant import Tenant

log = structlog.get_logger()

REFRESH_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class KnownTenant:
    """`outbound_allow`: networks that requests of this tenant may reach besides public ones."""

    id: UUID
    key: str
    name: str
    time_zone: str
    languages: tuple[str, ...]
    outbound_allow: tuple[outbound.Network, ...]


@dataclass(frozen=True, slots=True)
class KnownEndpoint:
    """`address` is its public one where it has one (mailbox, number). `config` may hold secrets. `answers`,
    `challenged`: the adapter where it can that; asking it for each request would be slow. `seal` with the
    tenant's key."""

    id: UUID
    tenant_id: UUID
    key: str
    adapter_name: str
    channel: str
    queue: str
    address: str | None
    version: int
    adapter: ChannelAdapter = field(repr=False)
    config: Mapping[str, Any] = field(repr=False)
    seal: Seal = field(repr=False)
    identity_rule: IdentityRule = BY_DEFAULT
    answers: Answers | None = field(default=None, repr=False)
    challenged: Challenged | None = field(default=None, repr=False)

    def hiding(self) -> Hiding:
        """For one touch."""
        return Hiding(self.identity_rule, self.seal)

    def envelope(self, event: InboundEvent, at: datetime) -> Envelope:
        """What it told, as it may stand in the log; `at`: when it reached us."""
        return from_endpoint(self.tenant_id, self.id, self.hiding().event(event), at)


class Endpoints:
    """`get`, `by_address` and `tenant` never wait. Below `public_url` platforms reach us."""

    def __init__(
        self,
        database: Database,
        cipher: Cipher,
        notifications: Notifications,
        public_url: str | None = None,
    ) -> None:
        self._database, self._cipher, self.public_url = database, cipher, public_url
        self._tenants: dict[UUID, KnownTenant] = {}
        self._endpoints: dict[UUID, KnownEndpoint] = {}
        self._wake = asyncio.Event()
        self._reading = asyncio.Lock()
        notifications.hear(SETUP_CHANGED, lambda _payload: self._wake.set())

    def get(self, endpoint_id: UUID) -> KnownEndpoint | None:
        return self._endpoints.get(endpoint_id)

    def tenant(self, tenant_id: UUID) -> KnownTenant | None:
        return self._tenants.get(tenant_id)

    def hiding(self, tenant_id: UUID, endpoint_id: UUID | None) -> Hiding:
        """For a touch of this endpoint, or of none. Where that is not known (any more), numbers are
        encrypted."""
        known = None if endpoint_id is None else self.get(endpoint_id)
        return Hiding(BY_DEFAULT, partial(self._cipher.seal, tenant_id)) if known is None else known.hiding()

    def all(self) -> Iterable[KnownEndpoint]:
        return self._endpoints.values()

    def tenants(self) -> Iterable[KnownTenant]:
        return self._tenants.values()

    def by_key(self, tenant_id: UUID, key: str) -> KnownEndpoint | None:
        return next((e for e in self.all() if (e.tenant_id, e.key) == (tenant_id, key)), None)

    def by_address(self, adapter_name: str, address: str) -> list[KnownEndpoint]:
        """Endpoints of that adapter with this public address, letters' case aside."""
        wanted = address.lower()
        return [
            e for e in self.all() if e.adapter_name == adapter_name and (e.address or "").lower() == wanted
        ]

    async def refresh(self) -> None:
        """Read what is set up now; only what has another version is built anew."""
        async with self._reading:
            async with self._database.read() as session:
                tenants, endpoints = await Tenant.all(session), await Endpoint.all(session)
            for tenant in tenants:
                self._learn(tenant)
            self._tenants = {tenant.id: _known_tenant(tenant) for tenant in tenants}
            found = [self._same(row) or self._build(row) for row in endpoints]
            self._endpoints = {endpoint.id: endpoint for endpoint in found if endpoint is not None}

    async def run(self) -> None:
        """Keep it fresh until cancelled."""
        while True:
            try:
                async with asyncio.timeout(REFRESH_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            try:
                await self.refresh()
            except Exception as error:  # the outer shell: the next round is another chance
                log.warning("set-up not read; the last one known stands", error=repr(error)[:200])

    def _learn(self, tenant: Tenant) -> None:
        if self._cipher.knows(tenant.id):
            return
        try:
            self._cipher.learn(tenant.id, tenant.secret)
        except CannotOpen:
            log.error("the installation's key does not open this tenant's secrets", tenant=tenant.key)

    def _same(self, row: Endpoint) -> KnownEndpoint | None:
        known = self._endpoints.get(row.id)
        return known if known is not None and known.version == row.version else None

    def _build(self, row: Endpoint) -> KnownEndpoint | None:
        try:
            config = orjson.loads(self._cipher.open(row.tenant_id, row.config))
            adapter = registry.build(
                row.adapter,
                config,
                reply_secret=self._cipher.reply_secret,
                webhook_url=self._webhook_url(row),
            )
        except (CannotOpen, UnknownTenantKey, ValidationError, KeyError) as error:
            log.error("endpoint left out", endpoint=str(row.id), key=row.key, error=type(error).__name__)
            return None
        return KnownEndpoint(
            id=row.id,
            tenant_id=row.tenant_id,
            key=row.key,
            adapter_name=row.adapter,
            channel=row.channel,
            queue=row.queue,
            address=row.address,
            version=row.version,
            adapter=adapter,
            config=config,
            seal=partial(self._cipher.seal, row.tenant_id),
            identity_rule=IdentityRule(
                Handling(row.identity_numbers), tuple(Kind(kind) for kind in row.identity_number_kinds)
            ),
            answers=adapter if isinstance(adapter, Answers) else None,
            challenged=adapter if isinstance(adapter, Challenged) else None,
        )

    def _webhook_url(self, row: Endpoint) -> str | None:
        return None if self.public_url is None else f"{self.public_url.rstrip('/')}/webhooks/{row.id}"


def _known_tenant(tenant: Tenant) -> KnownTenant:
    return KnownTenant(
        id=tenant.id,
        key=tenant.key,
        name=tenant.name,
        time_zone=tenant.time_zone,
        languages=tuple(tenant.languages),
        outbound_allow=outbound.networks(tenant.outbound_allow),
    )
