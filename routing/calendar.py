"""Opening hours: weekly intervals in one IANA zone, half-open, several a day, over midnight if need be.

Instants are microseconds since the epoch. Intervals are wall-clock time: what opens at 09:00 opens at 09:00
after a change to summer time too; an interval that starts in the hour skipped starts when the hour is over.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60
_INTERVAL = re.compile(r"([0-2][0-9]):([0-5][0-9])\s*-\s*([0-2][0-9]):([0-5][0-9])")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Minutes = tuple[int, int]
"""(start, end) in minutes after midnight; the end of what crosses midnight is above 24 hours."""


@dataclass(frozen=True)
class Weekly:
    """`days` holds the intervals of Monday to Sunday, by start."""

    zone: ZoneInfo
    days: tuple[tuple[Minutes, ...], ...]

    def is_open(self, at: int) -> bool:
        """Whether `at` lies in an interval; its start does, its end does not."""
        return any(start <= at < end for start, end in self._around(at, days=0))

    def next_opening(self, at: int) -> int | None:
        """The first instant from `at` on that is open; None when it never opens."""
        if self.is_open(at):
            return at
        return min((start for start, _ in self._around(at, days=8) if start > at), default=None)

    def _around(self, at: int, days: int) -> Iterator[tuple[int, int]]:
        """The intervals that start from the day before `at` to `days` after it."""
        today = (_EPOCH + timedelta(microseconds=at)).astimezone(self.zone).date()
        for offset in range(-1, days + 1):
            day = today + timedelta(days=offset)
            for start, end in self.days[day.weekday()]:
                opens, closes = self._instant(day, start), self._instant(day, end)
                if opens < closes:
                    yield opens, closes

    def _instant(self, day: date, minutes: int) -> int:
        midnight = datetime(day.year, day.month, day.day) + timedelta(minutes=minutes)  # noqa: DTZ001
        return (midnight.replace(tzinfo=self.zone).astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)


def parse_weekly(zone: str, weekly: Mapping[str, Sequence[str]]) -> Weekly:
    """From `{mon-fri: ["09:00-12:00", "13:00-18:00"], sat: [...]}`; days not named are closed.

    Raises ValueError that says what cannot be read, or which intervals overlap.
    """
    days: list[list[Minutes]] = [[] for _ in DAYS]
    for names, intervals in weekly.items():
        parsed = [_interval(interval) for interval in intervals]
        for day in _days(names):
            days[day].extend(parsed)
    for day_intervals in days:
        day_intervals.sort()
    _refuse_overlap(days)
    return Weekly(ZoneInfo(zone), tuple(tuple(intervals) for intervals in days))


def _days(names: str) -> list[int]:
    found: list[int] = []
    for part in names.split(","):
        first, _, last = part.strip().partition("-")
        if first not in DAYS or (last and last not in DAYS):
            raise ValueError(f"{names!r} is no day or range of days: {', '.join(DAYS)}")
        start, end = DAYS.index(first), DAYS.index(last or first)
        found += [day % 7 for day in range(start, (end if end >= start else end + 7) + 1)]
    return found


def _interval(text: str) -> Minutes:
    match = _INTERVAL.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no interval like 09:00-17:30")
    hours = [int(part) for part in match.groups()]
    start, end = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
    if start >= DAY_MINUTES or end > DAY_MINUTES or start == end:
        raise ValueError(f"{text!r} is no interval of a day")
    return start, end if end > start else end + DAY_MINUTES


def _refuse_overlap(days: Sequence[Sequence[Minutes]]) -> None:
    week = [
        (day * DAY_MINUTES + start, day * DAY_MINUTES + end, DAYS[day])
        for day, intervals in enumerate(days)
        for start, end in intervals
    ]
    again = [(start + 7 * DAY_MINUTES, end, name) for start, end, name in week[:1]]
    for (_, end, _), (start, _, name) in zip(week, week[1:] + again, strict=False):
        if start < end:
            raise ValueError(f"intervals overlap on {name}")
