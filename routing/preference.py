"""`prefer`: whether work is kept for a named agent, the account team or who had it last, or is anyone's
(SEMANTICS §1.3)."""

from collections.abc import Sequence
from typing import NamedTuple

from routing.entity import Agent, Item
from routing.policy import Policy, Queue


class Preference(NamedTuple):
    """`agent`: only they are offered it. `waits_until`: it waits for `busy` until then."""

    agent: Agent | None = None
    waits_until: int | None = None
    busy: Agent | None = None


NO_PREFERENCE = Preference()


def preferred(queue: Queue, item: Item) -> tuple[str, ...]:
    """The ids of whom the queue prefers for it, the first one first. Work that was in somebody's hands goes
    back to them whatever the queue prefers."""
    if item.preferred is None and item.last_agent is None and not item.account_team:
        return ()
    prefer = queue.prefer
    named = (item.preferred,) if item.preferred and (prefer or item.returned) else ()
    if prefer is None:
        return named
    team = item.account_team if prefer.account_team else ()
    last = (item.last_agent,) if item.last_agent and prefer.last_agent else ()
    return tuple(dict.fromkeys((*named, *team, *last)))


def preference(policy: Policy, queue: Queue, item: Item, agents: Sequence[Agent], now: int) -> Preference:
    """Whether `item` is kept for one of the preferred `agents`, all of whom see it, have the skills and are
    not excluded."""
    present = [agent for agent in agents if agent.is_available and agent.may_serve(item.channel)]
    units = policy.units[item.channel]
    for agent in present:
        if agent.capacity.has_room(agent.load, item.channel, units, policy.interrupts):
            return Preference(agent)
    until = item.entered_at + (queue.prefer.wait_us if queue.prefer else 0)
    if now < until:
        for agent in present:
            if _is_free_before(policy, agent, until):
                return Preference(None, until, agent)
    return NO_PREFERENCE


def _is_free_before(policy: Policy, agent: Agent, until: int) -> bool:
    """Whether a piece of the agent's work is expected to end before `until`."""
    for leg in agent.legs:
        queue = policy.queues.get(leg.item.queue)
        expected = queue.channels[leg.channel].expected_handle_us if queue else None
        if expected is not None and leg.accepted_at is not None and leg.accepted_at + expected < until:
            return True
    return False
