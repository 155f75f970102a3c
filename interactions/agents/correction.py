"""The customer of one interaction corrected by an agent: it goes before what the address says, and is undone
by setting it back. No touch is moved."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access import AgentPrincipal
from app.errors import Invalid
from customers import identity
from interactions.agents import lookup
from interactions.intake.acquaintance import introduce
from interactions.life.desk import Desk
from interactions.life.policies import PolicyBook
from interactions.life.work import Work
from models.audit import Audit
from models.customer import Customer
from models.interaction import Interaction


async def correct_customer(
    session: AsyncSession,
    agent: AgentPrincipal,
    policies: PolicyBook,
    interaction_id: UUID,
    customer_id: UUID | None,
) -> dict[str, Any]:
    """The interaction as it is then. Raises NotFound, Invalid for a customer that there is not."""
    desk, work = await Desk.one(session, agent.tenant_id, interaction_id)
    before = work.interaction.picked_customer_id
    tier = await _tier_of(session, work, customer_id)
    policy = await policies.current(session, agent.tenant_id)
    work.identified(customer_id, policy.policy.tier(tier).key)
    await introduce(session, policy, [work])
    session.add(_audit(agent, work, before, customer_id))
    await desk.save()
    return await lookup.one(session, interaction_id)


async def _tier_of(session: AsyncSession, work: Work, customer_id: UUID | None) -> str | None:
    """The customer's tier; with none picked, of whom the address resolves to now."""
    x = work.interaction
    if customer_id is not None:
        customer = await session.get(Customer, customer_id)
        if customer is None:
            raise Invalid(errors=[{"pointer": "/customer_id", "message": "there is no such customer"}])
        return customer.tier
    party = (await identity.parties(session, [x.address_id])).get(x.address_id) if x.address_id else None
    resolved = None if party is None else party.customer
    x.customer_id = None if resolved is None else resolved.id
    return None if resolved is None else resolved.tier


async def known_tier(session: AsyncSession, tenant_id: UUID, policies: PolicyBook, tier: str | None) -> None:
    """Raises Invalid for a tier that the policy does not have."""
    if tier is None:
        return
    tiers = (await policies.current(session, tenant_id)).policy.tiers
    if tier not in tiers:
        message = f"one of {', '.join(tiers)}"
        raise Invalid(errors=[{"pointer": "/tier", "message": message}])


async def retier(
    session: AsyncSession, tenant_id: UUID, policies: PolicyBook, customer_id: UUID, tier: str | None
) -> None:
    """The customer has another tier: it counts for what of theirs waits now."""
    policy = await policies.current(session, tenant_id)
    desk = await Desk.open(session, tenant_id, await Interaction.waiting_of_customer(session, customer_id))
    for work in desk.works.values():
        work.retiered(policy.policy.tier(tier).key)
    await desk.save()


def _audit(agent: AgentPrincipal, work: Work, before: UUID | None, after: UUID | None) -> Audit:
    x = work.interaction
    return Audit(
        tenant_id=x.tenant_id,
        actor=agent.actor,
        action="correct_customer",
        entity=f"interaction/{x.id}",
        details={
            "from": None if before is None else str(before),
            "to": None if after is None else str(after),
        },
    )
