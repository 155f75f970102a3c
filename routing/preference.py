"""`prefer`: whether work is kept for the agent who had it last, or is anyone's (SEMANTICS §1.3)."""

from typing import NamedTuple

from routing.entity import Agent, Item
from routing.policy import Policy, Queue


class Preference(NamedTuple):
    """`agent`: only they are offered it. `waits_until`: it waits for a busy one until then."""

    agent: Agent | None
    waits_until: int | None


def preference(policy: Policy, queue: Queue, item: Item, agent: Agent, now: int) -> Preference:
    """Whether `item` is kept for its preferred `agent`, who sees it, has the skills and is not excluded."""
    prefers = item.returned or (queue.prefer is not None and queue.prefer.last_agent)
    if not prefers or not agent.is_available or not agent.may_serve(item.channel):
        return Preference(None, None)
    if agent.capacity.has_room(agent.load, item.channel, policy.units[item.channel]):
        return Preference(agent, None)
    until = item.entered_at + (queue.prefer.wait_us if queue.prefer else 0)
    if now < until and _is_free_before(policy, agent, until):
        return Preference(None, until)
    return Preference(None, None)


def _is_free_before(policy: Policy, agent: Agent, until: int) -> bool:
    """Whether a piece of the agent's work is expected to end before `until`."""
    for leg in agent.legs:
        queue = policy.queues.get(leg.item.queue)
        expected = queue.channels[leg.channel].expected_handle_us if queue else None
        if expected is not None and leg.accepted_at is not None and leg.accepted_at + expected < until:
            return True
    return False
