"""Opening hours as people write them: `mon-fri: ["09:00-12:00", "13:00-18:00"]`, and of single dates."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES: Final = 24 * 60
_INTERVAL: Final = re.compile(r"([0-2][0-9]):([0-5][0-9])\s*-\s*([0-2][0-9]):([0-5][0-9])")
_DATE: Final = re.compile(r"(?:19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}")

Minutes = tuple[int, int]
"""(start, end) in minutes after midnight; the end of what crosses midnight is above 24 hours."""

Week = tuple[tuple[Minutes, ...], ...]
"""The intervals of Monday to Sunday, each day's by start."""


class Overlap(ValueError):
    """`day`: of the week, or a date."""

    def __init__(self, day: str) -> None:
        self.day = day
        super().__init__(f"intervals overlap on {day}")


def parse_weekly(weekly: Mapping[str, Sequence[str]]) -> Week:
    """Days not named are closed. Raises ValueError that says what cannot be read."""
    days: list[list[Minutes]] = [[] for _ in DAYS]
    for names, intervals in weekly.items():
        parsed = parse_intervals(intervals)
        for day in days_named(names):
            days[day].extend(parsed)
    return tuple(tuple(sorted(intervals)) for intervals in days)


def days_named(names: str) -> list[int]:
    """The days of `mon`, `mon-fri` or `sat,sun`, 0 being Monday. Raises ValueError that says what is none."""
    found: list[int] = []
    for part in names.split(","):
        first, _, last = part.strip().partition("-")
        if first not in DAYS or (last and last not in DAYS):
            raise ValueError(f"{names!r} is no day or range of days: {', '.join(DAYS)}")
        start, end = DAYS.index(first), DAYS.index(last or first)
        found += [day % 7 for day in range(start, (end if end >= start else end + 7) + 1)]
    return found


def parse_dates(dates: Mapping[str, Sequence[str]]) -> dict[date, tuple[Minutes, ...]]:
    """By date; no intervals: closed. Raises ValueError that says what cannot be read."""
    return {parse_date(day): parse_intervals(intervals) for day, intervals in dates.items()}


def parse_date(text: str) -> date:
    """Of the years 1900 to 2199. Raises ValueError when there is no such date."""
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError(f"{text!r} is no date like 2026-12-24")


def parse_intervals(intervals: Iterable[str]) -> tuple[Minutes, ...]:
    """By start. Raises ValueError that says what is no interval."""
    return tuple(sorted(_interval(interval) for interval in intervals))


def refuse_overlap(week: Week, dates: Mapping[date, tuple[Minutes, ...]]) -> None:
    """Raises Overlap naming the day on which intervals overlap: of the week, then of the dates, each
    beside the days before and after it."""
    _refuse([(DAYS[number % 7], week[number % 7]) for number in range(8)])
    for day in sorted(dates):
        around = [day + timedelta(days=offset) for offset in (-1, 0, 1)]
        _refuse([(str(near), dates.get(near, week[near.weekday()])) for near in around])


def _refuse(days: Sequence[tuple[str, tuple[Minutes, ...]]]) -> None:
    busy_until = 0
    for number, (name, intervals) in enumerate(days):
        for start, end in intervals:
            if number * DAY_MINUTES + start < busy_until:
                raise Overlap(name)
            busy_until = number * DAY_MINUTES + end


def _interval(text: str) -> Minutes:
    match = _INTERVAL.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no interval like 09:00-17:30")
    hours = [int(part) for part in match.groups()]
    start, end = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
    if start >= DAY_MINUTES or end > DAY_MINUTES or start == end:
        raise ValueError(f"{text!r} is no interval of a day")
    return start, end if end > start else end + DAY_MINUTES
