"""When a customer may be called: while their queue is open and it is a decent hour where they are."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from interactions.life.facts import instant_of, microseconds
from interactions.life.policies import TenantPolicy
from routing.calendar import Calendar

DECENT: Final = "08:00-21:00"
"""Where the set-up says nothing."""

LOOKED_AT: Final = 400
"""So many stretches of one calendar are held against the others: more than a year of days."""


class Window(NamedTuple):
    """A stretch in which the customer may be called. `closes` None: it never ends."""

    opens: datetime
    closes: datetime | None


def next_window(
    policy: TenantPolicy, queue: str, attributes: Mapping[str, Any], at: datetime
) -> Window | None:
    """The first from `at` on, for the queue and a customer with these attributes (`time_zone`, an IANA name,
    else the tenant's zone counts); None: there is none within a year."""
    calendars = [_decent(_zone(policy, attributes), policy.document.get("calling_hours", DECENT))]
    hours = policy.hours(queue)
    if hours is not None:
        calendars.append(hours)
    found = _together(calendars, microseconds(at))
    if found is None:
        return None
    opens, closes = found
    return Window(instant_of(opens), None if closes is None else instant_of(closes))


def _together(calendars: Sequence[Calendar], at: int) -> tuple[int, int | None] | None:
    for _ in range(LOOKED_AT):
        openings = [calendar.next_opening(at) for calendar in calendars]
        known = [opening for opening in openings if opening is not None]
        if len(known) < len(openings):
            return None
        at = max(known)
        if all(calendar.is_open(at) for calendar in calendars):
            closings = [calendar.next_closing(at) for calendar in calendars]
            return at, min((closing for closing in closings if closing is not None), default=None)
    return None


def _zone(policy: TenantPolicy, attributes: Mapping[str, Any]) -> str:
    named, ours = attributes.get("time_zone"), policy.document.get("time_zone", "UTC")
    return named if isinstance(named, str) and _exists(named) else ours


def _exists(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, KeyError):
        return False
    return True


@lru_cache(maxsize=512)
def _decent(zone: str, hours: str) -> Calendar:
    return Calendar.parse(zone, {"mon-sun": [hours]})
