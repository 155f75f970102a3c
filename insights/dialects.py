"""The service level as others count it: pure functions over the same rows (SEMANTICS §2).

Each judges one entry: is it a success, and does it count at all. Sources: Amazon Connect "Service level X",
Genesys Cloud "Configure service level calculation", Asterisk's `app_queue` (ServicelevelPerf and
ServicelevelPerf2), RingCentral "Service level settings".
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from functools import partial
from typing import Final

from insights.figures import Entry, Exit, Judge, Judged, ours

INCLUDE: Final = ("abandons", "short_abandons", "flow_outs")
_OF_SWITCH: Final = {
    "abandons": Exit.ABANDONED,
    "short_abandons": Exit.SHORT_ABANDONED,
    "flow_outs": Exit.FLOWED_OUT,
}
_LEFT: Final = (Exit.ABANDONED, Exit.SHORT_ABANDONED)


class UnknownDialect(ValueError):
    """`pointer` names the parameter that is wrong."""

    def __init__(self, pointer: str, message: str) -> None:
        super().__init__(message)
        self.pointer = pointer


def connect(entry: Entry, now: datetime) -> Judged:
    """Removed from the queue within T / queued: who gave up or asked for a callback in time is a success."""
    removed = entry.exit(now) in (Exit.ANSWERED, *_LEFT, Exit.CALLBACK_REQUESTED)
    return removed and not entry.is_late(now), True


def genesys(entry: Entry, now: datetime, include: Collection[Exit] = (Exit.ABANDONED,)) -> Judged:
    """Answered within T / (answered + what the switches include)."""
    kind = entry.exit(now)
    return kind == Exit.ANSWERED and not entry.is_late(now), kind == Exit.ANSWERED or kind in include


def asterisk_sl(entry: Entry, now: datetime) -> Judged:
    """Answered within T / answered."""
    answered = entry.exit(now) == Exit.ANSWERED
    return answered and not entry.is_late(now), answered


def asterisk_sl2(entry: Entry, now: datetime) -> Judged:
    """(Answered within T + abandoned within T) / (answered + abandoned); no abandon is too short."""
    counted = entry.exit(now) in (Exit.ANSWERED, *_LEFT)
    return counted and not entry.is_late(now), counted


def ringcentral(entry: Entry, now: datetime, abandon_seconds: float | None = None) -> Judged:
    """Answered within T / (answered + abandoned at or after an own threshold; None: the queue's)."""
    kind = entry.exit(now)
    least = entry.short_abandon_seconds if abandon_seconds is None else abandon_seconds
    counted = kind == Exit.ANSWERED or (kind in _LEFT and entry.wait_seconds(now) >= least)
    return counted and kind == Exit.ANSWERED and not entry.is_late(now), counted


DIALECTS: Final[Mapping[str, Callable[..., Judged]]] = {
    "touchpoint": ours,
    "connect": connect,
    "genesys": genesys,
    "asterisk_sl": asterisk_sl,
    "asterisk_sl2": asterisk_sl2,
    "ringcentral": ringcentral,
}


def judge_of(name: str, include: Collection[str] = (), abandon_seconds: float | None = None) -> Judge:
    """`include`: the switches of `genesys` (none: abandons alone); `abandon_seconds`: the threshold of
    `ringcentral`. Raises UnknownDialect."""
    if name not in DIALECTS:
        raise UnknownDialect("/dialect", f"one of {', '.join(DIALECTS)}")
    if include and name != "genesys":
        raise UnknownDialect("/include", "only the dialect genesys has such switches")
    if abandon_seconds is not None and name != "ringcentral":
        raise UnknownDialect("/abandon_seconds", "only the dialect ringcentral has a threshold of its own")
    if unknown := sorted(set(include) - set(INCLUDE)):
        raise UnknownDialect("/include", f"{unknown[0]!r} is none of {', '.join(INCLUDE)}")
    if include:
        return partial(genesys, include=[_OF_SWITCH[switch] for switch in include])
    if abandon_seconds is not None:
        return partial(ringcentral, abandon_seconds=abandon_seconds)
    return DIALECTS[name]
