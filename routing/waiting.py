"""What waits, grouped so that all of a group see the same agents.

A shelf is a queue × channel × stage (how many of the memberships' delays have passed); a lane on it holds the
work of one requirement, one set of excluded agents and, while it is reserved, one agent. Within a lane the
order is static but for overdue promises, so a heap with lazy deletion serves; a shelf keeps its lanes'
heads sorted. A lane found without eligible agents is `cold`: until it empties, only agents that changed since
may serve it.
"""

from bisect import bisect_left, insort
from collections.abc import Collection
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from routing.policy import Queue
from routing.requirement import Requirement, both, either, levels_of

if TYPE_CHECKING:
    from routing.entity import Agent, Item

Entry = tuple[int, int, int, str, int, "Item"]
"""(0 overdue or 1, place of the tier, instant of origin, interaction id, serial, interaction): how a queue
orders what waits. With `urgency` the place is 0 and the origin less the head start."""

LaneKey = tuple[str, frozenset[str], str | None]

COMBINED_MAX = 1_000


class Lane:
    """`own` is what the interactions ask, `requirement` that and what the queue asks; `asks` is what of it
    is left to ask of agents who may meet the queue's in the end (`World.queues_of`). `failed` is the last
    matching that found nobody for it."""

    __slots__ = (
        "asks", "cold", "count", "excluded", "failed", "head", "heap", "key", "on_shift", "only", "own",
        "requirement", "shelf",
    )  # fmt: skip

    def __init__(self, shelf: "Shelf", key: LaneKey, own: Requirement, only: "Agent | None") -> None:
        self.shelf = shelf
        self.key = key
        self.own = own
        self.requirement = shelf.requirement(own)
        self.asks = self.requirement if shelf.queue.steps else own
        self.on_shift = shelf.queue.on_shift
        self.excluded = key[1]
        self.only = only
        self.heap: list[Entry] = []
        self.count = 0
        self.head: Entry | None = None
        self.cold = False
        self.failed = 0

    def admits(self, agent: "Agent", requirement: Requirement) -> bool:
        """Whether an agent who has room and sees the work meets `requirement` (`asks` or the whole one), is
        on shift where that counts, and is not excluded."""
        if agent.id in self.excluded or (self.only is not None and self.only is not agent):
            return False
        if self.on_shift and not agent.on_shift:
            return False
        return not requirement.covers or requirement.holds(agent.skills, agent.key)

    def score(self, agent: "Agent") -> int:
        """What the queue's strategy asks before the order of `longest_idle`; the lowest goes first."""
        strategy = self.shelf.queue.strategy
        if strategy == "longest_idle":
            return 0
        return agent.load.units if strategy == "least_loaded" else -self.skill_sum(agent)

    def skill_sum(self, agent: "Agent") -> int:
        """The agent's levels in all skills that the interaction asks for, and the first of the queue's own
        and its steps' requirements that they meet."""
        met = next((one for one in self.shelf.accepted if one.holds(agent.skills, agent.key)), self.own)
        return levels_of(agent.skills, self.own.skills | met.skills)

    def add(self, entry: Entry) -> None:
        heappush(self.heap, entry)
        self.count += 1
        if self.head is None or entry < self.head:
            self.shelf.reorder(self, entry)

    def discard(self, entry: Entry) -> None:
        """The caller has already cleared the item's slot: that is what voids an entry."""
        self.count -= 1
        if entry is self.head:
            self.shelf.reorder(self, self._next())
        elif len(self.heap) > 2 * self.count + 16:
            self.heap = [kept for kept in self.heap if kept[-1].slot is kept]
            heapify(self.heap)

    def cool(self) -> None:
        """Nobody is eligible for its work now."""
        if not self.cold:
            self.cold = True
            del self.shelf.hot[self]

    def _next(self) -> Entry | None:
        while self.heap and self.heap[0][-1].slot is not self.heap[0]:
            heappop(self.heap)
        return self.heap[0] if self.heap else None


class Shelf:
    """`order` is its lanes' heads, sorted; `hot` its lanes that are not cold; `busy` its queue's shelves on
    which something waits. `accepted`: any of these requirements of the queue will do. `latest` is the lane
    made last: most work asks the same."""

    __slots__ = (
        "accepted", "busy", "channel", "combined", "deferred", "hot", "lanes", "latest", "order", "queue",
        "ranks", "stage", "teams_by_rank",
    )  # fmt: skip

    def __init__(
        self, queue: Queue, channel: str, stage: int, lent: Collection[str], busy: "dict[Shelf, None]"
    ) -> None:
        self.queue = queue
        self.busy = busy
        self.channel = channel
        self.stage = stage
        self.deferred = 0 if queue.channels[channel].live else 1
        self.accepted = queue.accepted(stage)
        self.combined: dict[str, Requirement] = {}
        self.lanes: dict[LaneKey, Lane] = {}
        self.latest: Lane | None = None
        self.hot: dict[Lane, None] = {}
        self.order: list[Entry] = []
        self.lend(lent)

    def lend(self, teams: Collection[str]) -> None:
        """From now on these teams see its work too: who sought nobody before does so again."""
        self.teams_by_rank = self.queue.teams_by_rank(self.stage, teams)
        self.ranks: dict[frozenset[str], int | None] = {}
        for lane in self.lanes.values():
            lane.cold = False
            self.hot[lane] = None

    def rank(self, teams: frozenset[str]) -> int | None:
        """The best rank by which a member of `teams` sees this work, None when they do not."""
        try:
            return self.ranks[teams]
        except KeyError:
            seen = (rank for rank, served in self.teams_by_rank if not teams.isdisjoint(served))
            return self.ranks.setdefault(teams, next(seen, None))

    def lane(self, own: Requirement, excluded: frozenset[str], only: "Agent | None") -> Lane:
        """A new one is among the shelf's once something stands in it."""
        key = (own.text, excluded, only.id if only else None)
        lane = self.lanes.get(key) or self.latest
        if lane is None or lane.key != key:
            lane = self.latest = Lane(self, key, own, only)
        return lane

    def keep(self, lane: Lane) -> Lane:
        """The lane of that key."""
        kept = self.lanes.setdefault(lane.key, lane)
        if kept.head is None:
            self.hot[kept] = None
        return kept

    def requirement(self, own: Requirement) -> Requirement:
        """What the interaction and the queue ask, joined."""
        found = self.combined.get(own.text)
        if found is None:
            if len(self.combined) >= COMBINED_MAX:
                self.combined.clear()
            found = self.combined[own.text] = both(own, either(self.accepted))
        return found

    def reorder(self, lane: Lane, head: Entry | None) -> None:
        """`head` is the lane's first from now on; an empty lane is given up."""
        if lane.head is not None:
            del self.order[bisect_left(self.order, lane.head)]
        lane.head = head
        if head is not None:
            insort(self.order, head)
        else:
            del self.lanes[lane.key]
            self.hot.pop(lane, None)
            lane.cold = False
        if self.order:
            self.busy[self] = None
        else:
            self.busy.pop(self, None)

    def hot_heads(self) -> list[Entry]:
        heads = [lane.head for lane in self.hot if lane.head is not None]
        if len(heads) > 1:
            heads.sort()
        return heads


class Waiting:
    """All shelves. `new` is what came and stands on none yet: most of it is offered at once. `hot` are those,
    by queue, with a lane that nobody has been sought for yet. `lent` are the teams that a queue's work is
    lent to now."""

    def __init__(self) -> None:
        self.new: dict[Item, None] = {}
        self.hot: dict[str, dict[Shelf, None]] = {}
        self.lent: dict[str, tuple[str, ...]] = {}
        self.count = 0
        self._serial = 0
        self._shelves: dict[tuple[str, str, int], Shelf] = {}
        self._busy: dict[str, dict[Shelf, None]] = {}
        self._views: dict[str, dict[frozenset[str], list[tuple[Shelf, int]]]] = {}

    def shelves(self, queue: str) -> Collection[Shelf]:
        """The shelves of a queue on which something waits."""
        return self._busy.get(queue, ())

    def view(self, queue: Queue, teams: frozenset[str]) -> list[tuple[Shelf, int]]:
        """The queue's shelves whose work members of `teams` see, with the rank by which they do."""
        try:
            return self._views[queue.key][teams]
        except KeyError:
            stages = range(len(queue.thresholds) + 1)
            shelves = [self.shelf(queue, channel, stage) for channel in queue.channels for stage in stages]
            ranked = [(shelf, shelf.rank(teams)) for shelf in shelves]
            view = [(shelf, rank) for shelf, rank in ranked if rank is not None]
            return self._views.setdefault(queue.key, {}).setdefault(teams, view)

    def shelf(self, queue: Queue, channel: str, stage: int) -> Shelf:
        try:
            return self._shelves[queue.key, channel, stage]
        except KeyError:
            busy = self._busy.setdefault(queue.key, {})
            shelf = Shelf(queue, channel, stage, self.lent.get(queue.key, ()), busy)
            return self._shelves.setdefault((queue.key, channel, stage), shelf)

    def lend(self, queue: str, teams: tuple[str, ...]) -> None:
        """The queue's work is lent to exactly these from now on."""
        self.lent[queue] = teams
        self._views.pop(queue, None)
        for shelf in [shelf for key, shelf in self._shelves.items() if key[0] == queue]:
            shelf.lend(teams)
        for shelf in self.shelves(queue):
            self.hot.setdefault(queue, {})[shelf] = None

    def add(self, item: "Item", lane: Lane, late: int, place: int, origin: int) -> None:
        self._serial += 1
        self.count += 1
        item.lane = lane
        item.slot = late, place, origin, item.id, self._serial, item
        self.new[item] = None

    def shelve(self, item: "Item") -> Lane:
        """It stands on its shelf from now on."""
        assert item.lane is not None and item.slot is not None
        del self.new[item]
        lane = item.lane = item.lane.shelf.keep(item.lane)
        lane.add(item.slot)
        return lane

    def shelve_all(self) -> None:
        """Somebody must be sought for what is new."""
        for item in list(self.new):
            lane = self.shelve(item)
            if not lane.cold:
                self.hot.setdefault(lane.shelf.queue.key, {})[lane.shelf] = None

    def remove(self, item: "Item") -> None:
        """Take out what waits."""
        lane, entry = item.lane, item.slot
        assert lane is not None and entry is not None
        item.lane = item.slot = None
        self.count -= 1
        if item in self.new:
            del self.new[item]
        else:
            lane.discard(entry)
