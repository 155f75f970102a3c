"""What nearly every matching is: one piece of work came, or one agent changed. The same offers as the whole
matching makes, with less to look at."""

from routing.entity import Agent, Item
from routing.offering import Found, competing, offer
from routing.world import World


def serve_item(world: World, item: Item, now: int) -> None:
    """For other work nobody became free: it goes to the best on the benches, or waits."""
    lane = item.lane
    assert lane is not None and item.slot is not None
    ranked = None if lane.cold else world.benches.best(lane)
    if ranked is None:
        world.waiting.shelve(item).cool()
    else:
        seat(world, offer(world, (lane.shelf.deferred, item.slot, ranked), now))


def serve_agent(world: World, agent: Agent, now: int) -> None:
    """For others nothing came: of each queue's first ones that they may take, the winner is theirs."""
    world.dirty.clear()
    agent.refresh()
    if world.waiting.count and agent.has_grown():
        matching = world.next_matching()
        while found := _winner(world, agent, matching, now):
            offer(world, found, now)
    seat(world, agent)


def seat(world: World, agent: Agent) -> None:
    """They have been served as far as can be, and take their place among the idle."""
    agent.searched = agent.open
    world.benches.post(agent)


def _winner(world: World, agent: Agent, matching: int, now: int) -> Found | None:
    if not agent.open:
        return None
    firsts = [
        found
        for queue in world.queues_of(agent)
        if world.waiting.shelves(queue) and (found := first_for(world, agent, queue, matching)) is not None
    ]
    if len(firsts) > 1:
        return min(competing(world, found, now) for found in firsts)[-1]
    return firsts[0] if firsts else None


def first_for(world: World, agent: Agent, queue: str, matching: int) -> Found | None:
    """The queue's first one that they may take; nothing of it is new."""
    best: Found | None = None
    for shelf, rank in world.waiting.view(world.policy.queues[queue], agent.teams):
        if not shelf.order or shelf.channel not in agent.open:
            continue
        for entry in shelf.order:
            if best is not None and (shelf.deferred, entry) > best[:2]:
                break
            lane = entry[-1].lane
            if lane is not None and lane.failed != matching:
                if agent.entry is not None and lane.admits(agent, lane.asks):
                    best = shelf.deferred, entry, (rank, 0, agent.entry)
                    break
                lane.failed = matching
    return best
