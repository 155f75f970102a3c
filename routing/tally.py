"""What a simulation counts, and the figures that follow (SEMANTICS §2). Times are whole microseconds."""

from array import array
from collections.abc import Iterable, Sequence
from typing import Any

SECOND = 1_000_000

AWAY, IDLE, OFFERED, HANDLING = range(4)
"""What an agent does: the last that holds."""


class Tally:
    """The entries of one queue and tier. `waits` are those of the answered."""

    __slots__ = ("abandoned", "answered_in_time", "offered", "short_abandoned", "waits")

    def __init__(self) -> None:
        self.offered = 0
        self.abandoned = 0
        self.short_abandoned = 0
        self.answered_in_time = 0
        self.waits = array("q")

    def answer(self, waited_us: int, in_time: bool) -> None:
        self.waits.append(waited_us)
        self.answered_in_time += in_time

    @classmethod
    def sum(cls, tallies: Iterable["Tally"]) -> "Tally":
        total = cls()
        for tally in tallies:
            total.offered += tally.offered
            total.abandoned += tally.abandoned
            total.short_abandoned += tally.short_abandoned
            total.answered_in_time += tally.answered_in_time
            total.waits.extend(tally.waits)
        return total

    def figures(self) -> dict[str, Any]:
        """As in the result of `touchpoint simulate`; None where nothing was answered."""
        waits = sorted(self.waits)
        answered = len(waits)
        counted = answered + self.abandoned
        return {
            "offered": self.offered,
            "answered": answered,
            "abandoned": self.abandoned,
            "short_abandoned": self.short_abandoned,
            "still_waiting": self.offered - counted - self.short_abandoned,
            "service_level": _ratio(self.answered_in_time, counted),
            "asa_seconds": _ratio(sum(waits), answered * SECOND),
            "wait_seconds": {
                "p50": quantile(waits, 50),
                "p90": quantile(waits, 90),
                "p99": quantile(waits, 99),
                "max": quantile(waits, 100),
            },
        }


def quantile(ascending: Sequence[int], percent: int) -> float | None:
    """In seconds, the least value that `percent` of all do not exceed; None of nothing."""
    if not ascending:
        return None
    return ascending[-(-len(ascending) * percent // 100) - 1] / SECOND


def wait_probability(tallies: Iterable[Tally], accept_after_us: int) -> float | None:
    """The share that was not offered to an agent at once. (The time an agent takes to accept is no waiting
    for an agent.)"""
    offered = at_once = 0
    for tally in tallies:
        offered += tally.offered
        at_once += sum(waited <= accept_after_us for waited in tally.waits)
    return _ratio(offered - at_once, offered)


class Seat:
    """An agent's working time. `spent` sums up what they did from `counts_from` until `since`;
    `answered_at` is when they last took something on."""

    __slots__ = (
        "agent", "answered_at", "in_hand", "is_there", "offers", "since", "spent",
    )  # fmt: skip

    def __init__(self, agent: str, counts_from: int) -> None:
        self.agent = agent
        self.since = counts_from
        self.is_there = False
        self.offers = 0
        self.in_hand = 0
        self.answered_at = -1
        self.spent = [0, 0, 0, 0]

    def settle(self, at: int) -> None:
        """Put down the time until now; call it before anything changes."""
        if at <= self.since:
            return
        if self.in_hand:
            doing = HANDLING
        elif self.offers:
            doing = OFFERED
        else:
            doing = IDLE if self.is_there else AWAY
        self.spent[doing] += at - self.since
        self.since = at


def occupancy(seats: Iterable[Seat]) -> float | None:
    """Handling time / (handling time + idle while available); None if nobody was there."""
    handling = idle = 0
    for seat in seats:
        handling += seat.spent[HANDLING]
        idle += seat.spent[IDLE]
    return _ratio(handling, handling + idle)


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
