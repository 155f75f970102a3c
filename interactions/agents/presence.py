"""Presence: what agents choose, and what their sockets say about it (SEMANTICS §1.2).

`signed_in` says that a socket is open; the lease behind it lives on for a grace. When it ends the agent is
offline, and back within five minutes they find the presence that they had.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import Invalid, NotFound
from interactions.life.desk import Desk
from interactions.life.policies import PolicyBook
from interactions.life.work import Work
from models.agent import Agent, AgentLease, Presence
from models.leg import Leg, LegState
from models.offer import Offer, OfferState

CONNECTION_LOST: Final = "connection_lost"
UNBACKED_SECONDS: Final = 20.0
"""How long a presence lasts that no desktop's socket stands behind yet."""

TALKING: Final = (LegState.ACTIVE, LegState.HELD)


async def choose(
    session: AsyncSession, tenant_id: UUID, agent_id: UUID, chosen: Presence, reason: str | None
) -> Agent:
    """An agent, or their supervisor, chooses `available`, `break` or `offline`. An offer that rings is
    revoked
    unless they are available. Raises Invalid for what only the server sets."""
    if chosen == Presence.NOT_RESPONDING:
        raise Invalid("Only the server sets this presence.", errors=[_wrong("/status", "not to be chosen")])
    ringing = await Offer.ringing_at(session, agent_id)
    desk = await Desk.open(session, tenant_id, ringing, [agent_id])
    agent = desk.agents[agent_id]
    _become(agent, chosen, None if chosen == Presence.AVAILABLE else reason, desk.now)
    agent.chosen_presence, agent.chosen_reason = agent.presence, agent.presence_reason
    if chosen != Presence.AVAILABLE:
        _revoke(desk.works.values(), agent_id, "went_away")
    if chosen != Presence.OFFLINE:
        await _stop_countdown(desk, agent)
        await AgentLease.lend(session, tenant_id, agent_id, UNBACKED_SECONDS)
    desk.agent_changed(agent_id)
    await desk.save()
    return agent


async def check_reason(
    session: AsyncSession, tenant_id: UUID, policies: PolicyBook, chosen: Presence, reason: str | None
) -> None:
    """A break has one of the tenant's codes. Raises Invalid."""
    if chosen != Presence.BREAK:
        return
    codes = (await policies.current(session, tenant_id)).break_codes
    if codes and reason not in codes:
        raise Invalid("This is no break code.", errors=[_wrong("/reason_code", f"one of {', '.join(codes)}")])


async def socket_opened(
    session: AsyncSession,
    tenant_id: UUID,
    agent_id: UUID,
    ids: tuple[UUID, UUID],
    *,
    lease_seconds: float,
    restore_seconds: float,
) -> Agent:
    """A desktop is there: `ids` are its connection's and its process's. New offers may come; a presence lost
    with the connection less than `restore_seconds` ago is restored. Raises NotFound: the agent is gone."""
    desk = await Desk.open(session, tenant_id, [], [agent_id])
    agent = desk.agents.get(agent_id)
    if agent is None or agent.disabled_at is not None:
        raise NotFound("This agent is gone.")
    await AgentLease.add(session, tenant_id, agent_id, ids, lease_seconds)
    if agent.signed_in and agent.lease_lost_at is None:
        return agent
    agent.signed_in = True
    _restore(agent, desk.now, restore_seconds)
    if agent.presence != Presence.OFFLINE:
        await _stop_countdown(desk, agent)
    desk.agent_changed(agent_id)
    await desk.save()
    return agent


async def socket_closed(
    session: AsyncSession, tenant_id: UUID, agent_id: UUID, connection_id: UUID, grace_seconds: float
) -> None:
    """A desktop is gone. With the last one no new offers come; open ones and the presence last for the
    grace."""
    desk = await Desk.open(session, tenant_id, [], [agent_id])
    await AgentLease.let_go(session, connection_id, grace_seconds)
    agent = desk.agents[agent_id]
    if agent.signed_in and not await AgentLease.has_socket(session, agent_id):
        agent.signed_in = False
        desk.agent_changed(agent_id)
        await desk.save()


async def sign_out(session: AsyncSession, tenant_id: UUID, agent_id: UUID) -> None:
    """The agent leaves: offline, and a hot desk's device is theirs no more."""
    await Agent.leave_hot_desk(session, agent_id)
    await choose(session, tenant_id, agent_id, Presence.OFFLINE, None)


async def end_leases(desk: Desk, agent_ids: Collection[UUID], policies: PolicyBook) -> None:
    """Agents whose leases may have expired; `desk` holds them and all their work. What rings is revoked; what
    the queue gives to others after a while counts down (the engine ends that). The caller saves."""
    for agent_id in await AgentLease.end_expired(desk.session, agent_ids):
        agent = desk.agents[agent_id]
        if agent.lease_lost_at is not None and not agent.signed_in:
            continue
        works = [work for work in desk.works.values() if _has_part(work, agent_id)]
        _lose(agent, desk.now)
        _revoke(works, agent_id, "lease_lost")
        for work in works:
            await _count_down(desk, work, agent_id, policies)
        desk.agent_changed(agent_id)


def _become(agent: Agent, presence: Presence, reason: str | None, now: datetime) -> None:
    if (agent.presence, agent.presence_reason) == (presence, reason):
        return
    if presence == Presence.AVAILABLE and agent.presence != Presence.AVAILABLE:
        agent.idle_since = now
    agent.presence, agent.presence_reason, agent.presence_at = presence, reason, now


async def _stop_countdown(desk: Desk, agent: Agent) -> None:
    """They are back: what is in their hands stays there."""
    if agent.lease_lost_at is not None:
        agent.lease_lost_at = None
        await Leg.stay(desk.session, agent.id)


def _lose(agent: Agent, now: datetime) -> None:
    """`not_responding` is left by choosing, not by a reload: it is what will be restored."""
    agent.signed_in = False
    agent.lease_lost_at = agent.lease_lost_at or now
    if agent.presence == Presence.NOT_RESPONDING:
        agent.chosen_presence, agent.chosen_reason = agent.presence, agent.presence_reason
    if agent.presence != Presence.OFFLINE:
        _become(agent, Presence.OFFLINE, CONNECTION_LOST, now)


def _restore(agent: Agent, now: datetime, restore_seconds: float) -> None:
    lost_at = agent.lease_lost_at
    if lost_at is None:
        return
    recent = now - lost_at <= timedelta(seconds=restore_seconds)
    if agent.presence_reason == CONNECTION_LOST and agent.chosen_presence and recent:
        _become(agent, Presence(agent.chosen_presence), agent.chosen_reason, now)


def _has_part(work: Work, agent_id: UUID) -> bool:
    return any(leg.agent_id == agent_id for leg in work.legs)


def _revoke(works: Collection[Work], agent_id: UUID, cause: str) -> None:
    for work in works:
        if work.offer is not None and work.offer.agent_id == agent_id:
            work.end_offer(OfferState.REVOKED, cause)


async def _count_down(desk: Desk, work: Work, agent_id: UUID, policies: PolicyBook) -> None:
    seconds = (await policies.rules(desk.session, work.interaction)).reassign_after_seconds
    leg: Leg | None = work.primary
    if seconds is not None and leg is not None and leg.agent_id == agent_id and leg.state in TALKING:
        leg.reassign_at = desk.now + timedelta(seconds=seconds)


def _wrong(pointer: str, message: str) -> dict[str, str]:
    return {"pointer": pointer, "message": message}
