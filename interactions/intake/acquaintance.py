"""Whom the customer of an interaction knows: their account team, and the agent who served them last. It is
written on the interaction, for `prefer` to go by."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from interactions.life.desk import Desk
from interactions.life.policies import TenantPolicy
from interactions.life.work import Work
from models.account_team import AccountTeamMember
from models.interaction import Interaction
from models.recent_agent import Whose, recent_agents


async def introduce(session: AsyncSession, policy: TenantPolicy, works: Collection[Work]) -> None:
    """Look both up for `works`, which the caller saves: two statements for all of them, none where no queue
    prefers anybody."""
    if not works or not policy.prefers:
        return
    whose = [_whose(work) for work in works]
    teams = await AccountTeamMember.of_customers(session, _customers(whose))
    recent = await recent_agents(session, whose)
    for work, (interaction_id, customer_id, _) in zip(works, whose, strict=True):
        team = teams.get(customer_id, []) if customer_id else []
        work.knows([member.agent_id for member in team], recent.get(interaction_id))


async def team_changed(session: AsyncSession, tenant_id: UUID, customer_id: UUID) -> None:
    """The customer has another account team: it counts for what of theirs waits now."""
    team = (await AccountTeamMember.of_customers(session, [customer_id])).get(customer_id, [])
    desk = await Desk.open(session, tenant_id, await Interaction.waiting_of_customer(session, customer_id))
    for work in desk.works.values():
        work.knows([member.agent_id for member in team], work.interaction.recent_agent_id)
    await desk.save()


def _whose(work: Work) -> Whose:
    x = work.interaction
    return Whose(x.id, x.picked_customer_id or x.customer_id, x.address_id)


def _customers(whose: Sequence[Whose]) -> set[UUID]:
    return {entry.customer_id for entry in whose if entry.customer_id is not None}
