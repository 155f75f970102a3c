"""A tenant's rows as the engine sees them: read without locks, for a worker's start and for explanations."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from interactions.life.desk import database_now
from interactions.life.facts import agent_snapshot, work_snapshot
from interactions.life.work import Work
from models.agent import Agent, Device
from models.interaction import FINAL, Interaction
from models.leg import Leg, LegState
from models.offer import Offer, OfferState
from routing.state import Snapshot


async def snapshots(session: AsyncSession) -> list[Snapshot]:
    """All agents of the tenant for whom `session` acts, and all interactions that live or still hold units (a
    caller may leave while the agent before wraps up). What changes meanwhile follows with higher versions."""
    return [*await _agents(session), *await _interactions(session)]


async def devices_of(session: AsyncSession, agent_ids: Sequence[UUID] | None) -> dict[UUID, list[Device]]:
    """The devices of these agents, or of all."""
    query = select(Device)
    if agent_ids is not None:
        query = query.where(Device.agent_id.in_(agent_ids))
    found: dict[UUID, list[Device]] = defaultdict(list)
    for device in await session.scalars(query):
        found[device.agent_id].append(device)
    return found


async def _agents(session: AsyncSession) -> list[Snapshot]:
    devices = await devices_of(session, None)
    agents = await session.scalars(select(Agent).order_by(Agent.id))
    return [agent_snapshot(agent, devices[agent.id]) for agent in agents]


async def _interactions(session: AsyncSession) -> list[Snapshot]:
    now = await database_now(session)
    held = select(Leg.interaction_id).where(Leg.state != LegState.ENDED)
    live = select(Interaction).where(or_(Interaction.state.not_in(FINAL), Interaction.id.in_(held)))
    live = live.order_by(Interaction.id)
    works = {x.id: Work(x, {}, now) for x in await session.scalars(live)}
    for leg in await session.scalars(select(Leg).where(Leg.state != LegState.ENDED)):
        if leg.interaction_id in works:
            works[leg.interaction_id].legs.append(leg)
    for offer in await session.scalars(select(Offer).where(Offer.state == OfferState.OPEN)):
        if offer.interaction_id in works:
            works[offer.interaction_id].offer = offer
    return [work_snapshot(work) for work in works.values()]
