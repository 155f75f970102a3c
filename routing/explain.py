"""Why work waits and why an agent got it: every agent accounted for, by the first reason against.

The reasons are those of SEMANTICS §1.3. Structured, with stable codes; `routing.words` makes sentences of it.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from heapq import nsmallest
from itertools import takewhile
from operator import itemgetter
from typing import Any, Literal, NamedTuple, get_args

from routing.capacity import Load
from routing.decision import Decision
from routing.entity import NOBODY, Agent, Item, Leg
from routing.policy import Queue, Strategy
from routing.waiting import Entry, Lane, Shelf
from routing.world import World

Against = Literal[
    "signed_in",
    "available",
    "reachable",
    "permitted",
    "member",
    "visible",
    "skilled",
    "reserved",
    "capacity",
    "not_excluded",
    "on_shift",
]
AGAINST: tuple[Against, ...] = get_args(Against)
"""In the order in which they are asked; the first that fails is an agent's reason."""

LISTED_MAX = 200
RUNNERS_UP = 5


class Group(NamedTuple):
    """`total` agents have this reason; `agents` are the first `LISTED_MAX` of them by id."""

    reason: Against
    total: int
    agents: tuple[str, ...]


class Opening(NamedTuple):
    """At `at` something changes by time alone: the next teams see it (`visible`), a step accepts who meets
    `requirement` (`skilled`), an agent's cool-down ends (`not_excluded`) or their shift begins (`on_shift`),
    it is kept for nobody any longer (`reserved`), its promise is overdue (`promise`)."""

    at: int
    what: Literal["visible", "skilled", "not_excluded", "on_shift", "reserved", "promise"]
    teams: tuple[str, ...] = ()
    agent: str | None = None
    requirement: str | None = None


class Explanation(NamedTuple):
    """Of a waiting interaction. `ahead`: how many of its queue are served before it; `overtaken`: how many
    that have waited longer come after it. `kept_for`: only this agent is offered it. `lent_to`: the teams of
    other queues that may take it now; `strict`: tiers go before waiting time."""

    interaction: str
    at: int
    state: str
    queue: str
    channel: str
    tier: str
    requirement: str
    age_us: int
    head_start_us: int
    waited_here_us: int
    overdue: bool
    ahead: int
    overtaken: int
    kept_for: str | None
    lent_to: tuple[str, ...]
    strict: bool
    groups: tuple[Group, ...]
    openings: tuple[Opening, ...]
    policy_version: int


class Candidate(NamedTuple):
    """An eligible agent; `idle_since` if they hold nothing, else `last_accepted_at`. `units` are in use, and
    `skill_sum` adds up their levels in the skills asked for."""

    agent: str
    rank: int
    idle_since: int | None
    last_accepted_at: int | None
    units: int
    skill_sum: int


class Candidates(NamedTuple):
    """Behind an offer: the winner, who would have been next, and the queue's other agents by the reason
    against. `outside`: how many agents are in none of its teams. `overtaken`: how many of its queue have
    waited longer and wait on. `kept`: it was kept for the winner."""

    interaction: str
    at: int
    queue: str
    channel: str
    tier: str
    requirement: str
    age_us: int
    head_start_us: int
    waited_here_us: int
    overdue: bool
    overtaken: int
    kept: bool
    lent_to: tuple[str, ...]
    strict: bool
    strategy: Strategy
    winner: Candidate
    runners_up: tuple[Candidate, ...]
    eligible: int
    groups: tuple[Group, ...]
    outside: int
    policy_version: int


def to_json(found: Explanation | Candidates) -> dict[str, Any]:
    """Plain data for a document or an answer."""
    return {name: _plain(value) for name, value in found._asdict().items()}


def explain(world: World, item: Item, now: int) -> Explanation:
    """Looks at every agent once: some microseconds each."""
    queue = world.policy.queues[item.queue]
    shelf = world.waiting.shelf(queue, item.channel, queue.stage(now - item.entered_at))
    ahead, overtaken = _neighbours(world, item)
    overdue_at = world.overdue_at(item, queue)
    kept = _kept_for(world, item, queue, shelf, now)
    ask = _Ask(world, item, shelf, kept[0], now)
    return Explanation(
        interaction=item.id,
        at=now,
        state=item.state,
        queue=item.queue,
        channel=item.channel,
        tier=world.policy.tier(item.tier).key,
        requirement=shelf.requirement(item.asked).text,
        age_us=item.age(now),
        head_start_us=world.head_start(item, queue),
        waited_here_us=now - item.entered_at,
        overdue=overdue_at is not None and overdue_at <= now,
        ahead=ahead,
        overtaken=overtaken,
        kept_for=kept[0],
        lent_to=world.waiting.lent.get(queue.key, ()),
        strict=queue.is_strict,
        groups=_grouped(ask.against_of(world.agents.values())) if item.state == "queued" else (),
        openings=tuple(sorted(_openings(world, item, queue, kept, now), key=itemgetter(0, 1))),
        policy_version=world.policy.version,
    )


def candidates(world: World, decision: Decision) -> Candidates:
    """Who else could have got an offer, as it stood when it was made. Raises KeyError if its interaction is
    gone. Looks at the members of the queue's teams and at what waits in it: some microseconds each."""
    item = world.items[decision.interaction or ""]
    queue = world.policy.queues[item.queue]
    shelf = world.waiting.shelf(queue, item.channel, queue.stage(decision.at - item.entered_at))
    kept = decision.agent if decision.reason == "preferred" else None
    ask = _Ask(world, item, shelf, kept, decision.at, decision.ordinal)
    winner = world.agents[decision.agent or ""]
    members = [agent for agent in world.agents.values() if not agent.teams.isdisjoint(queue.teams)]
    against = ask.against_of(agent for agent in members if agent is not winner)
    able = [agent for agent, reason in against if reason is None]
    overdue_at = world.overdue_at(item, queue)
    age = item.age(decision.at)
    return Candidates(
        interaction=item.id,
        at=decision.at,
        queue=item.queue,
        channel=item.channel,
        tier=world.policy.tier(item.tier).key,
        requirement=shelf.requirement(item.asked).text,
        age_us=age,
        head_start_us=world.head_start(item, queue),
        waited_here_us=decision.at - item.entered_at,
        overdue=overdue_at is not None and overdue_at <= decision.at,
        overtaken=sum(entry[-1].age(decision.at) > age for _, entry in _waiting_in(world, item.queue)),
        kept=kept is not None,
        lent_to=world.waiting.lent.get(queue.key, ()),
        strict=queue.is_strict,
        strategy=queue.strategy,
        winner=ask.candidate(winner),
        runners_up=tuple(ask.candidate(agent) for agent in nsmallest(RUNNERS_UP, able, key=ask.order)),
        eligible=1 + len(able),
        groups=_grouped(against),
        outside=len(world.agents) - len(members),
        policy_version=world.policy.version,
    )


def first_against(
    world: World, item: Item, agents: Iterable[Agent], now: int, ordinal: int | None = None
) -> list[tuple[Agent, Against | None]]:
    """Each of these agents with the first reason against them, None for who may take it. `ordinal`: as
    things stood when the decision of that ordinal was taken."""
    queue = world.policy.queues[item.queue]
    shelf = world.waiting.shelf(queue, item.channel, queue.stage(now - item.entered_at))
    kept_for, _ = _kept_for(world, item, queue, shelf, now)
    return _Ask(world, item, shelf, kept_for, now, ordinal).against_of(agents)


class _Ask:
    """The questions of SEMANTICS §1.3 about one interaction. Legs offered from `ordinal` on do not count."""

    def __init__(
        self,
        world: World,
        item: Item,
        shelf: Shelf,
        kept_for: str | None,
        now: int,
        ordinal: int | None = None,
    ) -> None:
        queue = shelf.queue
        self._world = world
        self._item = item
        self._shelf = shelf
        self._lane = Lane(shelf, (item.own.text, NOBODY, None), item.own, None)
        self._units = world.policy.units[item.channel]
        self._excluded = item.excluded_at(now)
        self._ordinal = ordinal
        requirement = shelf.requirement(item.own)
        lent_to = world.waiting.lent.get(queue.key, ())
        members = {membership.team for membership in queue.memberships}.union(lent_to)
        self._asked: Mapping[Against, Callable[[Agent], bool]] = {
            "signed_in": lambda agent: agent.is_signed_in and agent.connected,
            "available": lambda agent: agent.presence == "available",
            "reachable": lambda agent: item.channel != "voice" or _is_reachable(agent, item.endpoint),
            "permitted": lambda agent: agent.channels is None or item.channel in agent.channels,
            "member": lambda agent: not agent.teams.isdisjoint(members),
            "visible": lambda agent: shelf.rank(agent.teams) is not None,
            "skilled": lambda agent: requirement.holds(agent.skills, agent.key),
            "reserved": lambda agent: kept_for in (None, agent.id),
            "capacity": self._has_room,
            "not_excluded": lambda agent: agent.id not in self._excluded,
            "on_shift": lambda agent: agent.on_shift or not queue.on_shift,
        }

    def against_of(self, agents: Iterable[Agent]) -> list[tuple[Agent, Against | None]]:
        """Each with the first reason against them; None: eligible."""
        return [(agent, self._first_against(agent)) for agent in agents]

    def order(self, agent: Agent) -> tuple[int | str, ...]:
        """The lowest is offered it first."""
        idle_order = agent.idle_order(len(agent.legs) > len(self._later(agent)))
        return self._shelf.rank(agent.teams) or 0, self._preferred_by(agent), *idle_order, agent.id

    def candidate(self, agent: Agent) -> Candidate:
        load = self._load(agent)
        holds = any(load.pieces.values())
        return Candidate(
            agent=agent.id,
            rank=self._shelf.rank(agent.teams) or 0,
            idle_since=None if holds else agent.idle_since,
            last_accepted_at=agent.last_accepted_at if holds else None,
            units=load.units,
            skill_sum=self._lane.skill_sum(agent),
        )

    def _preferred_by(self, agent: Agent) -> int:
        strategy = self._shelf.queue.strategy
        if strategy == "longest_idle":
            return 0
        return self._load(agent).units if strategy == "least_loaded" else -self._lane.skill_sum(agent)

    def _first_against(self, agent: Agent) -> Against | None:
        for reason, holds in self._asked.items():
            if not holds(agent):
                return reason
        return None

    def _has_room(self, agent: Agent) -> bool:
        interrupts = self._world.policy.interrupts
        return agent.capacity.has_room(self._load(agent), self._item.channel, self._units, interrupts)

    def _load(self, agent: Agent) -> Load:
        later = self._later(agent)
        if not later:
            return agent.load
        load = agent.load.copy()
        for leg in later:
            load.remove(leg.channel, leg.units)
        return load

    def _later(self, agent: Agent) -> Collection[Leg]:
        """What the agent got since: the last of their legs, for they are in the order of their coming."""
        ordinal = self._ordinal
        if ordinal is None:
            return ()
        return list(takewhile(lambda leg: leg.ordinal >= ordinal, reversed(agent.legs)))


def _is_reachable(agent: Agent, endpoint: str | None) -> bool:
    if endpoint is None or agent.phones is None:
        return agent.phones != ()
    return endpoint in agent.phones


def _grouped(against: Iterable[tuple[Agent, Against | None]]) -> tuple[Group, ...]:
    by_reason: dict[Against, list[str]] = {}
    for agent, reason in against:
        if reason is not None:
            by_reason.setdefault(reason, []).append(agent.id)
    return tuple(
        Group(reason, len(by_reason[reason]), tuple(sorted(by_reason[reason])[:LISTED_MAX]))
        for reason in AGAINST
        if reason in by_reason
    )


def _kept_for(
    world: World, item: Item, queue: Queue, shelf: Shelf, now: int
) -> tuple[str | None, int | None]:
    """(agent, until when at the latest) if it is kept for somebody."""
    found = world.preference(item, queue, shelf, item.excluded_at(now), now)
    agent = found.agent or found.busy
    return (agent.id if agent else None), found.waits_until


def _neighbours(world: World, item: Item) -> tuple[int, int]:
    """(served before it, waited longer but served after it) in its queue."""
    if item.slot is None or item.lane is None:
        return 0, 0
    own = (item.lane.shelf.deferred, *item.slot[:4])
    places = [((deferred, *entry[:4]), entry[-1]) for deferred, entry in _waiting_in(world, item.queue)]
    age = item.age(world.now)
    after = [other for place, other in places if place > own]
    return len(places) - len(after) - 1, sum(other.age(world.now) > age for other in after)


def _waiting_in(world: World, queue: str) -> Iterable[tuple[int, Entry]]:
    """(deferred, entry) of all that waits in the queue."""
    for shelf in world.waiting.shelves(queue):
        for lane in shelf.lanes.values():
            for entry in lane.heap:
                if entry[-1].slot is entry:
                    yield shelf.deferred, entry


def _openings(
    world: World, item: Item, queue: Queue, kept: tuple[str | None, int | None], now: int
) -> Iterable[Opening]:
    opened = now - item.entered_at
    for delay in sorted({member.delay_us for member in queue.memberships if member.delay_us > opened}):
        teams = tuple(member.team for member in queue.memberships if member.delay_us == delay)
        yield Opening(item.entered_at + delay, "visible", teams)
    for step in queue.steps:
        if step.after_us > opened and step.requirement not in queue.accepted(0):
            yield Opening(item.entered_at + step.after_us, "skilled", requirement=step.requirement.text)
    for agent, until in (item.excluded or {}).items():
        if until > now:
            yield Opening(until, "not_excluded", agent=agent)
    for id_, worker in sorted(world.agents.items()) if queue.on_shift else ():
        if not worker.on_shift and worker.is_available and worker.shift_turns_at is not None:
            yield Opening(worker.shift_turns_at, "on_shift", agent=id_)
    if kept[1] is not None:
        yield Opening(kept[1], "reserved", agent=kept[0])
    overdue_at = world.overdue_at(item, queue)
    if overdue_at is not None and overdue_at > now:
        yield Opening(overdue_at, "promise")


def _plain(value: Any) -> Any:
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: _plain(inner) for name, inner in value._asdict().items()}
    return [_plain(inner) for inner in value] if isinstance(value, tuple) else value
