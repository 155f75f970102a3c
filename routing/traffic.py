"""Generated traffic: how long things take and when work comes. All draws are from the `Random` passed in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import exp, log, sqrt
from random import Random
from typing import Protocol
from zoneinfo import ZoneInfo

HOUR_US = 3_600_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Stretch = tuple[int, float]
"""(until when, arrivals per microsecond): a stretch of constant rate."""

Hour = tuple[int, int, int]
"""(when it ends, day of the week from Monday = 0, hour of the day)."""


class Distribution(Protocol):
    """How long something takes."""

    def draw(self, random: Random) -> int:
        """Microseconds, never negative."""
        ...


@dataclass(frozen=True, slots=True)
class Constant:
    value_us: int

    def draw(self, random: Random) -> int:
        return self.value_us


@dataclass(frozen=True, slots=True)
class Exponential:
    mean_us: float

    def draw(self, random: Random) -> int:
        return round(-log(1.0 - random.random()) * self.mean_us)


@dataclass(frozen=True, slots=True)
class Lognormal:
    """`mu` and `sigma` are those of the logarithm of microseconds."""

    mu: float
    sigma: float

    @classmethod
    def of(cls, mean_us: float, sd_us: float) -> "Lognormal":
        """By mean and standard deviation of the time itself: sigma² = ln(1 + sd²/mean²)."""
        variance = log(1.0 + (sd_us / mean_us) ** 2)
        return cls(log(mean_us) - variance / 2, sqrt(variance))

    def draw(self, random: Random) -> int:
        return round(exp(random.gauss(self.mu, self.sigma)))


@dataclass(frozen=True, slots=True)
class Empirical:
    """One of the values, each as likely."""

    values_us: tuple[int, ...]

    def draw(self, random: Random) -> int:
        return self.values_us[int(random.random() * len(self.values_us))]


def arrivals(starts_at: int, stretches: Sequence[Stretch], random: Random) -> Iterator[int]:
    """The instants of a Poisson process whose rate is constant within each stretch.

    Exact, by inversion: the rate accumulated between two arrivals is exponential with mean 1.
    """
    at = float(starts_at)
    needed = -log(1.0 - random.random())
    for ends_at, rate in stretches:
        while rate and (comes := at + needed / rate) < ends_at:
            at = comes
            yield int(at)
            needed = -log(1.0 - random.random())
        needed -= (ends_at - at) * rate
        at = float(ends_at)


def midnight(day: date, zone: ZoneInfo) -> int:
    """The beginning of the day there, in microseconds since the epoch."""
    begins = datetime(day.year, day.month, day.day, tzinfo=zone)
    return (begins.astimezone(UTC) - _EPOCH) // _MICROSECOND


def hours(starts_at: int, ends_at: int, zone: ZoneInfo) -> Iterator[Hour]:
    """The hours that clocks there show, one after the other; the last one covers `ends_at`."""
    at = starts_at
    while at < ends_at:
        local = (_EPOCH + at * _MICROSECOND).astimezone(zone)
        into_hour = (local.minute * 60 + local.second) * 1_000_000 + local.microsecond
        at += HOUR_US - into_hour
        yield at, local.weekday(), local.hour
