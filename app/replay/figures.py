"""The figures of a what-if, by tier and by queue: what ended how, judged by one ruler."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.replay.record import MICROSECONDS, Record
from insights.figures import Entry, Facts, figures
from interactions.life.policies import TenantPolicy
from routing.policy import BUSINESS_TIME_CHANNELS, Policy
from routing.whatif import Outcome

Figures = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One tier, queue or all of it: figures of the recorded policy run again, of the other policy, and as it
    really was. Each holds offered, answered, abandoned, service_level, asa_seconds, abandon_rate,
    promises_kept, promises."""

    kind: str
    key: str
    recorded: Figures
    other: Figures
    was: Figures


@dataclass(frozen=True, slots=True)
class Comparison:
    """`other` names the other policy, `changes` are its differences in words."""

    record: Record
    other: str
    changes: Sequence[str]
    rows: Sequence[Row]


Run = tuple[Sequence[Outcome], Policy]
"""What came of the entries, and under which policy."""


class Judge:
    """Measures all runs by the recorded policy's service levels, each by its own promises."""

    def __init__(self, ruler: TenantPolicy, end_us: int) -> None:
        self._ruler, self._end_us = ruler, end_us

    def figures(self, outcomes: Sequence[Outcome], policy: Policy) -> Figures:
        entries = [self._entry(outcome) for outcome in outcomes]
        found = figures(Facts(entries=entries), _moment(self._end_us))
        names = ("offered", "answered", "abandoned", "service_level", "asa_seconds", "abandon_rate")
        kept = [kept for kept in (self._is_kept(o, policy) for o in outcomes) if kept is not None]
        return {
            **{name: found[name] for name in names},
            "promises": len(kept),
            "promises_kept": sum(kept) / len(kept) if kept else None,
        }

    def _entry(self, outcome: Outcome) -> Entry:
        entry = outcome.visit.entry
        rules = self._ruler.rules(entry.queue, entry.channel)
        return Entry(
            interaction_id=UUID(entry.id),
            queue=entry.queue,
            channel=entry.channel,
            tier=self._tier(outcome),
            entry_kind="new" if outcome.visit.after is None else "transfer",
            started_at=_moment(outcome.entered_at),
            ended_at=None if outcome.ended_at is None else _moment(outcome.ended_at),
            outcome=outcome.exit,
            service_level_seconds=rules.service_level_seconds,
            short_abandon_seconds=rules.short_abandon_seconds,
        )

    def _tier(self, outcome: Outcome) -> str:
        return self._ruler.policy.tier(outcome.visit.entry.tier).key

    def _is_kept(self, outcome: Outcome, policy: Policy) -> bool | None:
        """None: nothing was promised, or it ended before the promise was due without an answer."""
        due = _promised(outcome, policy)
        if due is None:
            return None
        if (outcome.ended_at or self._end_us) >= due:
            return False
        return True if outcome.exit == "answered" else None


def _promised(outcome: Outcome, policy: Policy) -> int | None:
    """When the wait becomes longer than promised; mail and tasks in business time."""
    entry = outcome.visit.entry
    queue = policy.queues[entry.queue]
    promise = policy.tier(entry.tier).promise(entry.channel, queue.channels[entry.channel].live)
    if promise is None:
        return None
    hours = policy.calendars.get(queue.hours or "") if entry.channel in BUSINESS_TIME_CHANNELS else None
    return outcome.entered_at + promise if hours is None else hours.add(outcome.entered_at, promise)


def compared(judge: Judge, recorded: Run, other: Run, was: Run) -> list[Row]:
    """Tiers and queues in which somebody waited, in the recorded policy's order, then all together."""

    def row(kind: str, key: str, keep: Callable[[Outcome], bool]) -> Row:
        runs = (judge.figures([o for o in run if keep(o)], policy) for run, policy in (recorded, other, was))
        return Row(kind, key, *runs)

    def rows_of(kind: str, order: Iterable[str], key_of: Callable[[Outcome], str]) -> list[Row]:
        present = {key_of(outcome) for outcome in recorded[0]}
        return [row(kind, key, lambda o: key_of(o) == key) for key in order if key in present]  # noqa: B023

    policy = recorded[1]
    tiers = rows_of("tier", policy.tiers, lambda o: policy.tier(o.visit.entry.tier).key)
    queues = rows_of("queue", policy.queues, lambda o: o.visit.entry.queue)
    return [*tiers, *queues, row("total", "all", lambda o: True)]


def _moment(at_us: int) -> datetime:
    return datetime.fromtimestamp(at_us / MICROSECONDS, UTC)
