"""Chat visitors: who holds a token, what they may see, where they stand in the queue."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.events import Address
from interactions.life.doors import Doors, Entry
from interactions.life.pace import PaceBook
from interactions.life.policies import PolicyBook
from interactions.life.serving import places
from models.interaction import Interaction, State
from models.segment import Segment
from models.visitor import Visitor

HISTORY_MAX = 200
WAITING = (State.QUEUED, State.OFFERED, State.CONNECTING)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Where a visitor's conversation is now. `queue` None: it does not wait."""

    interaction_id: UUID
    queue: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """`estimated_wait_seconds`: nine in ten wait no longer; never more than they were told before. None:
    nobody is there to say it of."""

    position: int
    estimated_wait_seconds: int | None

    def frame(self) -> dict[str, Any]:
        return {
            "type": "queue",
            "position": self.position,
            "estimated_wait_seconds": self.estimated_wait_seconds,
        }


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
        "buttons": item["payload"].get("buttons", []),
        "quotes": item["payload"].get("quotes"),
        "read": item["direction"] == "inbound" and (item["delivery"] or {}).get("state") == "read",
        "version": item["version"],
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


async def standings(
    session: AsyncSession,
    policies: PolicyBook,
    paces: PaceBook,
    tenant_id: UUID,
    queue: str,
    now: datetime,
    visiting: Collection[UUID],
) -> dict[UUID, Standing]:
    """What those of `visiting` (interactions) who wait in the queue are told. Writes down what it tells; who
    is just being changed is told the next time."""
    query = select(Interaction).where(Interaction.queue == queue, Interaction.state.in_(WAITING))
    waiting = {x.id: x for x in await session.scalars(query)}
    found = places(await policies.current(session, tenant_id), waiting.values(), now)
    current = await paces.current(session, tenant_id, now)
    here = [id_ for id_ in visiting if id_ in found]
    estimates = {
        id_: pace.estimate(found[id_].turn)
        for id_ in here
        if (pace := current.get((queue, waiting[id_].channel))) is not None
    }
    waits = {id_: one.p90_us for id_, one in estimates.items() if one is not None}
    told = await Segment.tell_waits(session, waits)
    return {
        id_: Standing(found[id_].position, _seconds(told.get(id_)))
        for id_ in here
        if id_ in told or id_ not in waits
    }


def _seconds(wait_us: int | None) -> int | None:
    return None if wait_us is None else ceil(wait_us / 1_000_000)


async def door(
    session: AsyncSession, policies: PolicyBook, paces: PaceBook, tenant_id: UUID, queue: str, now: datetime
) -> Entry:
    """What would happen to a chat that came to the queue now."""
    doors = await Doors.look(session, tenant_id, await policies.in_force(session, tenant_id), paces, now)
    return doors.enter(queue, "chat")


async def files_of(
    session: AsyncSession, visitor_id: UUID, ids: Collection[UUID]
) -> dict[UUID, dict[str, Any]]:
    """Those of `ids` that the visitor may send, as a touch has them."""
    found = await Visitor.files(session, visitor_id, ids)
    return {id_: attachment.item() for id_, attachment in found.items()}
