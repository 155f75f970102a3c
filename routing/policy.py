"""The routing rules of one tenant, as published: queues, memberships, channels, tiers. Immutable.

`Policy.from_document` reads the JSON that `app.setup.document` writes and the table `policy` keeps, with
every default written out, so that an old version means the same for ever. Times are whole microseconds.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from routing.calendar import Calendar
from routing.requirement import Requirement, either, parse

CHANNELS = ("voice", "chat", "messaging", "email", "task")
LIVE_CHANNELS = frozenset({"voice", "chat"})
REASSIGNED_CHANNELS = frozenset({"chat", "messaging"})
BUSINESS_TIME_CHANNELS = frozenset({"email", "task"})
"""Their promises run in the queue's business hours."""
SECOND = 1_000_000
SERVICE_LEVEL_SECONDS = {"voice": 20, "chat": 30, "messaging": 300, "email": 14400, "task": 14400}
CONNECT_US = 15 * SECOND
"""How long the live service waits for a bridged call where the queue does not say."""
LENT_RANK = 1000
"""By which agents of other queues see lent work: after all members whose ranks are lower."""

Strategy = Literal["longest_idle", "least_loaded", "best_skill"]


@dataclass(frozen=True, slots=True)
class Tier:
    """`promise_us` by channel; `promise_live_us` for all work of the live class."""

    key: str
    head_start_us: int = 0
    promise_us: Mapping[str, int] = field(default_factory=dict)
    promise_live_us: int | None = None

    def promise(self, channel: str, live: bool) -> int | None:
        """The longest `waited_here` promised, None without a promise."""
        return self.promise_us.get(channel, self.promise_live_us if live else None)


@dataclass(frozen=True, slots=True)
class ChannelRules:
    """What a queue says about one channel. `connect_us` None: an accepted call is connected at once (traces);
    `reassign_us` None: the work stays with an agent whose lease is gone."""

    offer_us: int
    live: bool
    cool_down_us: int = 30 * SECOND
    connect_us: int | None = None
    reassign_us: int | None = None
    head_start_us: int = 0
    expected_handle_us: int | None = None


@dataclass(frozen=True, slots=True)
class Membership:
    team: str
    rank: int = 1
    delay_us: int = 0


@dataclass(frozen=True, slots=True)
class Prefer:
    """Besides a named agent, who is preferred. `wait_us`: until which `waited_here` work waits for a busy
    one."""

    last_agent: bool = True
    account_team: bool = False
    wait_us: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """From `after_us` of `waited_here` on whoever meets `requirement` will do as well. The agents that it
    lends the work to are memberships of the queue."""

    after_us: int
    requirement: Requirement


@dataclass(frozen=True, slots=True)
class Lending:
    """While `when` holds, agents of `teams` may take the queue's work. `than`: microseconds for
    estimated_wait, parts per million for service_level."""

    when: Literal["nobody_signed_in", "estimated_wait", "service_level"]
    teams: tuple[str, ...]
    than: int | None = None


@dataclass(frozen=True)
class Queue:
    """`memberships` are those of its teams, and from each step on of the teams that it lends to; `own_teams`
    without the latter. `reserve_deferred`: so many idle agents are kept from live work while deferred work
    waits. `on_shift`: only agents on shift get its work. `hours`: the calendar of its business time."""

    key: str
    memberships: tuple[Membership, ...]
    requirement: Requirement
    channels: Mapping[str, ChannelRules]
    own_teams: frozenset[str]
    head_start_us: int = 0
    prefer: Prefer | None = None
    steps: tuple[Step, ...] = ()
    is_strict: bool = False
    strategy: Strategy = "longest_idle"
    lendings: tuple[Lending, ...] = ()
    reserve_deferred: int = 0
    on_shift: bool = False
    hours: str | None = None

    @cached_property
    def thresholds(self) -> tuple[int, ...]:
        """The distinct delays of memberships and steps, ascending: passing one opens the next stage."""
        delays = {membership.delay_us for membership in self.memberships}
        return tuple(sorted(delays | {step.after_us for step in self.steps}))

    def stage(self, waited_us: int) -> int:
        """How many of the thresholds have passed."""
        return bisect_right(self.thresholds, waited_us)

    def next_stage_after(self, stage: int) -> int | None:
        """The `waited_here` at which the next stage opens."""
        return self.thresholds[stage] if stage < len(self.thresholds) else None

    def teams_by_rank(
        self, stage: int, lent: Collection[str] = ()
    ) -> tuple[tuple[int, tuple[str, ...]], ...]:
        """The teams that see work of this stage, best rank first; `lent` are those it is lent to now."""
        limit = self._limit(stage)
        ranks: dict[int, set[str]] = {LENT_RANK: set(lent)} if lent else {}
        for membership in self.memberships:
            if membership.delay_us <= limit:
                ranks.setdefault(membership.rank, set()).add(membership.team)
        return tuple((rank, tuple(sorted(ranks[rank]))) for rank in sorted(ranks))

    def accepted(self, stage: int) -> tuple[Requirement, ...]:
        """Any of these will do at this stage: the queue's own and those of the steps opened, in order."""
        limit = self._limit(stage)
        return (self.requirement, *(step.requirement for step in self.steps if step.after_us <= limit))

    @cached_property
    def in_the_end(self) -> Requirement:
        """What will do once all steps have opened."""
        return either([self.requirement, *(step.requirement for step in self.steps)])

    @cached_property
    def teams(self) -> frozenset[str]:
        """All teams that may ever see its work."""
        lent = frozenset(team for lending in self.lendings for team in lending.teams)
        return lent | frozenset(membership.team for membership in self.memberships)

    def _limit(self, stage: int) -> int:
        return self.thresholds[stage - 1] if stage else -1


@dataclass(frozen=True)
class Policy:
    """`units` a channel costs; `tiers` (in the order of `strict`), `queues` and `calendars` by key.
    `interrupts`: on top of which channels' work another may be offered."""

    queues: Mapping[str, Queue]
    tiers: Mapping[str, Tier]
    units: Mapping[str, int]
    default_tier: str | None = None
    interrupts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    version: int = 0

    @classmethod
    def from_document(cls, document: Mapping[str, Any], version: int = 0) -> "Policy":
        """Raises KeyError, TypeError or ValueError on a document that nobody published."""
        own_teams = {q["key"]: tuple(team["team"] for team in q["teams"]) for q in document["queues"]}
        interrupts = document.get("interrupts", {})
        return cls(
            queues={queue["key"]: _queue(queue, own_teams) for queue in document["queues"]},
            tiers={tier["key"]: _tier(tier) for tier in document["tiers"]},
            units=dict(document["units"]),
            default_tier=document["default_tier"],
            interrupts={channel: frozenset(others) for channel, others in interrupts.items()},
            calendars={one["key"]: Calendar.from_document(one) for one in document.get("calendars", ())},
            version=version,
        )

    @cached_property
    def queues_of_team(self) -> Mapping[str, tuple[str, ...]]:
        served: dict[str, list[str]] = {}
        for queue in self.queues.values():
            for team in queue.teams:
                served.setdefault(team, []).append(queue.key)
        return {team: tuple(sorted(keys)) for team, keys in served.items()}

    @cached_property
    def lending_queues(self) -> tuple[str, ...]:
        return tuple(key for key, queue in self.queues.items() if queue.lendings)

    @cached_property
    def reserving_queues(self) -> frozenset[str]:
        """Those that keep agents for deferred work."""
        return frozenset(key for key, queue in self.queues.items() if queue.reserve_deferred)

    def tier_place(self, key: str | None) -> int:
        """Its place in the list of tiers; who has none comes after all."""
        return self._tier_places.get(self.tier(key).key, len(self.tiers))

    @cached_property
    def _tier_places(self) -> Mapping[str, int]:
        return {key: place for place, key in enumerate(self.tiers)}

    def tier(self, key: str | None) -> Tier:
        """The tier of that key; the default one for None or a key that is gone."""
        return self.tiers.get(key or "") or self.tiers.get(self.default_tier or "") or _NO_TIER


_NO_TIER = Tier("")


def _tier(document: Mapping[str, Any]) -> Tier:
    return Tier(
        key=document["key"],
        head_start_us=document["head_start_us"],
        promise_us=dict(document["promise_us"]),
        promise_live_us=document["promise_live_us"],
    )


def _queue(document: Mapping[str, Any], own_teams: Mapping[str, tuple[str, ...]]) -> Queue:
    """Keys that older documents lack have the values that they meant."""
    prefer, steps = document["prefer"], document.get("steps", ())
    base = parse(document["requirement"])
    return Queue(
        key=document["key"],
        memberships=(
            *(Membership(**membership) for membership in document["teams"]),
            *(
                Membership(team, LENT_RANK, s["after_us"])
                for s in steps
                for team in _teams(s["lend"], own_teams)
            ),
        ),
        requirement=base,
        channels={name: ChannelRules(**rules) for name, rules in document["channels"].items()},
        own_teams=frozenset(own_teams[document["key"]]),
        head_start_us=document["head_start_us"],
        prefer=None if prefer is None else Prefer(**prefer),
        steps=tuple(_step(step, base) for step in steps),
        is_strict=document.get("order") == "strict",
        strategy=document.get("strategy", "longest_idle"),
        lendings=tuple(
            Lending(lend["when"], _teams(lend["queues"], own_teams), lend["than"])
            for lend in document.get("lend", ())
        ),
        reserve_deferred=document.get("reserve_deferred", 0),
        on_shift=document.get("on_shift", False),
        hours=document.get("hours"),
    )


def _step(document: Mapping[str, Any], base: Requirement) -> Step:
    """One that only lends asks for what the queue asks."""
    text = document["requirement"]
    return Step(document["after_us"], base if text is None else parse(text))


def _teams(queues: Iterable[str], own_teams: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted({team for queue in queues for team in own_teams[queue]}))
