"""What mail and messaging take in business time: first response, each response, resolution, parked time.

A stretch is counted by the hours of its queue, in the version in force when its interaction came; a queue
without hours is always open.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from routing.calendar import Calendar

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Measure(StrEnum):
    """From the arrival to the first answer; from the first message that was not answered yet to its answer;
    from the arrival to the end; as long as it was parked."""

    FIRST_RESPONSE = "first_response"
    RESPONSE = "response"
    RESOLUTION = "resolution"
    PARKED = "parked"


@dataclass(frozen=True, slots=True)
class Stretch:
    """One such time that ended in the interval."""

    measure: Measure
    queue: str
    channel: str
    tier: str
    started_at: datetime
    ended_at: datetime
    hours: Calendar | None

    @property
    def seconds(self) -> float:
        return seconds_between(self.hours, self.started_at, self.ended_at)


class Said(NamedTuple):
    """A message of the customer, or an agent's to them."""

    at: datetime
    by_customer: bool


def seconds_between(hours: Calendar | None, start: datetime, end: datetime) -> float:
    """Business time between two moments; by the wall clock without hours."""
    if hours is None:
        return (end - start).total_seconds()
    micros = hours.between((start - _EPOCH) // _MICROSECOND, (end - _EPOCH) // _MICROSECOND)
    return micros / 1_000_000


def responses(said: Iterable[Said]) -> Iterator[tuple[datetime, datetime]]:
    """(the customer waits since, the agent's answer), from one conversation in order. A second message before
    the answer does not start the wait anew; an agent who writes again answers nothing."""
    since: datetime | None = None
    for message in said:
        if message.by_customer:
            since = since or message.at
        elif since is not None:
            yield since, message.at
            since = None
