"""One matching (SEMANTICS §1.5): offer work to agents until nothing can be offered.

After a matching no eligible pair is left, so the next one needs to look only at agents that changed since
(`fresh`) and at work nobody has been sought for (hot lanes). While it runs, agents only lose room and work
only leaves; the one exception, work no longer kept for a preferred agent who has just been taken, is placed
anew.
"""

from collections.abc import Collection, Iterable
from operator import itemgetter

from routing.direct import first_for, serve_agent, serve_item
from routing.entity import HOLDS_NOTHING, Agent
from routing.idle import Ranked
from routing.offering import First, Found, agent_of, competing, offer
from routing.staffing import lend
from routing.waiting import Lane, Shelf
from routing.world import World

CROWD = 8
"""With more fresh agents than this, the benches find them faster than asking each."""


def match(world: World, now: int) -> None:
    """Make all offers that can be made at `now`, in their order."""
    if world.staffing.changed:
        _lend(world, now)
    changed, came, hot = world.dirty, world.waiting.new, world.waiting.hot
    if not (changed or came or hot):
        return
    if hot or len(changed) + len(came) > 1 or world.preferring or world.policy.reserving_queues:
        _Matching(world, now).run()
    elif came:
        serve_item(world, next(iter(came)), now)
    else:
        serve_agent(world, next(iter(changed)), now)


def _lend(world: World, now: int) -> None:
    """Lending may have turned: work that prefers somebody may go another way."""
    turned = lend(world.staffing, world.waiting, world.counts)
    if turned:
        preferring = {id_: item for kept in world.preferring.values() for id_, item in kept.items()}
        for _, item in sorted(preferring.items()):
            if item.queue in turned:
                world.move(item, now)


class _Matching:
    def __init__(self, world: World, now: int) -> None:
        self._world = world
        self._now = now
        self._serial = world.next_matching()
        self._firsts: dict[str, First] = {}
        self._fresh: dict[Agent, None] = {}
        self._grown: list[Agent] = []
        self._crowd = False

    def run(self) -> None:
        self._world.waiting.shelve_all()
        self._gather()
        if self._world.waiting.count:
            self._offer_all()
        for agent in self._fresh:
            self._world.benches.post(agent)
        self._world.waiting.hot.clear()

    def _offer_all(self) -> None:
        world = self._world
        queues = {queue: None for agent in self._grown for queue in world.queues_of(agent)}
        for queue in {**queues, **world.waiting.hot}:
            self._seek(queue)
        while self._firsts:
            found = min(self._firsts.values())[-1]
            self._after(found, offer(world, found, self._now))

    # ---- who and what

    def _gather(self) -> None:
        """Refresh the agents that changed; work that prefers them may go another way now."""
        world = self._world
        if not world.dirty:
            return
        changed, world.dirty = world.dirty, {}
        for agent in changed:
            agent.refresh()
        if world.preferring:
            for agent in changed:
                self._place_preferring(agent)
        self._grown = [agent for agent in changed if agent.has_grown()]
        self._crowd = len(self._grown) > CROWD
        if not self._crowd:
            self._fresh = dict.fromkeys(self._grown)
        for agent in changed:
            agent.searched = agent.open
            if agent not in self._fresh:
                world.benches.post(agent)

    def _place_preferring(self, agent: Agent) -> list[str]:
        """The queues in which work that prefers the agent was placed anew."""
        kept = list(self._world.preferring.get(agent.id, {}).values())
        for item in kept:
            self._world.move(item, self._now)
        self._world.waiting.shelve_all()
        return [item.queue for item in kept]

    # ---- step 1: each queue's first one

    def _seek(self, queue: str) -> None:
        """Find the queue's first one anew."""
        found = self._first_of_queue(queue)
        if found is None:
            self._firsts.pop(queue, None)
        else:
            self._firsts[queue] = competing(self._world, found, self._now)

    def _first_of_queue(self, queue: str) -> Found | None:
        """The earliest of its shelves' first ones; where nothing can have changed nobody looks."""
        world = self._world
        hot = world.waiting.hot.get(queue)
        if not world.waiting.shelves(queue) or not (self._fresh or hot or self._crowd):
            return None
        reserving = queue in world.policy.reserving_queues
        fresh = [agent for agent in self._fresh if queue in world.queues_of(agent)]
        if len(fresh) == 1 and not hot and not self._crowd and not reserving:
            return first_for(world, fresh[0], queue, self._serial)
        if not fresh and not self._crowd:
            shelves: Iterable[Shelf] = hot or ()
        else:
            shelves = world.waiting.shelves(queue)
        kept = self._reserved(queue, fresh) if reserving else ()
        found = [first for shelf in shelves if (first := self._first_of(shelf, fresh, kept)) is not None]
        return min(found, key=itemgetter(0, 1)) if found else None

    def _first_of(self, shelf: Shelf, agents: list[Agent], kept: Collection[Agent]) -> Found | None:
        """The first work of the shelf that somebody is eligible for; live work not those who are `kept`."""
        fresh = self._seeing(agents, shelf) if agents else []
        kept = () if shelf.deferred else kept
        for entry in shelf.order if fresh or self._crowd else shelf.hot_heads():
            lane = entry[-1].lane
            if lane is None or lane.failed == self._serial:
                continue
            ranked = self._best_but(lane, fresh, kept) if kept else self._best_agent(lane, fresh)
            if ranked is not None:
                return shelf.deferred, entry, ranked
            if not kept:  # whom they are kept for is offered to them next, and then they may be free again
                lane.failed = self._serial
                lane.cool()
        return None

    def _seeing(self, agents: Iterable[Agent], shelf: Shelf) -> list[tuple[int, Agent]]:
        seen = [(self._sees(agent, shelf), agent) for agent in agents]
        return [(rank, agent) for rank, agent in seen if rank is not None]

    @staticmethod
    def _sees(agent: Agent, shelf: Shelf) -> int | None:
        return shelf.rank(agent.teams) if shelf.channel in agent.open else None

    # ---- step 3: the agent for it

    def _best_agent(self, lane: Lane, fresh: list[tuple[int, Agent]]) -> Ranked | None:
        if lane.only is not None:
            rank = self._sees(lane.only, lane.shelf)
            return None if rank is None or lane.only.entry is None else (rank, 0, lane.only.entry)
        best = min(_fitting(lane, fresh), default=None) if fresh else None
        if self._crowd or not lane.cold:
            benched = self._world.benches.best(lane)
            if benched is not None and (best is None or benched < best):
                return benched
        return best

    def _best_but(self, lane: Lane, fresh: list[tuple[int, Agent]], kept: Collection[Agent]) -> Ranked | None:
        return min((ranked for ranked in self._able(lane, fresh) if ranked[2][4] not in kept), default=None)

    def _able(self, lane: Lane, fresh: list[tuple[int, Agent]]) -> list[Ranked]:
        """All who may take the lane's work now, some twice."""
        benched = self._world.benches.eligible(lane) if self._crowd or not lane.cold else []
        return _fitting(lane, fresh) + benched

    def _reserved(self, queue: str, agents: list[Agent]) -> frozenset[Agent]:
        """The last idle agents who could take deferred work that waits in the queue: not for live work. (What
        waited before this matching found nobody then: at its end nobody is kept.)"""
        idle: set[Agent] = set()
        for shelf in self._world.waiting.shelves(queue):
            fresh = self._seeing(agents, shelf)
            for lane in shelf.lanes.values() if shelf.deferred else ():
                able = self._able(lane, fresh)
                idle.update(place[4] for _, _, place in able if place[0] == HOLDS_NOTHING)
        limit = self._world.policy.queues[queue].reserve_deferred
        return frozenset(idle) if len(idle) <= limit else frozenset()

    # ---- step 2: the winner of all queues

    def _after(self, found: Found, agent: Agent) -> None:
        """The agent has less room now: find anew the first ones that the offer touched."""
        world = self._world
        agent.searched = agent.open
        if agent not in self._fresh:
            world.benches.post(agent)
        elif not agent.open:
            del self._fresh[agent]
        touched = {found[1][-1].queue: None}
        if len(self._firsts) > 1:
            touched.update(
                (queue, None) for queue, other in self._firsts.items() if agent_of(other[-1]) is agent
            )
        if world.preferring:
            touched.update(dict.fromkeys(self._place_preferring(agent)))
        if world.policy.reserving_queues:
            touched.update(dict.fromkeys(world.policy.reserving_queues))
        for queue in touched:
            self._seek(queue)


def _fitting(lane: Lane, fresh: list[tuple[int, Agent]]) -> list[Ranked]:
    """Those of the agents, each with the rank by which they see the work, who may take it."""
    return [
        (rank, lane.score(agent), agent.entry)
        for rank, agent in fresh
        if agent.entry is not None and lane.admits(agent, lane.asks)
    ]
