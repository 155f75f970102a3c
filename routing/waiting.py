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
from routing.requirement import Requirement, both

if TYPE_CHECKING:
    from routing.entity import Agent, Item

Entry = tuple[int, int, str, int, "Item"]
"""(0 overdue or 1, instant of origin less head start, interaction id, serial, interaction)."""

LaneKey = tuple[str, frozenset[str], str | None]

COMBINED_MAX = 1_000


class Lane:
    """`own` is what the interactions ask, `requirement` that and what the queue asks; `failed` is the last
    matching that found nobody for it."""

    __slots__ = (
        "cold", "count", "excluded", "failed", "head", "heap", "key", "only", "own", "requirement", "shelf",
    )  # fmt: skip

    def __init__(self, shelf: "Shelf", key: LaneKey, own: Requirement, only: "Agent | None") -> None:
        self.shelf = shelf
        self.key = key
        self.own = own
        self.requirement = shelf.requirement(own)
        self.excluded = key[1]
        self.only = only
        self.heap: list[Entry] = []
        self.count = 0
        self.head: Entry | None = None
        self.cold = False
        self.failed = 0

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
            self.heap = [kept for kept in self.heap if kept[4].slot is kept]
            heapify(self.heap)

    def _next(self) -> Entry | None:
        while self.heap and self.heap[0][4].slot is not self.heap[0]:
            heappop(self.heap)
        return self.heap[0] if self.heap else None


class Shelf:
    """`order` is its lanes' heads, sorted; `hot` its lanes that are not cold; `busy` its queue's shelves on
    which something waits."""

    __slots__ = (
        "busy", "channel", "combined", "deferred", "hot", "lanes", "order", "queue", "ranks", "teams_by_rank",
    )  # fmt: skip

    def __init__(self, queue: Queue, channel: str, stage: int, all_of_queue: "Shelves") -> None:
        self.queue = queue
        self.busy = all_of_queue.busy
        self.combined = all_of_queue.combined
        self.channel = channel
        self.deferred = 0 if queue.channels[channel].live else 1
        self.teams_by_rank = queue.teams_by_rank(stage)
        self.ranks: dict[frozenset[str], int | None] = {}
        self.lanes: dict[LaneKey, Lane] = {}
        self.hot: dict[Lane, None] = {}
        self.order: list[Entry] = []

    def rank(self, teams: frozenset[str]) -> int | None:
        """The best rank by which a member of `teams` sees this work, None when they do not."""
        try:
            return self.ranks[teams]
        except KeyError:
            seen = (rank for rank, served in self.teams_by_rank if not teams.isdisjoint(served))
            return self.ranks.setdefault(teams, next(seen, None))

    def lane(self, own: Requirement, excluded: frozenset[str], only: "Agent | None") -> Lane:
        key = (own.text, excluded, only.id if only else None)
        lane = self.lanes.get(key)
        if lane is None:
            lane = self.lanes[key] = Lane(self, key, own, only)
            self.hot[lane] = None
        return lane

    def requirement(self, own: Requirement) -> Requirement:
        """What the interaction and the queue ask, joined."""
        found = self.combined.get(own.text)
        if found is None:
            if len(self.combined) >= COMBINED_MAX:
                self.combined.clear()
            found = self.combined[own.text] = both(own, self.queue.requirement)
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
        if self.order:
            self.busy[self] = None
        else:
            self.busy.pop(self, None)

    def hot_heads(self) -> list[Entry]:
        heads = [lane.head for lane in self.hot if lane.head is not None]
        if len(heads) > 1:
            heads.sort()
        return heads

    def cool(self, lane: Lane) -> None:
        """Nobody is eligible for it now."""
        if not lane.cold:
            lane.cold = True
            del self.hot[lane]


class Shelves:
    """What the shelves of one queue share: which of them hold something, and the joined requirements."""

    __slots__ = ("busy", "combined")

    def __init__(self) -> None:
        self.busy: dict[Shelf, None] = {}
        self.combined: dict[str, Requirement] = {}


class Waiting:
    """All shelves. `hot` are those, by queue, with a lane that nobody has been sought for yet."""

    def __init__(self) -> None:
        self.hot: dict[str, dict[Shelf, None]] = {}
        self.count = 0
        self._serial = 0
        self._shelves: dict[tuple[str, str, int], Shelf] = {}
        self._of_queue: dict[str, Shelves] = {}
        self._views: dict[tuple[str, frozenset[str]], list[tuple[Shelf, int]]] = {}

    def shelves(self, queue: str) -> Collection[Shelf]:
        """The shelves of a queue on which something waits."""
        shelves = self._of_queue.get(queue)
        return shelves.busy if shelves else ()

    def view(self, queue: Queue, teams: frozenset[str]) -> list[tuple[Shelf, int]]:
        """The queue's shelves whose work members of `teams` see, with the rank by which they do."""
        view = self._views.get((queue.key, teams))
        if view is None:
            stages = range(len(queue.delays) + 1)
            shelves = [self.shelf(queue, channel, stage) for channel in queue.channels for stage in stages]
            ranked = [(shelf, shelf.rank(teams)) for shelf in shelves]
            view = [(shelf, rank) for shelf, rank in ranked if rank is not None]
            self._views[queue.key, teams] = view
        return view

    def shelf(self, queue: Queue, channel: str, stage: int) -> Shelf:
        try:
            return self._shelves[queue.key, channel, stage]
        except KeyError:
            shelf = Shelf(queue, channel, stage, self._of_queue.setdefault(queue.key, Shelves()))
            return self._shelves.setdefault((queue.key, channel, stage), shelf)

    def add(self, item: "Item", lane: Lane, late: int, origin: int) -> None:
        self._serial += 1
        self.count += 1
        entry = (late, origin, item.id, self._serial, item)
        item.lane = lane
        item.slot = entry
        lane.add(entry)
        if not lane.cold:
            self.hot.setdefault(lane.shelf.queue.key, {})[lane.shelf] = None

    def remove(self, item: "Item") -> None:
        lane, entry = item.lane, item.slot
        if lane is None or entry is None:
            return
        item.lane = item.slot = None
        self.count -= 1
        lane.discard(entry)
