"""What the engine knows, as the snapshots that would tell it to another."""

from routing.entity import Agent, Item, Leg
from routing.requirement import without_phones
from routing.state import AgentSnapshot, InteractionSnapshot, LegSnapshot, Presence, QueueMeasured, Snapshot
from routing.world import World


def snapshots(world: World) -> list[Snapshot | QueueMeasured]:
    found: list[Snapshot | QueueMeasured] = [_agent(agent) for _, agent in sorted(world.agents.items())]
    found += [measured for _, measured in sorted(world.staffing.measured.items())]
    found += [_interaction(item) for _, item in sorted(world.items.items())]
    return found


def _agent(agent: Agent) -> AgentSnapshot:
    presence: Presence = agent.presence
    return AgentSnapshot(
        id=agent.id,
        version=agent.version,
        key=agent.key,
        presence=presence,
        presence_reason=agent.presence_reason,
        lease=agent.lease,
        connected=agent.connected,
        phones=agent.phones,
        idle_since=agent.idle_since,
        last_accepted_at=agent.last_accepted_at,
        lease_lost_at=agent.lease_lost_at,
        teams=tuple(sorted(agent.teams)),
        skills=without_phones(agent.skills),
        channels=None if agent.channels is None else tuple(sorted(agent.channels)),
        units_max=agent.capacity.units_max,
        channel_max=agent.capacity.channel_max,
        shift=agent.shift,
    )


def _interaction(item: Item) -> InteractionSnapshot:
    return InteractionSnapshot(
        id=item.id,
        version=item.version,
        state=item.state,
        queue=item.queue,
        channel=item.channel,
        tier=item.tier,
        requirement=item.asked.text,
        boost_us=item.boost_us,
        age_us=item.age_us,
        age_since=item.age_since,
        entered_at=item.entered_at,
        due=item.due,
        preferred_agent=item.preferred,
        returned=item.returned,
        account_team=item.account_team,
        last_agent=item.last_agent,
        excluded=tuple(sorted((item.excluded or {}).items())),
        endpoint=item.endpoint,
        legs=tuple(_leg(leg, number) for number, leg in enumerate(item.legs)),
    )


def _leg(leg: Leg, number: int) -> LegSnapshot:
    return LegSnapshot(
        id=leg.id or f"{leg.item.id}/{number}",
        agent=leg.agent.id,
        state=leg.state,
        units=leg.units,
        role=leg.role,
        deadline=leg.deadline,
        accepted_at=leg.accepted_at,
        confirm_by=leg.confirm_by,
    )
