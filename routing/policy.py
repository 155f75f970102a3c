"""The routing rules of one tenant, as published: queues, memberships, channels, tiers. Immutable.

`Policy.from_document` reads the JSON that `app.setup.document` writes and the table `policy` keeps, with
every default written out, so that an old version means the same for ever. Times are whole microseconds.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from routing.requirement import Requirement, parse

CHANNELS = ("voice", "chat", "messaging", "email", "task")
LIVE_CHANNELS = frozenset({"voice", "chat"})
REASSIGNED_CHANNELS = frozenset({"chat", "messaging"})
SECOND = 1_000_000
CONNECT_US = 15 * SECOND
"""How long the live service waits for a bridged call where the queue does not say."""


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
    """`wait_us`: until which `waited_here` work waits for a busy preferred agent."""

    last_agent: bool = True
    wait_us: int = 0


@dataclass(frozen=True)
class Queue:
    key: str
    memberships: tuple[Membership, ...]
    requirement: Requirement
    channels: Mapping[str, ChannelRules]
    head_start_us: int = 0
    prefer: Prefer | None = None

    @cached_property
    def delays(self) -> tuple[int, ...]:
        """The distinct delays of its memberships, ascending: passing one opens the next stage."""
        return tuple(sorted({membership.delay_us for membership in self.memberships}))

    def stage(self, waited_us: int) -> int:
        """How many of the delays have passed."""
        return bisect_right(self.delays, waited_us)

    def next_stage_after(self, stage: int) -> int | None:
        """The `waited_here` at which the next stage opens."""
        return self.delays[stage] if stage < len(self.delays) else None

    def teams_by_rank(self, stage: int) -> tuple[tuple[int, tuple[str, ...]], ...]:
        """The teams that see work of this stage, best rank first."""
        limit = self.delays[stage - 1] if stage else -1
        ranks: dict[int, list[str]] = {}
        for membership in self.memberships:
            if membership.delay_us <= limit:
                ranks.setdefault(membership.rank, []).append(membership.team)
        return tuple((rank, tuple(sorted(ranks[rank]))) for rank in sorted(ranks))

    @cached_property
    def teams(self) -> frozenset[str]:
        return frozenset(membership.team for membership in self.memberships)


@dataclass(frozen=True)
class Policy:
    """`units` a channel costs; `tiers` and `queues` by key."""

    queues: Mapping[str, Queue]
    tiers: Mapping[str, Tier]
    units: Mapping[str, int]
    default_tier: str | None = None
    version: int = 0

    @classmethod
    def from_document(cls, document: Mapping[str, Any], version: int = 0) -> "Policy":
        """Raises KeyError, TypeError or ValueError on a document that nobody published."""
        return cls(
            queues={queue["key"]: _queue(queue) for queue in document["queues"]},
            tiers={tier["key"]: _tier(tier) for tier in document["tiers"]},
            units=dict(document["units"]),
            default_tier=document["default_tier"],
            version=version,
        )

    @cached_property
    def queues_of_team(self) -> Mapping[str, tuple[str, ...]]:
        served: dict[str, list[str]] = {}
        for queue in self.queues.values():
            for team in queue.teams:
                served.setdefault(team, []).append(queue.key)
        return {team: tuple(sorted(keys)) for team, keys in served.items()}

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


def _queue(document: Mapping[str, Any]) -> Queue:
    prefer = document["prefer"]
    return Queue(
        key=document["key"],
        memberships=tuple(Membership(**membership) for membership in document["teams"]),
        requirement=parse(document["requirement"]),
        channels={name: ChannelRules(**rules) for name, rules in document["channels"].items()},
        head_start_us=document["head_start_us"],
        prefer=None if prefer is None else Prefer(**prefer),
    )
