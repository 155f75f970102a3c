"""One matching (SEMANTICS §1.5): offer work to agents until nothing can be offered.

After a matching no eligible pair is left, so the next one needs to look only at agents that changed since
(`fresh`) and at work nobody has been sought for (hot lanes). While it runs, agents only lose room and work
only leaves; the one exception, work no longer kept for a preferred agent who has just been taken, is placed
anew.
"""

from collections.abc import Iterable
from operator import itemgetter

from routing.decision import Reason
from routing.entity import Agent, IdleEntry, Item, Leg
from routing.waiting import Entry, Lane, Shelf
from routing.world import World

CROWD = 8
"""With more fresh agents than this, the benches find them faster than asking each."""

Ranked = tuple[int, IdleEntry]
"""(rank, the agent's place): the lowest is whom the work is offered to."""

Found = tuple[int, Entry, Ranked]
"""(deferred, entry, whom to offer it to): a shelf's first one; within a queue the lowest goes first."""

First = tuple[int, int, int, int, str, Item, Agent]
"""(deferred, late, rank, origin, id, interaction, agent): a queue's first one, in the order they compete."""


def match(world: World, now: int) -> None:
    """Make all offers that can be made at `now`, in their order."""
    if world.dirty or world.waiting.hot:
        _Matching(world, now).run()


class _Matching:
    def __init__(self, world: World, now: int) -> None:
        self._world = world
        self._now = now
        self._serial = world.next_matching()
        self._firsts: dict[str, First] = {}
        self._fresh: dict[Agent, None] = {}
        self._queues: dict[str, None] = {}
        self._crowd = False

    def run(self) -> None:
        self._gather()
        for queue in {**self._queues, **self._world.waiting.hot}:
            self._seek(queue)
        while self._firsts:
            first = min(self._firsts.values())
            self._after(first, self._offer(first))
        for agent in self._fresh:
            self._world.benches.post(agent)
        self._world.waiting.hot.clear()

    # ---- who and what

    def _gather(self) -> None:
        """Refresh the agents that changed; work that prefers them may go another way now."""
        world = self._world
        changed = list(world.dirty)
        world.dirty.clear()
        for agent in changed:
            agent.refresh()
        if world.preferring:
            for agent in changed:
                self._place_preferring(agent)
        grown = [agent for agent in changed if agent.has_grown()]
        self._crowd = len(grown) > CROWD
        for agent in grown:
            self._queues.update(dict.fromkeys(world.queues_of(agent)))
        if not self._crowd:
            self._fresh = dict.fromkeys(grown)
        for agent in changed:
            agent.searched = agent.open
            if agent not in self._fresh:
                world.benches.post(agent)

    def _place_preferring(self, agent: Agent) -> list[str]:
        """The queues in which work that prefers the agent was placed anew."""
        kept = list(self._world.preferring.get(agent.id, {}).values())
        for item in kept:
            self._world.move(item, self._now)
        return [item.queue for item in kept]

    # ---- step 1: each queue's first one

    def _seek(self, queue: str) -> None:
        """Find the queue's first one anew."""
        found = self._first_of_queue(queue)
        if found is None:
            self._firsts.pop(queue, None)
        else:
            deferred, (late, origin, interaction, _, item), (rank, place) = found
            self._firsts[queue] = deferred, late, rank, origin, interaction, item, place[4]

    def _first_of_queue(self, queue: str) -> Found | None:
        """The earliest of its shelves' first ones; where nothing can have changed nobody looks."""
        world = self._world
        hot = world.waiting.hot.get(queue)
        if not world.waiting.shelves(queue) or not (self._fresh or hot or self._crowd):
            return None
        fresh = [agent for agent in self._fresh if queue in world.queues_of(agent)]
        if len(fresh) == 1 and not hot and not self._crowd:
            return self._first_for(fresh[0], queue)
        if not fresh and not self._crowd:
            shelves: Iterable[Shelf] = hot or ()
        else:
            shelves = world.waiting.shelves(queue)
        found = [first for shelf in shelves if (first := self._first_of(shelf, fresh)) is not None]
        return min(found, key=itemgetter(0, 1)) if found else None

    def _first_for(self, agent: Agent, queue: str) -> Found | None:
        """The same for one agent and work that had been sought for: by far the most frequent case."""
        best: Found | None = None
        waiting = self._world.waiting
        for shelf, rank in waiting.view(self._world.policy.queues[queue], agent.teams):
            if not shelf.order or shelf.channel not in agent.open:
                continue
            for entry in shelf.order:
                if best is not None and (shelf.deferred, entry) > best[:2]:
                    break
                lane = entry[4].lane
                if lane is not None and lane.failed != self._serial:
                    if agent.entry is not None and _fits(agent, lane):
                        best = shelf.deferred, entry, (rank, agent.entry)
                        break
                    lane.failed = self._serial
        return best

    def _first_of(self, shelf: Shelf, agents: list[Agent]) -> Found | None:
        """The first work of the shelf that somebody is eligible for."""
        seen = [(self._sees(agent, shelf), agent) for agent in agents]
        fresh = [(rank, agent) for rank, agent in seen if rank is not None]
        for entry in shelf.order if fresh or self._crowd else shelf.hot_heads():
            lane = entry[4].lane
            if lane is None or lane.failed == self._serial:
                continue
            ranked = self._best_agent(lane, fresh)
            if ranked is not None:
                return shelf.deferred, entry, ranked
            lane.failed = self._serial
            shelf.cool(lane)
        return None

    @staticmethod
    def _sees(agent: Agent, shelf: Shelf) -> int | None:
        return shelf.rank(agent.teams) if shelf.channel in agent.open else None

    # ---- step 3: the agent for it

    def _best_agent(self, lane: Lane, fresh: list[tuple[int, Agent]]) -> Ranked | None:
        if lane.only is not None:
            rank = self._sees(lane.only, lane.shelf)
            return None if rank is None or lane.only.entry is None else (rank, lane.only.entry)
        best = self._best_fresh(lane, fresh) if fresh else None
        if self._crowd or not lane.cold:
            benched = self._world.benches.best(lane)
            if benched is not None and (best is None or benched < best):
                return benched
        return best

    @staticmethod
    def _best_fresh(lane: Lane, fresh: list[tuple[int, Agent]]) -> Ranked | None:
        ranked = [(rank, agent.entry) for rank, agent in fresh if agent.entry and _fits(agent, lane)]
        return min(ranked, default=None)

    # ---- step 2: the winner of all queues

    def _offer(self, first: First) -> Agent:
        _, _, rank, origin, _, item, agent = first
        world = self._world
        rules = world.policy.queues[item.queue].channels[item.channel]
        reason: Reason = "preferred" if item.lane and item.lane.only is agent else "longest_idle"
        world.unplace(item)
        leg = Leg(item, agent, world.policy.units[item.channel])
        leg.deadline = self._now + rules.offer_us
        leg.ordinal = world.ordinal + 1
        item.state = "offered"
        world.attach(leg)
        world.timers.push(leg.deadline, "deadline", leg)
        world.decide(
            "offer", reason, item, agent, units=leg.units, deadline=leg.deadline,
            score_us=self._now - origin, rank=rank,
        )  # fmt: skip
        return agent

    def _after(self, first: First, agent: Agent) -> None:
        """The agent has less room now: find anew the first ones that the offer touched."""
        world = self._world
        world.dirty.pop(agent, None)
        agent.refresh()
        agent.searched = agent.open
        if agent not in self._fresh:
            world.benches.post(agent)
        elif not agent.open:
            del self._fresh[agent]
        touched = {first[5].queue: None}
        touched.update((queue, None) for queue, other in self._firsts.items() if other[6] is agent)
        touched.update(dict.fromkeys(self._place_preferring(agent)))
        for queue in touched:
            self._seek(queue)


def _fits(agent: Agent, lane: Lane) -> bool:
    """Whether an agent whose work this may be by queue, rank and room is asked for and not excluded."""
    if agent.id in lane.excluded or (lane.only is not None and lane.only is not agent):
        return False
    return lane.own.is_anyone or lane.own.holds(agent.skills, agent.key)
