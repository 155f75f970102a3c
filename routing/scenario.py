"""What a simulation plays: when work comes, how long it takes, who is there. Times are microseconds."""

from collections.abc import Sequence
from dataclasses import dataclass

from routing.traffic import Distribution, Stretch


@dataclass(frozen=True)
class Stream:
    """Work of one kind. `tier` None: the set-up has none; `patience` None: nobody leaves. Within
    `service_level_us` it should be answered; who leaves before `short_abandon_us` counts apart."""

    queue: str
    channel: str
    stretches: Sequence[Stretch]
    handle: Distribution
    wrap_up: Distribution
    service_level_us: int
    short_abandon_us: int = 0
    patience: Distribution | None = None
    tier: str | None = None
    requirement: str | None = None


@dataclass(frozen=True, slots=True)
class Attendance:
    """From `at` on the agent is there, or is not."""

    at: int
    agent: str
    is_there: bool


@dataclass(frozen=True)
class Scenario:
    """What enters from `counts_from` on is counted. Agents without an attendance never come."""

    starts_at: int
    counts_from: int
    ends_at: int
    seed: int
    streams: Sequence[Stream]
    attendances: Sequence[Attendance]
    accept_after_us: int = 0
