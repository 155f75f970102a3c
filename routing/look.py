"""Whether the engine keeps its own laws, looked at from outside the matching: by the questions that explain a
decision, asked of those who are free now and of what waits now. There must be nothing to find."""

from collections.abc import Collection, Iterable, Mapping
from itertools import islice
from typing import NamedTuple

from routing.decision import Decision
from routing.entity import Agent, Item
from routing.explain import first_against
from routing.waiting import Entry, Lane
from routing.world import World

PAIRS_MAX = 20_000
"""So many pairs of waiting work and agent are looked at, the oldest work first: some milliseconds."""

LANES_MAX = 50
"""Of one offer's queue."""


class Look(NamedTuple):
    """`breaching`: waiting interactions that somebody with room may take. `oldest_us`: by queue, the longest
    wait here of what somebody available takes, at the latest when they have room."""

    breaching: frozenset[str]
    oldest_us: Mapping[str, int]


def look(world: World, now: int) -> Look:
    """At what waits, by groups that see the same agents, and at everybody who is available."""
    available = [agent for agent in world.agents.values() if agent.is_available]
    breaching: set[str] = set()
    oldest_us: dict[str, int] = {}
    for since, lane in _oldest_first(world)[: PAIRS_MAX // max(len(available), 1)]:
        free, busy = _able(world, lane, available, now)
        queue = lane.shelf.queue.key
        if free:
            breaching.add(_head(lane)[-1].id)
        if free or busy:
            oldest_us[queue] = max(now - since, oldest_us.get(queue, 0))
    return Look(frozenset(breaching), oldest_us)


def overtakes(world: World, offer: Decision) -> bool:
    """Whether an offer of the latest instant went before other work by more than its head start, though its
    agent could have taken either: both of one queue and class, neither overdue nor preferring somebody."""
    item = world.items[offer.interaction or ""]
    queue = world.policy.queues[item.queue]
    overdue_at = world.overdue_at(item, queue)
    is_overdue = overdue_at is not None and overdue_at <= offer.at
    if queue.is_strict or is_overdue or offer.reason == "preferred":
        return False
    agent = world.agents[offer.agent or ""]
    deferred = 0 if queue.channels[item.channel].live else 1
    return any(
        first_against(world, other, [agent], offer.at, offer.ordinal)[0][1] is None
        for other in islice(_urgent(world, queue.key, deferred, offer.at - offer.score_us), LANES_MAX)
    )


def _urgent(world: World, queue: str, deferred: int, origin: int) -> Iterable[Item]:
    """What should go before work of this origin: the first of each lane that is not overdue and prefers
    nobody."""
    for lane in _lanes(world, queue):
        late, _, counted_from, *_, other = _head(lane)
        if lane.shelf.deferred == deferred and late and counted_from < origin and not other.preferring:
            yield other


def turns(world: World, interactions: Collection[str]) -> dict[str, int]:
    """Of each how many completions it takes until its own: its place in its queue. What does not wait, or no
    more, was next."""
    places: dict[str, dict[str, int]] = {}
    found = {}
    for id_ in interactions:
        item = world.items.get(id_)
        if item is None or item.slot is None:
            found[id_] = 1
            continue
        if item.queue not in places:
            places[item.queue] = _places(world, item.queue)
        found[id_] = places[item.queue][id_]
    return found


def _places(world: World, queue: str) -> dict[str, int]:
    entries = [(lane.shelf.deferred, entry) for lane in _lanes(world, queue) for entry in _entries(lane)]
    return {entry[-1].id: place for place, (_, entry) in enumerate(sorted(entries), start=1)}


def _able(world: World, lane: Lane, available: Iterable[Agent], now: int) -> tuple[list[Agent], list[Agent]]:
    """(who may take the lane's first one now, who lacks only the room)."""
    against = first_against(world, _head(lane)[-1], available, now)
    return [agent for agent, no in against if no is None], [
        agent for agent, no in against if no == "capacity"
    ]


def _oldest_first(world: World) -> list[tuple[int, Lane]]:
    """(since when its longest waiting one waits here, lane)."""
    lanes = [lane for queue in world.policy.queues for lane in _lanes(world, queue)]
    since = [(min(entry[-1].entered_at for entry in _entries(lane)), lane) for lane in lanes]
    return sorted(since, key=lambda found: found[0])


def _lanes(world: World, queue: str) -> Iterable[Lane]:
    return (lane for shelf in world.waiting.shelves(queue) for lane in shelf.lanes.values() if lane.head)


def _entries(lane: Lane) -> Iterable[Entry]:
    return (entry for entry in lane.heap if entry[-1].slot is entry)


def _head(lane: Lane) -> Entry:
    assert lane.head is not None, "a lane without work is given up"
    return lane.head
