"""What the router is told: an interaction's or agent's whole routing state, read from their locked rows."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from interactions.life.work import Work
from models.agent import Agent, Device, Presence
from models.interaction import State
from models.leg import Leg, LegRole, LegState
from routing.state import AgentSnapshot, InteractionSnapshot, LegSnapshot, to_json

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def microseconds(at: datetime) -> int:
    """Whole microseconds since the epoch: the engine's time."""
    return (at - EPOCH) // MICROSECOND


def instant_of(at_us: int) -> datetime:
    """The engine's time as a moment in UTC."""
    return EPOCH + timedelta(microseconds=at_us)


def work_state(work: Work) -> dict[str, Any]:
    """The `state` of a `WorkChanged` fact."""
    return to_json(work_snapshot(work))


def agent_state(agent: Agent, devices: Iterable[Device]) -> dict[str, Any]:
    """The `state` of an `AgentRoutingChanged` fact."""
    return to_json(agent_snapshot(agent, devices))


def work_snapshot(work: Work, *, force: bool = False) -> InteractionSnapshot:
    """`force`: read anew after a lost guard, to replace what the engine assumed."""
    x = work.interaction
    preferred = x.preferred_agent_id
    return InteractionSnapshot(
        id=str(x.id),
        version=x.version,
        state=_state(work),
        queue=x.queue,
        channel=x.channel,
        tier=x.tier,
        requirement=x.requirement,
        boost_us=(x.boost_seconds or 0) * 1_000_000,
        age_us=x.age_us or 0,
        age_since=_optional(x.waiting_since),
        entered_at=_optional(x.queue_entered_at),
        preferred_agent=None if preferred is None else str(preferred),
        returned=preferred is not None,
        excluded=_excluded(work),
        endpoint=str(x.endpoint_id) if x.channel == "voice" and x.endpoint_id else None,
        legs=tuple(_leg(work, leg) for leg in work.legs),
        account_team=tuple(str(agent_id) for agent_id in x.account_team or ()),
        due=_optional(x.reply_due_at),
        last_agent=None if x.recent_agent_id is None else str(x.recent_agent_id),
        force=force,
    )


def _state(work: Work) -> str:
    """A callback waits for an agent like anybody when its time has come, and not before."""
    if work.waits_for_agent:
        return State.QUEUED.value
    early = work.is_callback and work.state == State.QUEUED
    return State.CALLBACK_WAITING.value if early else str(work.state)


def agent_snapshot(agent: Agent, devices: Iterable[Device], *, force: bool = False) -> AgentSnapshot:
    """`lease`: lost ones leave their time until the agent is back; `connected`: a socket is open."""
    present = agent.presence != Presence.OFFLINE and agent.disabled_at is None
    return AgentSnapshot(
        id=str(agent.id),
        version=agent.version,
        key=agent.email,
        presence=Presence(agent.presence).value if present else "offline",
        presence_reason=agent.presence_reason,
        lease=agent.lease_lost_at is None and (agent.signed_in or present),
        connected=agent.signed_in,
        phones=tuple(sorted(str(device.endpoint_id) for device in devices if reachable(device))),
        idle_since=_optional(agent.idle_since) or 0,
        last_accepted_at=_optional(agent.last_accepted_at),
        lease_lost_at=_optional(agent.lease_lost_at),
        teams=tuple(agent.teams),
        skills=dict(agent.skills),
        channels=tuple(agent.channels),
        units_max=agent.units_max,
        channel_max=dict(agent.channel_max),
        shift=agent.shift,
        force=force,
    )


def reachable(device: Device) -> bool:
    """Registered, where the platform tells, and not in a call that we did not route."""
    return device.registered is not False and not device.in_foreign_call


def _leg(work: Work, leg: Leg) -> LegSnapshot:
    deadline = leg.connect_deadline_at
    if leg.state == LegState.OFFERED and work.offer is not None:
        deadline = work.offer.deadline_at
    rings_first = leg.state == LegState.CONNECTING and work.dials_out and not work.is_callback
    if leg.role != LegRole.PRIMARY or rings_first:
        deadline = None  # not the router's: nothing waits in its place (`timers`)
    return LegSnapshot(
        id=str(leg.id),
        agent=str(leg.agent_id),
        state=LegState(leg.state).value,  # type: ignore[arg-type]
        units=leg.units,
        role=str(leg.role),  # type: ignore[arg-type]
        deadline=_optional(deadline),
        accepted_at=_optional(leg.accepted_at),
    )


def _excluded(work: Work) -> tuple[tuple[str, int], ...]:
    """Cool-downs that still run, agents in order of their ids."""
    cool_downs = (work.interaction.cool_downs or {}).items()
    pairs = ((agent, datetime.fromisoformat(until)) for agent, until in cool_downs)
    return tuple(sorted((agent, microseconds(until)) for agent, until in pairs if until > work.now))


def _optional(at: datetime | None) -> int | None:
    return None if at is None else microseconds(at)
