"""Calendars at the changes of the clocks of every IANA zone, 2020 to 2035, beside one that steps by minutes.

`make test` takes one change of each kind (offset before and after, hour of the day); `make soak` takes all.
"""

import os
import random
from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import accumulate
from zoneinfo import ZoneInfo, available_timezones

import pytest

from routing.calendar import Calendar
from routing.hours import Overlap

MINUTE, DAY = 60, 86_400
MICROS = 1_000_000
FIRST, LAST = (round(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (2020, 2036))
pytestmark = pytest.mark.timeout(900)
EVERY_ONE = os.environ.get("TOUCHPOINT_TIME_CHANGES") == "all"

WEEKS: dict[str, list[tuple[int, int]]] = {
    "night": [(22 * 60, 30 * 60)],
    "always": [(0, 24 * 60)],
    "pieces": [(0, 30), (75, 150), (165, 210), (9 * 60, 12 * 60), (13 * 60, 18 * 60), (1395, 1440)],
}

Change = tuple[str, int]
"""A zone and the second from which another offset holds."""


def offset(zone: ZoneInfo, second: int) -> timedelta | None:
    return datetime.fromtimestamp(second, zone).utcoffset()


def changes(zone: ZoneInfo) -> Iterator[int]:
    for day in range(FIRST, LAST, DAY):
        before = offset(zone, day)
        if before != offset(zone, day + DAY):
            yield day + bisect_left(range(DAY), True, key=lambda second: offset(zone, day + second) != before)


@cache
def all_changes() -> tuple[Change, ...]:
    """Each once, whatever the names of its zone."""
    found: dict[tuple[object, ...], Change] = {}
    for key in sorted(available_timezones()):
        zone = ZoneInfo(key)
        for second in changes(zone):
            before, after = offset(zone, second - 1), offset(zone, second)
            wall = datetime.fromtimestamp(second, zone)
            kind = (before, after, second) if EVERY_ONE else (before, after, wall.hour, wall.minute)
            found.setdefault(kind, (key, second))
    return tuple(found.values())


Intervals = list[tuple[int, int]]


class Steps:
    """What the clock on the wall shows, minute by minute, for two days around a change. `dates`: instead of
    the week's `intervals`, by days from that of the change."""

    def __init__(self, change: Change, intervals: Intervals, dates: dict[int, Intervals]) -> None:
        key, second = change
        self.zone = ZoneInfo(key)
        self.start = (second - DAY) // MINUTE * MINUTE
        self.intervals = intervals
        today = datetime.fromtimestamp(second, self.zone).date()
        self.dates = {today + timedelta(days=offset): own for offset, own in dates.items()}
        self.open = [self._is_open(self.start + step * MINUTE) for step in range(2 * DAY // MINUTE)]
        self.passed = list(accumulate((MINUTE * is_open for is_open in self.open), initial=0))

    def calendar(self) -> Calendar:
        dates = {str(day): _written(own) for day, own in self.dates.items()}
        return Calendar.parse(self.zone.key, {"mon-sun": _written(self.intervals)}, dates)

    def at(self, step: int) -> int:
        return (self.start + step * MINUTE) * MICROS

    def next(self, step: int, is_open: bool) -> int | None:
        """The first minute from here on that is open, or closed; None beyond the two days."""
        found = next((later for later in range(step, len(self.open)) if self.open[later] is is_open), None)
        return None if found is None else self.at(found)

    def after(self, step: int, span: int) -> int | None:
        """The first instant by which that many seconds have passed; None beyond the two days."""
        wanted = self.passed[step] + span
        index = bisect_left(self.passed, wanted)
        if span == 0 or index == len(self.passed):
            return self.at(step) if span == 0 else None
        return self.at(index) - (self.passed[index] - wanted) * MICROS

    def _is_open(self, second: int) -> bool:
        wall = datetime.fromtimestamp(second, self.zone)
        minute, day = wall.hour * 60 + wall.minute, wall.date()
        return any(
            start <= shown < end
            for date, shown in ((day, minute), (day - timedelta(days=1), minute + 1440))
            for start, end in self.dates.get(date, self.intervals)
        )


def _written(intervals: Intervals) -> list[str]:
    return [f"{_clock(start)}-{_clock(end, end > 1440)}" for start, end in intervals]


def _clock(minutes: int, wraps: bool = False) -> str:
    minutes -= 1440 * wraps
    return f"{minutes // 60:02}:{minutes % 60:02}"


@pytest.mark.parametrize("closed_on_the_day", [False, True])
@pytest.mark.parametrize("week", WEEKS)
def test_every_minute_around_a_change(week: str, closed_on_the_day: bool) -> None:
    chance = random.Random(f"{week} {closed_on_the_day}")
    for change in all_changes():
        steps = Steps(change, WEEKS[week], {0: []} if closed_on_the_day else {})
        _check(change, steps, steps.calendar(), chance)


@pytest.mark.parametrize("seed", range(60))
def test_hours_at_random(seed: int) -> None:
    """Whatever intervals a week and single dates have: those that overlap are refused, the rest is right."""
    chance = random.Random(seed)
    steps = Steps(
        chance.choice(all_changes()), _at_random(chance), {day: _at_random(chance) for day in (-1, 0, 1)}
    )
    try:
        calendar = steps.calendar()
    except Overlap:
        return
    _check(("seed", seed), steps, calendar, chance)


def _at_random(chance: random.Random) -> Intervals:
    """None to four intervals of a day; the last may run into the next."""
    bounds = sorted(chance.sample(range(1440 + 240 * chance.randrange(2)), 2 * chance.randrange(5)))
    intervals = list(zip(bounds[::2], bounds[1::2], strict=True))
    return [(start, end) for start, end in intervals if start < 1440]


def _check(change: Change, steps: Steps, calendar: Calendar, chance: random.Random) -> None:
    minutes = range(len(steps.open))
    told = [calendar.is_open(steps.at(step)) for step in minutes]
    assert told == steps.open, change
    passed = [calendar.between(steps.at(0), steps.at(step)) for step in minutes]
    assert passed == [seconds * MICROS for seconds in steps.passed[:-1]], change
    for step in chance.sample(minutes, 40):
        _check_ahead(change, steps, calendar, step, chance.randrange(30 * 3600))


def _check_ahead(change: Change, steps: Steps, calendar: Calendar, step: int, span: int) -> None:
    at, told = steps.at(step), (change, step, span)
    for is_open, found in ((True, calendar.next_opening(at)), (False, calendar.next_closing(at))):
        expected = steps.next(step, is_open)
        if expected is not None:
            assert found == expected, told
    end, expected = calendar.add(at, span * MICROS), steps.after(step, span)
    if expected is not None:
        assert end == expected, told


def test_add_and_between_are_each_others_opposite() -> None:
    chance = random.Random(12)
    for change in all_changes():
        for week in WEEKS.values():
            calendar = Steps(change, week, {}).calendar()
            at = change[1] * MICROS + chance.randrange(-DAY * MICROS, DAY * MICROS)
            span = chance.randrange(1, 3 * DAY * MICROS)
            end = calendar.add(at, span)
            assert end is not None and calendar.between(at, end) == span, (change, at, span)
            assert calendar.between(at, end - 1) == span - 1, (change, at, span)


def test_changes_of_half_an_hour_and_at_midnight_are_among_them() -> None:
    found = {(key, datetime.fromtimestamp(second, ZoneInfo(key)).hour) for key, second in all_changes()}
    assert any(key in ("Australia/LHI", "Australia/Lord_Howe") for key, _ in found)
    assert any(hour in (23, 0, 1) for _, hour in found)
