"""Why work waits and why an agent got it: every agent accounted for, by the first reason against.

The reasons are those of SEMANTICS §1.3. Structured, with stable codes; `routing.words` makes sentences of it.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, NamedTuple, get_args

from routing.capacity import Load
from routing.decision import Decision
from routing.entity import Agent, Item, Leg
from routing.policy import Queue
from routing.preference import preference
from routing.waiting import Entry, Shelf
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
    """At `at` something changes by time alone: the next teams see it (`visible`), an agent's cool-down ends
    (`not_excluded`), it is kept for nobody any longer (`reserved`), its promise is overdue (`promise`)."""

    at: int
    what: Literal["visible", "not_excluded", "reserved", "promise"]
    teams: tuple[str, ...] = ()
    agent: str | None = None


class Explanation(NamedTuple):
    """Of a waiting interaction. `ahead`: how many of its queue are served before it; `overtaken`: how many
    that have waited longer come after it. `kept_for`: only this agent is offered it."""

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
    groups: tuple[Group, ...]
    openings: tuple[Opening, ...]
    policy_version: int


class Candidate(NamedTuple):
    """An eligible agent; `idle_since` if they hold nothing, else `last_accepted_at`."""

    agent: str
    rank: int
    idle_since: int | None
    last_accepted_at: int | None


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
    ask = _Ask(world, item, queue, shelf, kept[0], now)
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
        groups=_grouped(world.agents.values(), ask.first_against) if item.state == "queued" else (),
        openings=tuple(sorted(_openings(item, queue, overdue_at, kept, now))),
        policy_version=world.policy.version,
    )


def candidates(world: World, decision: Decision) -> Candidates:
    """Who else could have got an offer, as it stood when it was made. Raises KeyError if its interaction is
    gone. Looks at the members of the queue's teams and at what waits in it: some microseconds each."""
    item = world.items[decision.interaction or ""]
    queue = world.policy.queues[item.queue]
    shelf = world.waiting.shelf(queue, item.channel, queue.stage(decision.at - item.entered_at))
    kept = decision.agent if decision.reason == "preferred" else None
    ask = _Ask(world, item, queue, shelf, kept, decision.at, decision.ordinal)
    members = [agent for agent in world.agents.values() if not agent.teams.isdisjoint(queue.teams)]
    able = [agent for agent in members if ask.first_against(agent) is None]
    able.sort(key=lambda agent: (shelf.rank(agent.teams), *ask.idle_order(agent), agent.id))
    named = [ask.candidate(agent) for agent in able[: RUNNERS_UP + 1]]
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
        overtaken=sum(entry[4].age(decision.at) > age for _, entry in _waiting_in(world, item.queue)),
        kept=kept is not None,
        winner=named[0],
        runners_up=tuple(named[1:]),
        eligible=len(able),
        groups=_grouped(members, ask.first_against),
        outside=len(world.agents) - len(members),
        policy_version=world.policy.version,
    )


class _Ask:
    """The questions of SEMANTICS §1.3 about one interaction. Legs offered from `ordinal` on do not count."""

    def __init__(
        self,
        world: World,
        item: Item,
        queue: Queue,
        shelf: Shelf,
        kept_for: str | None,
        now: int,
        ordinal: int | None = None,
    ) -> None:
        self._item = item
        self._queue = queue
        self._shelf = shelf
        self._requirement = shelf.requirement(item.own)
        self._units = world.policy.units[item.channel]
        self._kept_for = kept_for
        self._excluded = item.excluded_at(now)
        self._ordinal = ordinal
        self._asked: Mapping[Against, Callable[[Agent], bool]] = {
            "signed_in": lambda agent: agent.lease and agent.connected and agent.presence != "offline",
            "available": lambda agent: agent.presence == "available",
            "reachable": lambda agent: item.channel != "voice" or _is_reachable(agent, item.endpoint),
            "permitted": lambda agent: agent.channels is None or item.channel in agent.channels,
            "member": lambda agent: not agent.teams.isdisjoint(queue.teams),
            "visible": lambda agent: shelf.rank(agent.teams) is not None,
            "skilled": lambda agent: self._requirement.holds(agent.skills, agent.key),
            "reserved": lambda agent: kept_for in (None, agent.id),
            "capacity": self._has_room,
            "not_excluded": lambda agent: agent.id not in self._excluded,
        }

    def first_against(self, agent: Agent) -> Against | None:
        """The first question whose answer is no; None: eligible."""
        for reason, holds in self._asked.items():
            if not holds(agent):
                return reason
        return None

    def idle_order(self, agent: Agent) -> tuple[int, int]:
        return agent.idle_order(bool(self._legs(agent)))

    def candidate(self, agent: Agent) -> Candidate:
        holds = bool(self._legs(agent))
        return Candidate(
            agent=agent.id,
            rank=self._shelf.rank(agent.teams) or 0,
            idle_since=None if holds else agent.idle_since,
            last_accepted_at=agent.last_accepted_at if holds else None,
        )

    def _has_room(self, agent: Agent) -> bool:
        load = Load(agent.load.units, dict(agent.load.pieces))
        for leg in agent.legs:
            if self._ordinal is not None and leg.ordinal >= self._ordinal:
                load.remove(leg.channel, leg.units)
        return agent.capacity.has_room(load, self._item.channel, self._units)

    def _legs(self, agent: Agent) -> list[Leg]:
        return [leg for leg in agent.legs if self._ordinal is None or leg.ordinal < self._ordinal]


def _is_reachable(agent: Agent, endpoint: str | None) -> bool:
    if endpoint is None or agent.phones is None:
        return agent.phones != ()
    return endpoint in agent.phones


def _grouped(agents: Iterable[Agent], first_against: Callable[[Agent], Against | None]) -> tuple[Group, ...]:
    by_reason: dict[Against, list[str]] = {}
    for agent in agents:
        reason = first_against(agent)
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
    agent = world.agents.get(item.preferred or "")
    if agent is None or not world.suits(item, shelf, agent, item.excluded_at(now)):
        return None, None
    found = preference(world.policy, queue, item, agent, now)
    kept = found.agent is not None or found.waits_until is not None
    return (agent.id, found.waits_until) if kept else (None, None)


def _neighbours(world: World, item: Item) -> tuple[int, int]:
    """(served before it, waited longer but served after it) in its queue."""
    if item.slot is None or item.lane is None:
        return 0, 0
    own = (item.lane.shelf.deferred, *item.slot[:3])
    places = [((deferred, *entry[:3]), entry[4]) for deferred, entry in _waiting_in(world, item.queue)]
    age = item.age(world.now)
    after = [other for place, other in places if place > own]
    return len(places) - len(after) - 1, sum(other.age(world.now) > age for other in after)


def _waiting_in(world: World, queue: str) -> Iterable[tuple[int, Entry]]:
    """(deferred, entry) of all that waits in the queue."""
    for shelf in world.waiting.shelves(queue):
        for lane in shelf.lanes.values():
            for entry in lane.heap:
                if entry[4].slot is entry:
                    yield shelf.deferred, entry


def _openings(
    item: Item, queue: Queue, overdue_at: int | None, kept: tuple[str | None, int | None], now: int
) -> Iterable[Opening]:
    for delay in queue.delays:
        if item.entered_at + delay > now:
            teams = tuple(team.team for team in queue.memberships if team.delay_us == delay)
            yield Opening(item.entered_at + delay, "visible", teams)
    for agent, until in (item.excluded or {}).items():
        if until > now:
            yield Opening(until, "not_excluded", agent=agent)
    if kept[1] is not None:
        yield Opening(kept[1], "reserved", agent=kept[0])
    if overdue_at is not None and overdue_at > now:
        yield Opening(overdue_at, "promise")


def _plain(value: Any) -> Any:
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: _plain(inner) for name, inner in value._asdict().items()}
    return [_plain(inner) for inner in value] if isinstance(value, tuple) else value
