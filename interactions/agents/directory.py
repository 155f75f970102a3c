"""Whom an agent can transfer to: queues, agents with their state, and the address book."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from interactions.life.desk import database_now
from interactions.life.policies import TenantPolicy
from models.agent import Agent
from models.policy import Queue

FOUND_MAX = 50


async def directory(session: AsyncSession, policy: TenantPolicy, q: str) -> dict[str, Any]:
    """`items` of type queue, agent or address whose name, key, e-mail or number contains `q`; agents who can
    be reached first, the address book in its own order."""
    now = await database_now(session)
    pattern = f"%{q.replace('%', '').replace('_', '')}%"
    queues = await session.scalars(
        select(Queue)
        .where(Queue.retired_at.is_(None), or_(Queue.key.ilike(pattern), Queue.name.ilike(pattern)))
        .order_by(Queue.key)
        .limit(FOUND_MAX)
    )
    agents = await session.scalars(
        select(Agent)
        .where(Agent.disabled_at.is_(None), or_(Agent.email.ilike(pattern), Agent.name.ilike(pattern)))
        .order_by((Agent.presence == "available").desc(), Agent.name)
        .limit(FOUND_MAX)
    )
    found = [_queue(queue, now) for queue in queues] + [_agent(agent) for agent in agents]
    found += islice(_contacts(policy.address_book, q), FOUND_MAX)
    return {"items": found, "next_cursor": None}


def _contacts(book: Iterable[Mapping[str, str]], q: str) -> Iterable[dict[str, Any]]:
    """A number is found however it is spaced."""
    name, number = q.casefold(), "".join(q.casefold().split())
    for contact in book:
        if name in contact["name"].casefold() or number in contact["key"].casefold():
            yield {"type": "address", **contact}


def _queue(queue: Queue, now: datetime) -> dict[str, Any]:
    closed = queue.closure_at(now) is not None
    return {"type": "queue", "key": queue.key, "name": queue.name, "closed": closed}


def _agent(agent: Agent) -> dict[str, Any]:
    busy = agent.units_held > 0
    return {
        "type": "agent",
        "id": str(agent.id),
        "key": agent.email,
        "name": agent.name,
        "presence": str(agent.presence),
        "presence_reason": agent.presence_reason,
        "busy": busy,
    }
