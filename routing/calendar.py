"""Business hours: what is open when, and how much business time lies between two instants.

It is open while the clock on the wall shows a time inside an interval. So what opens at 09:00 does so on both
sides of a change of the clocks; of an hour that is skipped nothing is open, and an interval that begins in it
begins when it is over; an hour that comes twice is open twice. Instants and spans are whole microseconds.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import accumulate
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from routing.hours import DAY_MINUTES, Minutes, parse_dates, parse_weekly, refuse_overlap

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
DAY: Final = DAY_MINUTES * MINUTE
BLOCK: Final = 28 * DAY
"""Openings are worked out for so long a time at once, and kept."""

SEARCH_BLOCKS: Final = 3
"""Past its dates a calendar repeats itself weekly: what has not come by then never will."""
CENTURY_BLOCKS: Final = 1305

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL: Final = _EPOCH.toordinal()
_BLOCKS: Final = range(-_EPOCH_ORDINAL // 28 + 2, (date.max.toordinal() - _EPOCH_ORDINAL) // 28 - 1)


class _Block(NamedTuple):
    """The open stretches of 28 days: starts and ends, neither overlapping nor adjacent. `before`: the
    business time before each, and in the end that of the whole block."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    before: tuple[int, ...]

    @property
    def total(self) -> int:
        return self.before[-1]

    def passed(self, at: int) -> int:
        """The business time from the block's beginning to `at`."""
        index = bisect_right(self.starts, at) - 1
        return 0 if index < 0 else self.before[index] + min(at, self.ends[index]) - self.starts[index]

    def instant(self, passed: int) -> int:
        """When that much of it has passed; it is above 0 and not above the total."""
        index = bisect_left(self.before, passed) - 1
        return self.starts[index] + passed - self.before[index]


@dataclass(frozen=True)
class Calendar:
    """`weekly`: the intervals of Monday to Sunday; `dates`: those of single dates, instead of the weekday's.
    What crosses midnight belongs to the day on which it starts."""

    zone: ZoneInfo
    weekly: tuple[tuple[Minutes, ...], ...]
    dates: Mapping[date, tuple[Minutes, ...]] = field(default_factory=dict)
    _known: dict[int, _Block] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def parse(
        cls, zone: str, weekly: Mapping[str, Sequence[str]], dates: Mapping[str, Sequence[str]] | None = None
    ) -> "Calendar":
        """From `{mon-fri: ["09:00-12:00", "13:00-18:00"]}` and `{2026-10-01: []}`; days not named are closed.

        Raises ValueError that says what cannot be read, or which intervals overlap.
        """
        days, exceptions = parse_weekly(weekly), parse_dates(dates or {})
        refuse_overlap(days, exceptions)
        return cls(ZoneInfo(zone), days, exceptions)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Calendar":
        """From `{key, time_zone, weekly, dates}` of a published policy; without `dates` there are none."""
        return cls.parse(document["time_zone"], document["weekly"], document.get("dates"))

    def is_open(self, at: int) -> bool:
        """Whether `at` lies in an interval; its start does, its end does not."""
        block = self._block(at // BLOCK)
        index = bisect_right(block.starts, at) - 1
        return index >= 0 and at < block.ends[index]

    def next_opening(self, at: int) -> int | None:
        """The first instant from `at` on that is open; None when it never opens."""
        for block in self._blocks(at, SEARCH_BLOCKS):
            index = bisect_right(block.ends, at)
            if index < len(block.starts):
                return max(at, block.starts[index])
        return None

    def next_closing(self, at: int) -> int | None:
        """The first instant from `at` on that is closed; None when it never closes."""
        for block in self._blocks(at, SEARCH_BLOCKS):
            index = bisect_right(block.starts, at) - 1
            if index < 0 or block.ends[index] <= at:
                return at
            at = block.ends[index]
            if at % BLOCK:
                return at
        return None

    def add(self, at: int, span: int) -> int | None:
        """The first instant by which `span` of business time has passed since `at`; a span that ends with the
        business day ends then, not the next morning. None when that takes more than a century."""
        if span <= 0:
            return at
        left = span + self._block(at // BLOCK).passed(at)
        for block in self._blocks(at, CENTURY_BLOCKS if any(self.weekly) else 1):
            if left <= block.total:
                return block.instant(left)
            left -= block.total
        return None

    def between(self, start: int, end: int) -> int:
        """The business time from `start` to `end`; 0 if `end` is not later."""
        if end <= start:
            return 0
        first, last = start // BLOCK, end // BLOCK
        whole = sum(self._block(number).total for number in range(first, last))
        return whole + self._block(last).passed(end) - self._block(first).passed(start)

    def _blocks(self, at: int, ahead: int) -> Iterator[_Block]:
        """The block of `at` and those after it, until `ahead` ones past the last of the dates."""
        first = at // BLOCK
        for number in range(first, max(first, self._last_dated) + ahead + 1):
            yield self._block(number)

    @cached_property
    def _last_dated(self) -> int:
        last = max(self.dates, default=date.min)
        return (last.toordinal() + 1 - _EPOCH_ORDINAL) * DAY // BLOCK

    def _block(self, number: int) -> _Block:
        known = self._known.get(number)
        if known is None:
            known = self._known[number] = self._worked_out(number) if number in _BLOCKS else _EMPTY
        return known

    def _worked_out(self, number: int) -> _Block:
        stretches = [
            (max(opens - offset, since), min(closes - offset, until))
            for since, until, offset in self._offsets(number * BLOCK, (number + 1) * BLOCK)
            for opens, closes in self._on_the_wall(since + offset, until + offset)
        ]
        return _block(sorted(stretches))

    def _on_the_wall(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The intervals that touch the time from `start` to `end`; all four are shown by the wall clock."""
        for day in range(start // DAY - 1, -(-end // DAY)):
            for opens, closes in self._hours(date.fromordinal(_EPOCH_ORDINAL + day)):
                interval = day * DAY + opens * MINUTE, day * DAY + closes * MINUTE
                if interval[1] > start and interval[0] < end:
                    yield interval

    def _hours(self, day: date) -> tuple[Minutes, ...]:
        own = self.dates.get(day)
        return self.weekly[day.weekday()] if own is None else own

    def _offsets(self, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        """The stretches of one offset from UTC, with it. No zone changes its clocks twice within a day."""
        since, offset = start, self._offset(start)
        for at in range(start + DAY, end + DAY, DAY):
            if self._offset(at) != offset:
                changed = self._change(at - DAY, at, offset)
                yield since, changed, offset
                since, offset = changed, self._offset(at)
        if since < end:
            yield since, end, offset

    def _change(self, before: int, after: int, offset: int) -> int:
        seconds = range(before // SECOND, after // SECOND)
        index = bisect_left(seconds, True, key=lambda second: self._offset(second * SECOND) != offset)
        return before + index * SECOND

    def _offset(self, at: int) -> int:
        offset = (_EPOCH + timedelta(microseconds=at)).astimezone(self.zone).utcoffset()
        assert offset is not None, "a time in a zone has an offset"
        return offset // timedelta(microseconds=1)


def _block(stretches: Iterable[tuple[int, int]]) -> _Block:
    """From stretches in order, which may be adjacent."""
    starts: list[int] = []
    ends: list[int] = []
    for start, end in stretches:
        if ends and start <= ends[-1]:
            ends[-1] = end
        else:
            starts.append(start)
            ends.append(end)
    lengths = (end - start for start, end in zip(starts, ends, strict=True))
    return _Block(tuple(starts), tuple(ends), tuple(accumulate(lengths, initial=0)))


_EMPTY: Final = _block(())
