"""Occupancy (SEMANTICS §2): handling wall time / (handling + idle while available).

Computed from stretches of presence and of work, split at the interval's edges, so that intervals sum to their
total exactly.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

Stretch = tuple[datetime, datetime]
"""Half-open."""

ZERO = timedelta(0)


@dataclass(frozen=True, slots=True)
class AgentTime:
    """One agent's stretches, all within one interval. `handling`: talk, hold and wrap-up, each with its
    units; `busy`: what rings or connects, which is neither handling nor idle."""

    teams: frozenset[str]
    units_max: int
    available: Sequence[Stretch] = ()
    handling: Sequence[tuple[Stretch, int]] = ()
    busy: Sequence[Stretch] = ()

    @property
    def handling_time(self) -> timedelta:
        """Wall time: two chats at once count once."""
        return length(self.handled)

    @property
    def idle_time(self) -> timedelta:
        available = merged(self.available)
        return length(available) - common(available, merged([*self.handled, *self.busy]))

    @property
    def handled(self) -> list[Stretch]:
        return merged(stretch for stretch, _ in self.handling)

    @property
    def unit_time(self) -> timedelta:
        """Units held while handling, times how long."""
        return sum(((end - start) * units for (start, end), units in self.handling), ZERO)


def occupancy(agents: Iterable[AgentTime]) -> dict[str, Any]:
    """`occupancy`, and `unit_occupancy`, in which each piece weighs its units; None where nobody worked."""
    handling = idle = used = offered = ZERO
    for agent in agents:
        worked = agent.handling_time
        handling, idle = handling + worked, idle + agent.idle_time
        used, offered = used + agent.unit_time, offered + (worked + agent.idle_time) * agent.units_max
    return {"occupancy": _ratio(handling, handling + idle), "unit_occupancy": _ratio(used, offered)}


def clipped(stretch: tuple[datetime, datetime | None], start: datetime, end: datetime) -> Stretch | None:
    """What of it lies within the interval; what has not ended lasts to its end."""
    begun, ended = max(stretch[0], start), min(stretch[1] or end, end)
    return (begun, ended) if begun < ended else None


def merged(stretches: Iterable[Stretch]) -> list[Stretch]:
    """In order, without overlaps."""
    found: list[Stretch] = []
    for start, end in sorted(stretches):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def length(stretches: Iterable[Stretch]) -> timedelta:
    return sum((end - start for start, end in stretches), ZERO)


def common(one: Sequence[Stretch], other: Sequence[Stretch]) -> timedelta:
    """How long both last; each is in order, without overlaps."""
    return sum(
        (max(ZERO, min(a[1], b[1]) - max(a[0], b[0])) for a in one for b in other if b[0] < a[1]), ZERO
    )


def _ratio(part: timedelta, whole: timedelta) -> float | None:
    return part / whole if whole else None
