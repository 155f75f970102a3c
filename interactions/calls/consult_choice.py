"""Whom of a queue to consult: the router's own choice, asked for at once on the rows as they are.

An api process has no engine, so one is made from the rows (as for an explanation). The question stands beside
all that waits, so nobody is consulted past a customer who would have got them.
"""

from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from interactions.life.desk import database_now
from interactions.life.facts import microseconds
from interactions.life.policies import TenantPolicy
from interactions.life.routing_rows import snapshots
from models.interaction import Interaction
from routing.engine import Engine
from routing.state import InteractionSnapshot

QUESTION: Final = "consult"
LATER_US: Final = 3_600_000_000


async def free_agent_of(
    session: AsyncSession, policy: TenantPolicy, queue: str, x: Interaction, asks: UUID
) -> UUID | None:
    """Who of `queue` would be offered work like `x` now, besides the agent who `asks`; None: nobody."""
    engine, now = Engine(policy.policy), microseconds(await database_now(session))
    phone = str(x.endpoint_id) if x.channel == "voice" and x.endpoint_id else None
    question = InteractionSnapshot(
        id=QUESTION,
        version=1,
        state="queued",
        queue=queue,
        channel=x.channel,
        tier=x.tier,
        requirement=x.requirement,
        age_since=now,
        entered_at=now,
        excluded=((str(asks), now + LATER_US),),
        endpoint=phone,
    )
    made = engine.apply([*await snapshots(session), question], now)
    chosen = next((d.agent for d in made if d.kind == "offer" and d.interaction == QUESTION), None)
    return None if chosen is None else UUID(chosen)
