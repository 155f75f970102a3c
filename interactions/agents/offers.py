"""What an agent does with an offer: accept, decline, show. Whoever commits first wins (API §3)."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import Invalid, NotFound, OfferGone
from interactions.calls import call_commands
from interactions.life.desk import Desk
from interactions.life.policies import PolicyBook, QueueRules
from interactions.life.work import Work
from models.interaction import Interaction
from models.leg import LegState
from models.offer import Offer, OfferState


async def accept(
    session: AsyncSession, tenant_id: UUID, offer_id: UUID, agent_id: UUID, policies: PolicyBook
) -> Interaction:
    """Take it. A phone that we control rings next, and the interaction is `connecting`; everything else is
    active. Accepting again what one holds changes nothing. Raises NotFound, OfferGone with its cause, and
    IllegalTransition where picking up the phone is the accept."""
    desk, work = await _open(session, tenant_id, offer_id, agent_id)
    if not _is_open(work, offer_id):
        return await _held_already(work, offer_id, agent_id, session)
    if (leg := work.offered_leg) is not None and leg.route_command_id is not None:
        raise work.illegal("is accepted by picking up the phone that rings")
    if await _rings(session, work.interaction):
        rules = await policies.rules(session, work.interaction)
        accepted = work.accept(connect_seconds=rules.connect_seconds)
        await call_commands.dial_agent(desk, work, accepted)
    else:
        work.accept(connect_seconds=None)
    await desk.save()
    return work.interaction


async def decline(
    session: AsyncSession,
    tenant_id: UUID,
    offer_id: UUID,
    agent_id: UUID,
    reason: str | None,
    policies: PolicyBook,
) -> None:
    """Give it to somebody else, as far as the queue allows it on this channel; this agent is not offered it
    again for the cool-down. Raises NotFound, OfferGone, Invalid."""
    desk, work = await _open(session, tenant_id, offer_id, agent_id)
    rules = await policies.rules(session, work.interaction)
    if not _is_open(work, offer_id):
        raise await _gone(session, work, offer_id)
    if work.primary is not work.offered_leg:  # a colleague who asks may always be refused
        work.end_offer(OfferState.DECLINED, "declined", reason)
    else:
        _check_decline(rules, reason)
        work.end_offer(OfferState.DECLINED, "declined", reason)
        work.cool_down(agent_id, rules.decline_cool_down_seconds)
    await desk.save()


async def _open(session: AsyncSession, tenant_id: UUID, offer_id: UUID, agent_id: UUID) -> tuple[Desk, Work]:
    interaction_id = await Offer.made_to(session, offer_id, agent_id)
    if interaction_id is None:
        raise NotFound("There is no such offer for you.")
    return await Desk.one(session, tenant_id, interaction_id, [agent_id])


def _is_open(work: Work, offer_id: UUID) -> bool:
    return work.offer is not None and work.offer.id == offer_id


async def _rings(session: AsyncSession, interaction: Interaction) -> bool:
    """Whether accepting makes a phone ring that we control."""
    return interaction.channel == "voice" and await call_commands.controls_calls(
        session, interaction.endpoint_id
    )


async def _held_already(work: Work, offer_id: UUID, agent_id: UUID, session: AsyncSession) -> Interaction:
    offer = await Offer.fresh(session, offer_id)
    mine = [leg for leg in work.legs if leg.id == offer.leg_id and leg.agent_id == agent_id]
    if offer.state == OfferState.ACCEPTED and mine and mine[0].state != LegState.WRAP_UP:
        return work.interaction
    raise await _gone(session, work, offer_id)


async def _gone(session: AsyncSession, work: Work, offer_id: UUID) -> OfferGone:
    offer = await Offer.fresh(session, offer_id)
    if offer.state == OfferState.ACCEPTED:
        cause = "closed" if work.final else "taken"
    else:
        cause = offer.cause or OfferState(offer.state).value
    return OfferGone(cause=cause, offer_id=str(offer_id), interaction_version=work.interaction.version)


def _check_decline(rules: QueueRules, reason: str | None) -> None:
    if rules.decline == "not_allowed":
        raise Invalid(f"Work on the channel {rules.channel} cannot be declined in this queue.")
    if rules.decline == "reason_required" and not (reason or "").strip():
        raise Invalid("Say why.", errors=[{"pointer": "/reason", "message": "required"}])
