"""Snapshots of the live service: each replaces what is known of one entity."""

from routing.capacity import Capacity
from routing.decision import Reason
from routing.entity import Agent, Item, Leg
from routing.events import RoutingEvent
from routing.life import TRANSITIONS, Effect, Ignored, withdraw
from routing.requirement import both, parse, phone_at, with_phones
from routing.state import (
    AgentRemoved,
    AgentSnapshot,
    InteractionSnapshot,
    LegSnapshot,
    PolicyReplaced,
    QueueMeasured,
)
from routing.world import World

FINAL = frozenset({"closed", "abandoned"})


def apply_event(world: World, event: RoutingEvent, now: int) -> None:
    """Apply one event of a trace, or one snapshot; what makes no sense is reported as ignored."""
    try:
        _EFFECTS[type(event)](world, event, now)
    except Ignored as ignored:
        interaction, agent = getattr(event, "interaction", None), getattr(event, "agent", None)
        world.ignore(interaction, agent, ignored.reason)


def _interaction(world: World, snapshot: InteractionSnapshot, now: int) -> None:
    item = world.items.get(snapshot.id)
    known = item.version if item else world.gone.get(snapshot.id)
    if known is not None and not _is_newer(snapshot.version, known, snapshot.force):
        return
    if item is None:
        world.gone.discard(snapshot.id)
        item = world.items[snapshot.id] = Item(snapshot.id, snapshot.queue, snapshot.channel)
    world.unplace(item)
    for leg in item.legs:
        world.detach(leg)
    _copy(item, snapshot, now)
    for told in snapshot.legs:
        _attach(world, item, told)
    if snapshot.state in FINAL and not snapshot.legs:
        world.forget(item)
    elif snapshot.state == "queued":
        world.place(item, now)


def _is_newer(version: int, known: int, force: bool) -> bool:
    return version > known or (force and version == known)


def _copy(item: Item, snapshot: InteractionSnapshot, now: int) -> None:
    item.version = snapshot.version
    item.state = snapshot.state
    item.queue = snapshot.queue
    item.channel = snapshot.channel
    item.tier = snapshot.tier
    item.asked = parse(snapshot.requirement)
    item.endpoint = snapshot.endpoint
    item.own = item.asked if snapshot.endpoint is None else both(item.asked, phone_at(snapshot.endpoint))
    item.boost_us = snapshot.boost_us
    item.age_us = snapshot.age_us
    item.age_since = now if snapshot.age_since is None and snapshot.state == "queued" else snapshot.age_since
    item.due = snapshot.due
    item.entered_at = now if snapshot.entered_at is None else snapshot.entered_at
    item.preferred = snapshot.preferred_agent
    item.returned = snapshot.returned
    item.account_team, item.last_agent = snapshot.account_team, snapshot.last_agent
    item.excluded = dict(snapshot.excluded) or None


def _attach(world: World, item: Item, told: LegSnapshot) -> None:
    leg = Leg(item, world.agent(told.agent), told.units, told.state)
    leg.id = told.id
    leg.role = told.role
    leg.accepted_at = told.accepted_at
    leg.interrupted = told.state == "held" and item.channel != "voice"  # a call is held by its agent
    world.attach(leg)
    if told.state in ("offered", "connecting") and told.deadline is not None:
        leg.deadline = told.deadline
        world.timers.push(told.deadline, "deadline", leg)
    if told.state == "offered" and told.confirm_by is not None:
        leg.confirm_by = told.confirm_by
        world.timers.push(told.confirm_by, "confirm_by", leg)
    world.schedule_reassign(leg)
    world.told[leg.agent] = None


def _agent(world: World, snapshot: AgentSnapshot, _: int) -> None:
    agent = world.agent(snapshot.id)
    if not _is_newer(snapshot.version, agent.version, snapshot.force):
        return
    world.benches.dismiss(agent)
    agent.version = snapshot.version
    agent.key = snapshot.key
    agent.presence, agent.presence_reason = snapshot.presence, snapshot.presence_reason
    agent.lease, agent.connected = snapshot.lease, snapshot.connected
    agent.phones = snapshot.phones
    agent.idle_since = snapshot.idle_since
    agent.last_accepted_at = snapshot.last_accepted_at
    lost_at, lost_before = None if snapshot.lease else snapshot.lease_lost_at, agent.lease_lost_at
    agent.lease_lost_at = lost_at
    agent.teams = frozenset(snapshot.teams)
    agent.skills = with_phones(snapshot.skills, snapshot.phones or ())
    agent.channels = None if snapshot.channels is None else frozenset(snapshot.channels)
    agent.capacity = Capacity(snapshot.units_max, dict(snapshot.channel_max))
    agent.shift = snapshot.shift
    world.qualified_anew(agent)
    world.told[agent] = None
    for leg in agent.legs if lost_at != lost_before else ():
        world.schedule_reassign(leg)


def _removed(world: World, removed: AgentRemoved, _: int) -> None:
    agent = world.agents.get(removed.id)
    if agent is None or removed.version <= agent.version:
        return
    world.benches.dismiss(agent)
    agent.version = removed.version
    agent.presence, agent.lease, agent.teams = "offline", False, frozenset()
    world.qualified_anew(agent)
    world.told[agent] = None


def _policy(world: World, replaced: PolicyReplaced, now: int) -> None:
    world.replace_policy(replaced.policy)
    for item in world.waiting_items():
        world.move(item, now)
    for agent in world.agents.values():
        for leg in agent.legs:
            world.schedule_reassign(leg)


def _measured(world: World, measured: QueueMeasured, _: int) -> None:
    world.staffing.measure(measured)


def withdraw_told(world: World) -> None:
    """Who cannot keep an open offer, by what the snapshots of this instant say, loses it."""
    for agent in sorted(world.told, key=lambda agent: agent.id):
        if not agent.keeps_offers:
            withdraw(world, agent, _why(agent))
    world.told.clear()


def _why(agent: Agent) -> Reason:
    if not agent.lease:
        return "lease_lost"
    return "not_responding" if agent.presence == "not_responding" else "went_away"


_EFFECTS: dict[type, Effect] = {
    **TRANSITIONS,
    InteractionSnapshot: _interaction,
    AgentSnapshot: _agent,
    AgentRemoved: _removed,
    PolicyReplaced: _policy,
    QueueMeasured: _measured,
}
