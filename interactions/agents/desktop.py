"""What a desktop that connects finds: its agent's open offers and work. Reading only."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from interactions.agents import lookup
from interactions.life.desk import database_now
from interactions.life.offered import accepted_on, offer_summary
from interactions.life.policies import PolicyBook
from interactions.life.work import Work
from models.agent import Agent
from models.interaction import Interaction
from models.leg import Leg, LegRole
from models.offer import Decision, Offer, OfferState
from models.screen_pop import screen_pops


async def work_of(session: AsyncSession, agent_id: UUID) -> list[dict[str, Any]]:
    """Every interaction that the agent has a part in, parked ones too, each in full."""
    mine = await lookup.page(session, lookup.Wanted(agent_id=agent_id, limit=200))
    return [await lookup.one(session, UUID(summary["id"])) for summary in mine]


async def open_offers(session: AsyncSession, agent_id: UUID, policies: PolicyBook) -> list[dict[str, Any]]:
    """What rings at the agent now, as `offer.created` told it, with the seconds that are left."""
    query = (
        select(Offer, Interaction, Leg, Decision.document["reason"].astext)
        .join(Interaction, Interaction.id == Offer.interaction_id)
        .join(Leg, Leg.id == Offer.leg_id)
        .outerjoin(Decision, Decision.offer_id == Offer.id)
        .where(Offer.agent_id == agent_id, Offer.state == OfferState.OPEN)
        .order_by(Offer.created_at)
    )
    found = (await session.execute(query)).all()
    if not found:
        return []
    pops = await screen_pops(session, [x.id for _, x, _, _ in found])
    asking = await _asking(session, [x.id for _, x, leg, _ in found if leg.role == LegRole.CONSULT])
    now = await database_now(session)
    offers = []
    for offer, x, leg, reason in found:
        work, asked_by = Work(x, {}, now), asking.get(x.id)
        if asked_by is None:
            rules = await policies.rules(session, x)
            summary = offer_summary(offer, work, reason, rules.decline, pops[x.id])
        else:
            summary = offer_summary(offer, work, "consult", "allowed", pops[x.id]) | {"asked_by": asked_by}
        offers.append(summary | {"accept": accepted_on(leg.route_command_id)})
    return offers


async def _asking(session: AsyncSession, interaction_ids: list[UUID]) -> dict[UUID, dict[str, str]]:
    """Who asks in each of these consults."""
    holders = await Leg.holders(session, interaction_ids) if interaction_ids else {}
    names = await Agent.names(session, set(holders.values())) if holders else {}
    return {x: {"id": str(agent), "name": names[agent]} for x, agent in holders.items()}
