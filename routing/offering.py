"""The offer itself: of a queue's first one to the agent found for it."""

from routing.decision import Reason
from routing.entity import Agent, Leg
from routing.idle import Ranked
from routing.waiting import Entry
from routing.world import World

Found = tuple[int, Entry, Ranked]
"""(deferred, entry, whom to offer it to): a shelf's first one; within a queue the lowest goes first."""

First = tuple[int, int, int, int, str, Found]
"""(deferred, late, rank, origin, interaction id, itself): a queue's first one, in the order they compete."""


def competing(world: World, found: Found, now: int) -> First:
    """A queue's first one as it competes with those of other queues."""
    deferred, (late, _, origin, interaction, _, item), (rank, _, _) = found
    queue = world.policy.queues[item.queue]
    if queue.is_strict:
        origin = world.origin(item, queue, now)
    return deferred, late, rank, origin, interaction, found


def agent_of(found: Found) -> Agent:
    return found[2][2][4]


def offer(world: World, found: Found, now: int) -> Agent:
    """The agent has less room from now on."""
    _, (_, _, origin, _, _, item), (rank, _, (*_, agent)) = found
    queue = world.policy.queues[item.queue]
    if queue.is_strict:
        origin = world.origin(item, queue, now)
    preferred = item.lane is not None and item.lane.only is agent
    reason: Reason = "preferred" if preferred else queue.strategy
    world.unplace(item)
    leg = Leg(item, agent, world.policy.units[item.channel])
    leg.deadline = now + queue.channels[item.channel].offer_us
    leg.ordinal = world.ordinal + 1
    item.state = "offered"
    world.attach(leg)
    world.timers.push(leg.deadline, "deadline", leg)
    world.decide("offer", reason, item, agent, leg.units, leg.deadline, None, now - origin, rank)
    agent.refresh()
    world.dirty.pop(agent, None)
    return agent
