"""Chat visitors: who holds a token, what they may see, where they stand in the queue."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.events import Address
from interactions.facts import microseconds
from interactions.policies import PolicyBook
from models.interaction import Interaction, State
from models.visitor import Visitor

HISTORY_MAX = 200
WAITING = (State.QUEUED, State.OFFERED, State.CONNECTING)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Where a visitor's conversation is now. `queue` None: it does not wait."""

    interaction_id: UUID
    queue: str | None


def address_of(visitor_id: UUID) -> Address:
    return Address(kind="visitor", value=str(visitor_id))


def shown(item: Mapping[str, Any]) -> dict[str, Any]:
    """A touch's timeline item as its visitor sees it: nobody's ids but its own."""
    author = item["author"]
    return {
        "id": item["id"],
        "at": item["at"],
        "direction": item["direction"],
        "kind": item["kind"],
        "text": item["text"],
        "html": item["html"],
        "attachments": item["attachments"],
        "author": {"type": author.get("type"), "name": author.get("name")},
        "client_message_id": item["payload"].get("client_message_id"),
    }


async def history(session: AsyncSession, visitor_id: UUID, after: UUID | None) -> list[dict[str, Any]]:
    """What they have not seen; without `after` the latest of all."""
    touches = await Visitor.touches(session, visitor_id, after, HISTORY_MAX)
    return [shown(touch.item(None)) for touch in touches]


async def current(session: AsyncSession, endpoint_id: UUID, visitor_id: UUID) -> Waiting | None:
    """Their conversation, unless it is over."""
    found = await Interaction.latest(session, [(endpoint_id, str(visitor_id))])
    latest = found.get((endpoint_id, str(visitor_id)))
    if latest is None or is_over(latest.state):
        return None
    return Waiting(latest.id, latest.queue if latest.state in WAITING else None)


def is_over(state: str) -> bool:
    """In wrap-up the contact is over; only the agent has something left to do."""
    return state in (State.WRAP_UP, State.CLOSED, State.ABANDONED)


async def positions(
    session: AsyncSession, policies: PolicyBook, tenant_id: UUID, queue: str, now: datetime
) -> dict[UUID, int]:
    """Who waits in the queue, from 1 on, in the order of age plus head start (SEMANTICS §1.5)."""
    query = select(Interaction).where(Interaction.queue == queue, Interaction.state.in_(WAITING))
    waiting = (await session.scalars(query)).all()
    urgency = {x.id: await _urgency(session, policies, tenant_id, x, now) for x in waiting}
    ordered = sorted(urgency, key=lambda id_: (-urgency[id_], str(id_)))
    return {id_: place for place, id_ in enumerate(ordered, start=1)}


async def _urgency(
    session: AsyncSession, policies: PolicyBook, tenant_id: UUID, x: Interaction, now: datetime
) -> float:
    policy = await policies.version(session, tenant_id, x.policy_version)
    running = microseconds(now) - microseconds(x.waiting_since) if x.waiting_since else 0
    return (x.age_us + running) / 1_000_000 + policy.head_start_seconds(x)


async def files_of(
    session: AsyncSession, visitor_id: UUID, ids: Collection[UUID]
) -> dict[UUID, dict[str, Any]]:
    """Those of `ids` that the visitor may send, as a touch has them."""
    found = await Visitor.files(session, visitor_id, ids)
    return {id_: attachment.item() for id_, attachment in found.items()}
