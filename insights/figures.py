"""The figures of SEMANTICS §2, as pure functions over queue entries, agent segments and offers.

Every exit of an entry counts in the interval of its entry, so the balance holds in each interval.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from statistics import fmean
from typing import Any
from uuid import UUID

from insights.business_time import Measure, Stretch, seconds_between
from routing.calendar import Calendar


class Exit(StrEnum):
    """How a queue entry ended; with `still_waiting` they sum to `offered`."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    SHORT_ABANDONED = "short_abandoned"
    FLOWED_OUT = "flowed_out"
    CALLBACK_REQUESTED = "callback_requested"
    ENDED_BY_US = "ended_by_us"
    STILL_WAITING = "still_waiting"


@dataclass(frozen=True, slots=True)
class Entry:
    """One queue entry. `outcome` None: it waits. `service_level_seconds` and `short_abandon_seconds` are
    those of the policy version that the interaction runs under. `waited_before_seconds`: in the entries of
    its interaction before this one. `quoted_wait_seconds`: the p90 of its wait as estimated when it came.
    `hours`: by which the service level is clocked (None: the wall clock); `promise_hours`: by which the
    promise is that its tier was made, if any."""

    interaction_id: UUID
    queue: str
    channel: str
    tier: str
    entry_kind: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    service_level_seconds: float
    short_abandon_seconds: float
    waited_before_seconds: float = 0.0
    quoted_wait_seconds: float | None = None
    hours: Calendar | None = None
    promise_seconds: float | None = None
    promise_hours: Calendar | None = None

    def wait_seconds(self, now: datetime) -> float:
        return ((self.ended_at or now) - self.started_at).total_seconds()

    def is_late(self, now: datetime) -> bool:
        """Whether it waits, or waited, longer than its service level allows."""
        waited = seconds_between(self.hours, self.started_at, self.ended_at or now)
        return waited > self.service_level_seconds

    def is_past_promise(self, now: datetime) -> bool:
        """Whether it waits, or waited, longer than was promised."""
        if self.promise_seconds is None:
            return False
        return (
            seconds_between(self.promise_hours, self.started_at, self.ended_at or now) > self.promise_seconds
        )

    def exit(self, now: datetime) -> Exit:
        """Abandoned within `short_abandon_seconds` is a short abandon."""
        if self.outcome is None:
            return Exit.STILL_WAITING
        if self.outcome == "abandoned" and self.wait_seconds(now) < self.short_abandon_seconds:
            return Exit.SHORT_ABANDONED
        return Exit(self.outcome)


@dataclass(frozen=True, slots=True)
class Handled:
    """One agent's ended part: `seconds` of active, hold and wrap-up; ring and connect excluded, and of
    digital work the time in which a call held it. `focus_seconds`: the same divided by the conversations that
    the agent had at once."""

    queue: str
    channel: str
    tier: str
    transferred: bool
    seconds: float
    focus_seconds: float


@dataclass(frozen=True, slots=True)
class Refused:
    """An arrival at a closed door: never offered."""

    interaction_id: UUID
    queue: str
    channel: str
    tier: str


@dataclass(frozen=True, slots=True)
class Missed:
    """An offer that ran out."""

    interaction_id: UUID
    queue: str
    channel: str
    tier: str


Row = Entry | Handled | Refused | Missed | Stretch


@dataclass(frozen=True, slots=True)
class Facts:
    """All rows of one interval, as read from the database; `waiting`: what waits now, whenever it came."""

    waiting: Sequence[Entry] = ()
    entries: Sequence[Entry] = ()
    handled: Sequence[Handled] = ()
    refused: Sequence[Refused] = ()
    missed: Sequence[Missed] = ()
    stretches: Sequence[Stretch] = ()

    def where(self, keep: Callable[[Row], bool]) -> "Facts":
        return Facts(
            [row for row in self.waiting if keep(row)],
            [row for row in self.entries if keep(row)],
            [row for row in self.handled if keep(row)],
            [row for row in self.refused if keep(row)],
            [row for row in self.missed if keep(row)],
            [row for row in self.stretches if keep(row)],
        )


Judged = tuple[bool, bool]
"""(a success, counts at all)."""

Judge = Callable[[Entry, datetime], Judged]
"""How one entry counts for the service level; `insights.dialects` has those of others."""


def ours(entry: Entry, now: datetime) -> Judged:
    """Answered within T / (answered + abandoned + still waiting longer than T)."""
    kind, late = entry.exit(now), entry.is_late(now)
    counted = kind in (Exit.ANSWERED, Exit.ABANDONED) or (kind == Exit.STILL_WAITING and late)
    return kind == Exit.ANSWERED and not late, counted


def figures(facts: Facts, now: datetime, judge: Judge = ours) -> dict[str, Any]:
    """Rates and means are None where there is nothing to divide by. `judge`: whose service level."""
    exits = dict.fromkeys(Exit, 0)
    for entry in facts.entries:
        exits[entry.exit(now)] += 1
    waiting = [entry.wait_seconds(now) for entry in facts.waiting]
    answered = [entry for entry in facts.entries if entry.outcome == Exit.ANSWERED]
    numerator, denominator = service_level(facts.entries, now, judge)
    promises_kept, promised = promises(facts.entries, now)
    kept, quoted = coverage(facts.entries, now)
    return {
        "waiting": len(waiting),
        "longest_wait_seconds": max(waiting, default=None),
        "offered": len(facts.entries),
        **{kind.value: count for kind, count in exits.items()},
        "closed": len(facts.refused),
        "service_level": _ratio(numerator, denominator),
        "service_level_numerator": numerator,
        "service_level_denominator": denominator,
        "asa_seconds": _mean(entry.wait_seconds(now) for entry in answered),
        "asa_from_first_seconds": _mean(e.waited_before_seconds + e.wait_seconds(now) for e in answered),
        "aht_seconds": _mean(part.seconds for part in facts.handled),
        "focus_seconds": _mean(part.focus_seconds for part in facts.handled),
        "abandon_rate": _ratio(exits[Exit.ABANDONED], len(facts.entries) - exits[Exit.SHORT_ABANDONED]),
        "transfer_rate": _ratio(sum(part.transferred for part in facts.handled), len(facts.handled)),
        "missed_offers": len(facts.missed),
        "promise_kept": _ratio(promises_kept, promised),
        "promise_kept_numerator": promises_kept,
        "promise_kept_denominator": promised,
        "estimate_coverage": _ratio(kept, quoted),
        "estimates_quoted": quoted,
        **{f"{measure}_seconds": _taken(facts.stretches, measure) for measure in Measure},
    }


def service_level(entries: Iterable[Entry], now: datetime, judge: Judge = ours) -> tuple[int, int]:
    """(successes, entries that count)."""
    counted = [success for success, counts in (judge(entry, now) for entry in entries) if counts]
    return sum(counted), len(counted)


def promises(entries: Iterable[Entry], now: datetime) -> tuple[int, int]:
    """Of what was promised an answer in time: (answered within it, answered + abandoned past it)."""
    kept = [
        not entry.is_past_promise(now)
        for entry in entries
        if entry.promise_seconds is not None
        and (entry.outcome == Exit.ANSWERED or (entry.outcome == "abandoned" and entry.is_past_promise(now)))
    ]
    return sum(kept), len(kept)


def coverage(entries: Iterable[Entry], now: datetime) -> tuple[int, int]:
    """(answered no later than the p90 quoted when they came, answered that were quoted one)."""
    quoted = [
        (entry.wait_seconds(now), entry.quoted_wait_seconds)
        for entry in entries
        if entry.outcome == Exit.ANSWERED and entry.quoted_wait_seconds is not None
    ]
    return sum(waited <= quote for waited, quote in quoted), len(quoted)


def drilled(facts: Facts, figure: str, now: datetime, judge: Judge = ours) -> list[UUID]:
    """The interactions that a figure counts (what a click on it shows): by their entry, each once."""
    if figure == "waiting":
        return counted(facts.waiting, "offered", now)
    if figure == "closed":
        return sorted({row.interaction_id for row in facts.refused})
    if figure == "missed_offers":
        return sorted({row.interaction_id for row in facts.missed})
    return counted(facts.entries, figure, now, judge)


def counted(entries: Iterable[Entry], figure: str, now: datetime, judge: Judge = ours) -> list[UUID]:
    """The interactions of these entries that a figure counts, in order of entry."""
    keep = _COUNTED.get(figure)
    found = (e for e in entries if (keep(e, now, judge) if keep else e.exit(now) == figure))
    chosen = sorted(found, key=lambda e: (e.started_at, e.interaction_id))
    return list(dict.fromkeys(entry.interaction_id for entry in chosen))


_COUNTED: dict[str, Callable[[Entry, datetime, Judge], bool]] = {
    "offered": lambda entry, now, judge: True,
    "service_level": lambda entry, now, judge: judge(entry, now) == (True, True),
    "service_level_missed": lambda entry, now, judge: judge(entry, now) == (False, True),
}

FIGURES = ("waiting", "closed", "missed_offers", *_COUNTED, *(kind.value for kind in Exit))
"""What can be drilled into."""


def _taken(stretches: Iterable[Stretch], measure: Measure) -> float | None:
    return _mean(stretch.seconds for stretch in stretches if stretch.measure == measure)


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _mean(values: Iterable[float]) -> float | None:
    listed = list(values)
    return fmean(listed) if listed else None
