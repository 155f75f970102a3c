"""Whether the engine keeps its own laws, looked at from outside the matching: by the questions that explain a
decision, asked of those who are free now and of what waits now. There must be nothing to find."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping
from itertools import islice
from typing import NamedTuple

from routing.decision import Decision
from routing.entity import Agent, Item
from routing.explain import first_against
from routing.waiting import Entry, Lane
from routing.world import World

PAIRS_MAX = 4_000
"""So many pairs of waiting work and agent are looked at, the oldest work first: some milliseconds."""

OTHERS_MAX = 8
"""So much other work is held against one offer."""


class Look(NamedTuple):
    """`breaching`: waiting interactions that somebody with room may take. `oldest_us`: by queue, the longest
    wait here of what somebody available takes, at the latest when they have room."""

    breaching: frozenset[str]
    oldest_us: Mapping[str, int]


def look(world: World, now: int) -> Look:
    """At what waits, by groups that see the same agents, and at who is available of those."""
    available, left = _by_teams(world), PAIRS_MAX
    breaching: set[str] = set()
    oldest_us: dict[str, int] = {}
    for since, lane in _oldest_first(world):
        seeing = [
            one for teams in available if lane.shelf.rank(teams) is not None for one in available[teams]
        ]
        against = [reason for _, reason in first_against(world, _head(lane)[-1], seeing, now)]
        queue = lane.shelf.queue.key
        if None in against:
            breaching.add(_head(lane)[-1].id)
        if None in against or "capacity" in against:
            oldest_us[queue] = max(now - since, oldest_us.get(queue, 0))
        left -= len(seeing)
        if left <= 0:
            break
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
        for other in islice(_urgent(world, agent, queue.key, deferred, offer.at - offer.score_us), OTHERS_MAX)
    )


def _urgent(world: World, agent: Agent, queue: str, deferred: int, origin: int) -> Iterable[Item]:
    """What should go before work of this origin, as far as teams and skills go: the first of each lane that
    is not overdue and prefers nobody."""
    for lane in _lanes(world, queue):
        late, _, counted_from, *_, other = _head(lane)
        if lane.shelf.deferred != deferred or not late or counted_from >= origin or other.preferring:
            continue
        if lane.shelf.rank(agent.teams) is not None and lane.requirement.holds(agent.skills, agent.key):
            yield other


def turns(world: World, interactions: Collection[str]) -> dict[str, int]:
    """Of each how many completions it takes until its own: its place in its queue. What does not wait, or no
    more, was next."""
    lines: dict[str, list[tuple[int, Entry]]] = {}
    found = {}
    for id_ in interactions:
        item = world.items.get(id_)
        if item is None or item.slot is None or item.lane is None:
            found[id_] = 1
            continue
        line = lines.get(item.queue) or lines.setdefault(item.queue, _in_line(world, item.queue))
        found[id_] = bisect_left(line, (item.lane.shelf.deferred, item.slot)) + 1
    return found


def _in_line(world: World, queue: str) -> list[tuple[int, Entry]]:
    return sorted((lane.shelf.deferred, entry) for lane in _lanes(world, queue) for entry in _entries(lane))


def _by_teams(world: World) -> Mapping[frozenset[str], list[Agent]]:
    """Who is available."""
    found: dict[frozenset[str], list[Agent]] = {}
    for agent in world.agents.values():
        if agent.is_available:
            found.setdefault(agent.teams, []).append(agent)
    return found


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
