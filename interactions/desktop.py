"""What a desktop that connects finds: its agent's open offers and work. Reading only."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from interactions import lookup
from interactions.decisions import accepted_on, offer_summary
from interactions.desk import database_now
from interactions.policies import PolicyBook
from interactions.work import Work
from models.interaction import Interaction
from models.leg import Leg
from models.offer import Decision, Offer, OfferState
from models.screen_pop import screen_pops


async def work_of(session: AsyncSession, agent_id: UUID) -> list[dict[str, Any]]:
    """Every interaction that the agent has a part in, parked ones too, each in full."""
    mine = await lookup.page(session, lookup.Wanted(agent_id=agent_id, limit=200))
    return [await lookup.one(session, UUID(summary["id"])) for summary in mine]


async def open_offers(session: AsyncSession, agent_id: UUID, policies: PolicyBook) -> list[dict[str, Any]]:
    """What rings at the agent now, as `offer.created` told it, with the seconds that are left."""
    query = (
        select(Offer, Interaction, Leg.route_command_id, Decision.document["reason"].astext)
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
    now = await database_now(session)
    offers = []
    for offer, x, route_command_id, reason in found:
        rules = await policies.rules(session, x)
        summary = offer_summary(offer, Work(x, {}, now), reason, rules.decline, pops[x.id])
        offers.append(summary | {"accept": accepted_on(route_command_id)})
    return offers
