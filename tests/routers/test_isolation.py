"""Two tenants with the same keys: nobody sees, changes, or can tell the existence of the other's.

Every route is called with the other tenant's ids and with ids that nobody has: the answers must not differ.
A new route joins by itself; one that takes a body has to be given a valid one here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from app.clock import new_id
from app.container import Container
from app.database import WORKER_ROLE, Database
from app.events import Address, Envelope, FormSubmitted, InboundEvent, MessageReceived, dumps
from channels.email.parser import MailParser
from interactions.intake.intake import Intake
from interactions.intake.mail_reader import MailReader
from interactions.life.desk import Desk
from models import Attachment, Visitor
from routers import all_routers
from tests.parts import SeededTenant

OPEN_DOORS = ("/chat/", "/forms/", "/v1/sessions", "/healthz", "/readyz", "/metrics", "/v1/stream")
"""Who comes in here is nobody's member; the doors have tests of their own."""


@dataclass
class Belongings:
    """Ids of one tenant, by the names that paths give them."""

    tenant: SeededTenant
    ids: dict[str, UUID] = field(default_factory=dict)


def bodies(ids: dict[str, UUID]) -> dict[str, dict[str, Any]]:
    """A valid body for each route that takes one, pointing at `ids` wherever it can point."""
    agent, customer = str(ids["agent_id"]), str(ids["customer_id"])
    message = {
        "text": "x",
        "client_message_id": "m",
        "version": 1,
        "attachments": [str(ids["attachment_id"])],
        "quotes": str(ids["touch_id"]),
    }
    return {
        "POST /v1/api-keys": {"name": "x", "scopes": ["work"]},
        "POST /v1/customers": {"name": "x", "account_team": {"account": agent}},
        "PATCH /v1/customers/{customer_id}": {"name": "taken over", "account_team": {"account": agent}},
        "POST /v1/customers/{customer_id}/addresses": {"kind": "phone", "value": "+8613900139000"},
        "POST /v1/interactions": {
            "channel": "voice",
            "endpoint": "hotline",
            "address": {"kind": "phone", "value": "+8613900139000"},
            "customer_id": customer,
            "purpose": "x",
        },
        "POST /v1/interactions/{interaction_id}/consult": {"to": {"agent": agent}},
        "POST /v1/interactions/{interaction_id}/digits": {"digits": "1"},
        "POST /v1/interactions/{interaction_id}/transfer": {"to": {"agent": agent}},
        "POST /v1/interactions/{interaction_id}/park": {},
        "POST /v1/interactions/{interaction_id}/wrap-up": {"disposition": "solved"},
        "POST /v1/interactions/{interaction_id}/messages": message,
        "POST /v1/interactions/{interaction_id}/notes": {"text": "x"},
        "POST /v1/interactions/{interaction_id}/read": {"touch_id": str(ids["touch_id"])},
        "PUT /v1/interactions/{interaction_id}/customer": {"customer_id": customer},
        "POST /v1/interactions/{interaction_id}/reassign": {"agent": agent},
        "POST /v1/interactions/{interaction_id}/prioritise": {"boost_seconds": 60},
        "POST /v1/interactions/{interaction_id}/force-close": {},
        "POST /v1/offers/{offer_id}/decline": {"reason": "x"},
        "POST /v1/interactions/{interaction_id}/callback": {},
        "POST /v1/touches/{touch_id}/reveal": {"reason": "x"},
        "POST /v1/tasks": {"queue": "billing", "title": "x", "text": "x", "customer_id": customer},
        "PUT /v1/queues/{key}/closure": {"reason": "x"},
        "PUT /v1/me/presence": {"status": "break", "reason_code": "lunch"},
        "PUT /v1/me/device": {"endpoint": str(ids["endpoint_id"]), "address": "sip:1"},
        "PATCH /v1/agents/{key}": {"skills": {"billing": 1}},
        "PUT /v1/agents/{key}/presence": {"status": "break", "reason_code": "lunch"},
    }


def routes() -> list[tuple[str, str, bool]]:
    """(method, path, takes a JSON body), the reading ones first: a writing one changes what they find."""
    found = []
    for router in all_routers():
        for route in router.routes:
            for method in sorted(getattr(route, "methods", None) or ()):
                if not route.path.startswith(OPEN_DOORS) and route.path != "/v1/attachments":
                    found.append((method, route.path, route.body_field is not None))
    return sorted(found, key=lambda entry: entry[0] != "GET")


async def furnish(container: Container, worker: Database, tenant: SeededTenant) -> Belongings:
    """A form that rings at li's desk, and a chat in their hands with a file; both came through intake."""
    visitor = Visitor(
        id=new_id(),
        tenant_id=tenant.id,
        endpoint_id=tenant.endpoints["site-chat"].id,
        token_hash=new_id().hex,
        seen_at=datetime.now(UTC),
    )
    file = Attachment(
        id=new_id(),
        tenant_id=tenant.id,
        owner=f"visitor/{visitor.id}",
        name="secret.png",
        content_type="image/png",
        size=3,
        sha256=await container.blobs.put(tenant.id, b"png"),
    )
    async with container.database.transaction(tenant.id) as session:
        session.add_all([visitor, file])
    who = {"conversation": str(visitor.id), "address": Address(kind="visitor", value=str(visitor.id))}
    sent = {"id": file.id, "name": file.name, "content_type": file.content_type, "size": file.size}
    said = MessageReceived(external_id="1", text=f"words of {tenant.key}", attachments=(sent,), **who)  # type: ignore[arg-type]
    phone = "+8613800138000"
    form = FormSubmitted(
        external_id="REF", subject="S", text="T", phone=phone, address=Address(kind="phone", value=phone)
    )
    await take_in(container, worker, tenant, ("site-chat", said), ("contact-form", form))
    return await hand_out(container, tenant, file.id)


async def take_in(
    container: Container, worker: Database, tenant: SeededTenant, *events: tuple[str, InboundEvent]
) -> None:
    async with MailParser() as parser:
        reader = MailReader(container.blobs, parser, container.cipher)
        intake = Intake(container.policies, container.paces, container.endpoints, reader)
        batch = [_envelope(tenant, key, event) for key, event in events]
        async with worker.transaction(tenant.id) as session:
            await intake.apply(batch, [None] * len(batch), session)


def _envelope(tenant: SeededTenant, endpoint: str, event: InboundEvent) -> Envelope:
    row = tenant.endpoints[endpoint]
    return Envelope(
        id=new_id(),
        tenant_id=tenant.id,
        stream=event.stream,
        key=event.key(row.id),
        type=event.type,
        at=datetime.now(UTC),
        data=dumps(event),
        source=f"/endpoints/{row.id}",
    )


async def hand_out(container: Container, tenant: SeededTenant, file_id: UUID) -> Belongings:
    """The chat is in li's hands, the form rings at their desk."""
    async with container.database.transaction(tenant.id) as session:
        rows = (await session.execute(text("SELECT id, channel FROM interaction ORDER BY channel"))).all()
        chat, form = (row.id for row in rows)
        li = tenant.agents["li"].id
        desk = await Desk.open(session, tenant.id, [chat, form], [li])
        desk.works[chat].take(desk.agents[li], 33)
        deadline = desk.now + timedelta(minutes=5)
        offer = desk.works[form].offer_to(desk.agents[li], 20, deadline, leg_id=new_id(), offer_id=new_id())
        await desk.save()
        ids = {"interaction_id": chat, "offer_id": offer.id, "attachment_id": file_id, "agent_id": li}
        for name, query in {
            "customer_id": "SELECT id FROM customer ORDER BY id LIMIT 1",
            "address_id": "SELECT id FROM address ORDER BY id LIMIT 1",
            "key": "SELECT id FROM queue LIMIT 1",
            "touch_id": "SELECT id FROM touch WHERE channel = 'chat'",
        }.items():
            ids[name] = (await session.execute(text(query))).scalar_one()
    ids["endpoint_id"] = tenant.endpoints["hotline"].id
    return Belongings(tenant, ids)


@dataclass
class World:
    client: httpx.AsyncClient
    owner: Database
    acme: Belongings
    other: Belongings

    async def call(self, method: str, path: str, ids: dict[str, UUID], who: str) -> tuple[int, str]:
        """Other's `who` calls with `ids`; what comes back, without the ids that were asked for."""
        url = re.sub(r"\{(\w+)\}", lambda match: str(ids.get(match[1], "") or uuid4()), path)
        body = bodies(ids).get(f"{method} {path}")
        answer = await self.client.request(method, url, json=body, headers=self.other.tenant.bearer(who))
        shown = answer.text
        for id_ in ids.values():
            shown = shown.replace(str(id_), "<asked for>")
        return answer.status_code, shown

    async def fingerprint(self, tenant_id: UUID) -> dict[str, str]:
        """Of every row of a tenant, by table."""
        async with self.owner.read() as session:
            tables = await session.scalars(
                text(
                    "SELECT table_name FROM information_schema.columns "
                    "WHERE column_name = 'tenant_id' AND table_schema = 'public'"
                )
            )
            return {
                table: str(
                    await session.scalar(
                        text(
                            f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t "
                            "WHERE tenant_id = :id"
                        ),
                        {"id": tenant_id},
                    )
                )
                for table in tables.all()
            }

    async def all_ids(self, tenant_id: UUID) -> set[str]:
        async with self.owner.read() as session:
            tables = [
                "agent",
                "interaction",
                "customer",
                "address",
                "touch",
                "offer",
                "leg",
                "queue",
                "endpoint",
            ]
            found: set[str] = {str(tenant_id)}
            for table in tables:
                query = text(f"SELECT id::text FROM {table} WHERE tenant_id = :id")
                found |= set((await session.scalars(query, {"id": tenant_id})).all())
        return found


@pytest.fixture
async def world(
    container: Container,
    client: httpx.AsyncClient,
    database_url: str,
    acme: SeededTenant,
    other: SeededTenant,
) -> World:
    worker = Database(database_url, WORKER_ROLE, pooled=False)
    both = [await furnish(container, worker, tenant) for tenant in (acme, other)]
    return World(client, Database(database_url, pooled=False), *both)


def unknown(ids: dict[str, UUID]) -> dict[str, UUID]:
    return {name: uuid4() for name in ids}


class TestEveryRoute:
    @pytest.mark.timeout(300)
    @pytest.mark.parametrize("who", ["li", "han", "wang"])
    async def test_another_tenants_ids_are_unknown_ids(self, world: World, who: str) -> None:
        before = await world.fingerprint(world.acme.tenant.id)
        for method, path, takes_body in routes():
            if "{" not in path:
                continue
            assert not takes_body or f"{method} {path}" in bodies(world.acme.ids), f"give {path} a body"
            theirs = await world.call(method, path, world.acme.ids, who)
            nobodys = await world.call(method, path, unknown(world.acme.ids), who)
            assert theirs == nobodys, f"{method} {path} by {who}"
            assert 400 <= theirs[0] < 500, f"{method} {path} by {who}: {theirs}"
        assert await world.fingerprint(world.acme.tenant.id) == before

    @pytest.mark.parametrize("who", ["li", "han", "wang"])
    async def test_own_entities_never_point_at_another_tenants(self, world: World, who: str) -> None:
        """One's own interaction in the path, the other's ids in the body."""
        before = await world.fingerprint(world.acme.tenant.id)
        for method, path, takes_body in routes():
            if not takes_body:
                continue
            mixed = {**world.acme.ids, **_own(path, world.other.ids)}
            strange = {**unknown(world.acme.ids), **_own(path, world.other.ids)}
            answers = [await world.call(method, path, ids, who) for ids in (mixed, strange)]
            assert all(status < 500 for status, _ in answers), f"{method} {path}: {answers}"
            assert not await _mixed_rows(world), f"{method} {path}: {answers}"
        assert await world.fingerprint(world.acme.tenant.id) == before

    async def test_lists_show_ones_own_alone(self, world: World) -> None:
        foreign = await world.all_ids(world.acme.tenant.id)
        for method, path, _ in routes():
            if method != "GET" or "{" in path:
                continue
            for query in ("", "?q=words", "?q=1380", "?q=%2B8613800138000", "?address=%2B8613800138000"):
                headers = world.other.tenant.bearer("wang")
                answer = await world.client.get(path + query, headers=headers)
                assert answer.status_code < 500, path
                assert not [id_ for id_ in foreign if id_ in answer.text], f"{path}{query}"
                assert "words of acme" not in answer.text

    async def test_keys_name_ones_own(self, world: World) -> None:
        """The same key in both tenants: each changes its own."""
        before = await world.fingerprint(world.acme.tenant.id)
        headers = world.other.tenant.bearer("wang")
        closure = {"reason": "alarm"}
        answer = await world.client.put("/v1/queues/billing/closure", json=closure, headers=headers)
        assert answer.status_code == 200
        wish = {"skills": {"billing": 1}}
        answer = await world.client.patch("/v1/agents/li@example.test", json=wish, headers=headers)
        assert answer.status_code == 200
        assert await world.fingerprint(world.acme.tenant.id) == before


def _own(path: str, ids: dict[str, UUID]) -> dict[str, UUID]:
    return {name: ids[name] for name in re.findall(r"\{(\w+)\}", path) if name in ids}


async def _mixed_rows(world: World) -> list[Any]:
    """Rows of one tenant that refer to rows of another: foreign keys that row-level security does not see."""
    async with world.owner.read() as session:
        return [row for query in _REFERENCES for row in (await session.execute(text(query))).all()]


def _references() -> Iterator[str]:
    for table, column, target in (
        ("interaction", "customer_id", "customer"),
        ("interaction", "picked_customer_id", "customer"),
        ("interaction", "preferred_agent_id", "agent"),
        ("leg", "agent_id", "agent"),
        ("account_team", "agent_id", "agent"),
        ("account_team", "customer_id", "customer"),
        ("device", "endpoint_id", "endpoint"),
        ("attachment", "touch_id", "touch"),
    ):
        yield (
            f"SELECT a.tenant_id FROM {table} a JOIN {target} b ON b.id = a.{column} "
            "WHERE a.tenant_id <> b.tenant_id"
        )


_REFERENCES = tuple(_references())
