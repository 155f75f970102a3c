"""Write the demo's customers, their history and a recorded yesterday into a new installation, in bulk."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import new_id
from app.database import WORKER_ROLE, Database, act_for
from customers.words import of_name, of_text
from demo.day import Day
from demo.people import PLAYED, PastTouch, Person, history, people
from interactions.life.facts import microseconds
from interactions.life.policies import PolicyBook
from interactions.life.routing_rows import snapshots
from models.customer import ContactAddress, Customer, CustomerAddress
from models.endpoint import Endpoint
from models.interaction import Interaction, State
from models.journal import RoutingJournal
from models.tenant import Tenant
from models.touch import Touch
from routing.state import AgentSnapshot

DAY = timedelta(days=1)
ENDPOINTS = {"voice": "hotline", "chat": "site-chat", "email": "support-mail"}
CALL = {"outcome": "answered", "duration_seconds": 180.0, "ended_by": "customer", "end_cause": "normal"}


async def seed(database_url: str, tenant_key: str) -> int:
    """The number of customers written; 0 when they were there before."""
    database = Database(database_url, WORKER_ROLE, pool_size=2)
    try:
        async with database.transaction() as session:
            tenant = await Tenant.find(session, tenant_key)
            assert tenant is not None, "the company was applied before"
            await act_for(session, tenant.id)
            if (await session.scalar(select(func.count()).select_from(Customer))) or 0:
                return 0
            await _record_yesterday(session, tenant)
            return await _write(session, tenant.id)
    finally:
        await database.close()


def yesterday(now: datetime, time_zone: str) -> datetime:
    """Its midnight there."""
    return datetime.combine(now.astimezone(ZoneInfo(time_zone)) - DAY, time(), ZoneInfo(time_zone))


async def _record_yesterday(session: AsyncSession, tenant: Tenant) -> None:
    """A day for `touchpoint replay`. It stands before all that the worker will write: below position 1."""
    policy = (await PolicyBook().current(session, tenant.id)).policy
    known = [agent for agent in await snapshots(session) if isinstance(agent, AgentSnapshot)]
    agents = [agent for agent in known if agent.key.partition("@")[0] in PLAYED]
    start = microseconds(yesterday(datetime.now(UTC), tenant.time_zone))
    entries = list(Day(policy, agents, people(), start).entries())
    base = {"tenant_id": tenant.id, "epoch": 0}
    rows = [
        {**base, "position": number - len(entries), **entry._asdict()} for number, entry in enumerate(entries)
    ]
    await session.execute(insert(RoutingJournal), rows)


async def _write(session: AsyncSession, tenant_id: UUID) -> int:
    everybody = people()
    customers = {person.number: new_id() for person in everybody}
    addresses = {(person.number, kind): new_id() for person in everybody for kind in ("phone", "email")}
    rows = await session.execute(select(Endpoint.key, Endpoint.id))
    endpoints = {row.key: row.id for row in rows}
    await session.execute(insert(Customer), [_customer(tenant_id, customers[p.number], p) for p in everybody])
    await session.execute(
        insert(ContactAddress),
        [
            {"id": addresses[p.number, kind], "tenant_id": tenant_id, "kind": kind, "value": getattr(p, kind)}
            for p in everybody
            for kind in ("phone", "email")
        ],
    )
    await session.execute(
        insert(CustomerAddress),
        [
            {
                "tenant_id": tenant_id,
                "customer_id": customers[number],
                "address_id": address_id,
                "source": "import",
            }
            for (number, _), address_id in addresses.items()
        ],
    )
    interactions: list[dict[str, Any]] = []
    touches: list[dict[str, Any]] = []
    for past in history(everybody, datetime.now(UTC)):
        address_id = addresses[past.person, "email" if past.channel == "email" else "phone"]
        base = {
            "tenant_id": tenant_id,
            "endpoint_id": endpoints[ENDPOINTS[past.channel]],
            "address_id": address_id,
        }
        interaction = _interaction(past, customers[past.person], base)
        interactions.append(interaction)
        touches += _touches(past, everybody[past.person], interaction["id"], base)
    await session.execute(insert(Interaction), interactions)
    await session.execute(insert(Touch), touches)
    return len(everybody)


def _customer(tenant_id: UUID, customer_id: UUID, person: Person) -> dict[str, Any]:
    return {
        "id": customer_id,
        "tenant_id": tenant_id,
        "name": person.name,
        "tier": person.tier,
        "language": person.language,
        "search": _vector(f"{of_name(person.name)} {person.phone} {person.email}"),
    }


def _interaction(past: PastTouch, customer_id: UUID, base: dict[str, Any]) -> dict[str, Any]:
    return {
        **base,
        "id": new_id(),
        "channel": past.channel,
        "customer_id": customer_id,
        "queue": "orders",
        "state": State.CLOSED,
        "tier": "lead",
        "policy_version": 1,
        "subject": past.said[:80] or None,
        "created_at": past.at,
        "answered_at": past.at + timedelta(seconds=20),
        "ended_at": past.at + timedelta(minutes=6),
    }


def _touches(
    past: PastTouch, person: Person, interaction_id: UUID, base: dict[str, Any]
) -> list[dict[str, Any]]:
    common = {**base, "interaction_id": interaction_id, "channel": past.channel}
    kind = "call" if past.channel == "voice" else "message"
    said = {
        **common,
        "id": new_id(),
        "at": past.at,
        "direction": "inbound",
        "kind": kind,
        "text": past.said,
        "delivery_state": None,
        "payload": dict(CALL) if kind == "call" else {},
        "author": {"type": "customer", "name": person.name},
        "search": _vector(of_text(past.said)),
    }
    if kind == "call":
        return [said]
    answer = {
        **said,
        "id": new_id(),
        "at": past.at + timedelta(minutes=2),
        "direction": "outbound",
        "text": past.answered,
        "delivery_state": "delivered",
        "author": {"type": "agent", "name": "韩梅梅"},
        "search": _vector(of_text(past.answered)),
    }
    return [said, answer]


def _vector(words: str) -> str:
    """A tsvector literal: many rows go in by one statement, which takes no function calls."""
    lexemes = sorted(set(words.lower().replace("'", " ").replace("\\", " ").split()))
    return " ".join(f"'{lexeme}'" for lexeme in lexemes)
