"""The facts of a trace as transitions: what each changes, and what of it makes no sense and is ignored."""

from collections.abc import Callable
from typing import Any

from routing.decision import Reason
from routing.entity import Agent, Item, Leg
from routing.events import (
    AgentAvailable,
    AgentLeaseLost,
    AgentUnavailable,
    InteractionCompleted,
    InteractionConnected,
    InteractionLeft,
    InteractionQueued,
    InteractionTransferred,
    OfferAccepted,
    OfferConnectFailed,
    OfferDeclined,
)
from routing.policy import ChannelRules
from routing.requirement import parse
from routing.world import World

Effect = Callable[[World, Any, int], None]
"""What an event changes, at an instant. Raises Ignored."""


class Ignored(Exception):
    """The event makes no sense in the present state."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


def withdraw(world: World, agent: Agent, reason: Reason) -> None:
    """Revoke all open offers of an agent; what was offered waits again."""
    for leg in agent.open_offers():
        revoke(world, leg, reason)


def revoke(world: World, leg: Leg, reason: Reason) -> None:
    world.decide("revoke", reason, leg.item, leg.agent, leg=leg.id, units=leg.units)
    world.detach(leg)
    world.wait(leg.item, world.now)


def not_responding(world: World, agent: Agent, reason: str) -> None:
    """They miss what rings. Who has left meanwhile, or chose a break, stays so."""
    if agent.presence == "available":
        agent.presence = "not_responding"
        agent.presence_reason = reason
    world.dirty[agent] = None
    world.lapsed[agent] = None


def connect_failed(world: World, leg: Leg, now: int) -> None:
    world.detach(leg)
    world.wait(leg.item, now)
    not_responding(world, leg.agent, "device")


def let_go(world: World, leg: Leg, now: int) -> None:
    """The agent's part is over after they handled it; what it interrupted goes on."""
    agent = leg.agent
    if now > agent.idle_since:
        agent.idle_since = now
    world.detach(leg)
    if not agent.legs:
        return
    held = sorted((other for other in agent.legs if other.interrupted), key=lambda other: other.item.id)
    for other in held:
        if not any(_interrupts(world, handled, other) for handled in agent.legs):
            other.state, other.interrupted = "active", False
            world.decide("resume", "interruption_over", other.item, agent, leg=other.id)


def _interrupts(world: World, leg: Leg, other: Leg) -> bool:
    """Whether `leg`, in the agent's hands, is of a channel that interrupts `other`."""
    return leg.state in ("active", "held") and other.channel in world.policy.interrupts.get(leg.channel, ())


def rules_of(world: World, item: Item) -> ChannelRules:
    return world.policy.queues[item.queue].channels[item.channel]


# ---- offers


def _accepted(world: World, event: OfferAccepted, now: int) -> None:
    leg = _held_leg(world, event.interaction, event.agent, "offered")
    leg.accepted_at = leg.agent.last_accepted_at = now
    leg.confirm_by = None
    # What changes is their place among those with room, and when they are expected to be free.
    if leg.agent.open or leg.agent.id in world.preferring:
        world.dirty[leg.agent] = None
    connect_us = rules_of(world, leg.item).connect_us
    if connect_us is None:
        return _activate(world, leg, now)
    leg.state = leg.item.state = "connecting"
    leg.deadline = now + connect_us
    world.timers.push(leg.deadline, "deadline", leg)
    return None


def _activate(world: World, leg: Leg, now: int) -> None:
    leg.state = leg.item.state = "active"
    leg.deadline = None
    world.stop_age(leg.item, now)
    if len(leg.agent.legs) == 1:
        return
    for other in sorted(leg.agent.legs, key=lambda other: other.item.id):
        if other.state == "active" and _interrupts(world, leg, other):
            other.state, other.interrupted = "held", True
            world.decide("hold", "interrupted", other.item, leg.agent, leg=other.id)


def _connect_failed(world: World, event: OfferConnectFailed, now: int) -> None:
    connect_failed(world, _held_leg(world, event.interaction, event.agent, "connecting"), now)


def _declined(world: World, event: OfferDeclined, now: int) -> None:
    leg = _held_leg(world, event.interaction, event.agent, "offered")
    item = leg.item
    world.detach(leg)
    item.excluded = {**(item.excluded or {}), event.agent: now + rules_of(world, item).cool_down_us}
    world.wait(item, now)


# ---- agents


def _available(world: World, event: AgentAvailable, now: int) -> None:
    agent = _known_agent(world, event.agent)
    if agent.presence == "available" and agent.lease:
        return
    _return(world, agent)
    agent.presence, agent.presence_reason = "available", None
    agent.idle_since = max(agent.idle_since, now)
    world.presence_changed(agent)


def _unavailable(world: World, event: AgentUnavailable, now: int) -> None:
    agent = _known_agent(world, event.agent)
    if event.reason == "offline":
        agent.presence, agent.presence_reason = "offline", None
    else:
        _return(world, agent)
        agent.presence, agent.presence_reason = "break", event.reason
    world.presence_changed(agent)
    withdraw(world, agent, "went_away")


def _return(world: World, agent: Agent) -> None:
    agent.lease = True
    agent.lease_lost_at = None
    for leg in agent.legs:
        leg.reassign_at = None


def _lease_lost(world: World, event: AgentLeaseLost, now: int) -> None:
    agent = _known_agent(world, event.agent)
    if not agent.lease:
        return
    agent.lease = False
    agent.lease_lost_at = now
    agent.presence, agent.presence_reason = "offline", "connection_lost"
    world.presence_changed(agent)
    withdraw(world, agent, "lease_lost")
    for leg in agent.legs:
        world.schedule_reassign(leg)


# ---- interactions


def _connected(world: World, event: InteractionConnected, now: int) -> None:
    item = _known_item(world, event.interaction)
    if item.state == "active" and rules_of(world, item).connect_us is None:
        _held_leg(world, event.interaction, event.agent, "active", "held")
        return
    leg = _held_leg(world, event.interaction, event.agent, "connecting")
    world.dirty[leg.agent] = None
    _activate(world, leg, now)


def _completed(world: World, event: InteractionCompleted, now: int) -> None:
    leg = _held_leg(world, event.interaction, event.agent, "active", "held")
    let_go(world, leg, now)
    world.forget(leg.item)


def _left(world: World, event: InteractionLeft, now: int) -> None:
    item = _known_item(world, event.interaction)
    leg = item.primary()
    if item.state not in ("queued", "offered", "connecting"):
        raise Ignored("wrong_state")
    if leg is not None:
        world.decide("revoke", "customer_left", item, leg.agent, leg=leg.id, units=leg.units)
    world.forget(item)


def _transferred(world: World, event: InteractionTransferred, now: int) -> None:
    item = _known_item(world, event.interaction)
    leg = item.primary()
    if leg is None or item.state != "active":
        raise Ignored("wrong_state")
    let_go(world, leg, now)
    item.preferred = item.last_agent = None
    item.account_team, item.returned = (), False
    world.enter_queue(item, event.queue, now)


def _queued(world: World, event: InteractionQueued, now: int) -> None:
    if event.interaction in world.items or event.interaction in world.gone:
        raise Ignored("already_known")
    item = world.items[event.interaction] = Item(event.interaction, event.queue, event.channel)
    item.tier = event.tier
    item.own = item.asked = parse(event.requirement)
    item.boost_us = event.boost_us
    item.age_us = event.waited_us
    item.preferred = event.preferred_agent
    item.account_team, item.last_agent = event.account_team, event.last_agent
    world.enter_queue(item, event.queue, now)


# ---- what an event speaks of


def _known_item(world: World, interaction: str) -> Item:
    try:
        return world.items[interaction]
    except KeyError:
        raise Ignored("wrong_state" if interaction in world.gone else "unknown_interaction") from None


def _known_agent(world: World, agent_id: str) -> Agent:
    agent = world.agents.get(agent_id)
    if agent is None:
        raise Ignored("unknown_agent")
    return agent


def _held_leg(world: World, interaction: str, agent: str, *states: str) -> Leg:
    item = _known_item(world, interaction)
    leg = item.primary()
    if leg is None or leg.state not in states:
        raise Ignored("wrong_state")
    if leg.agent.id != agent:
        raise Ignored("not_the_holder")
    return leg


TRANSITIONS: dict[type, Effect] = {
    OfferAccepted: _accepted,
    OfferConnectFailed: _connect_failed,
    OfferDeclined: _declined,
    AgentAvailable: _available,
    AgentUnavailable: _unavailable,
    AgentLeaseLost: _lease_lost,
    InteractionConnected: _connected,
    InteractionCompleted: _completed,
    InteractionLeft: _left,
    InteractionTransferred: _transferred,
    InteractionQueued: _queued,
}
