"""How often somebody may do something: a token bucket for each, in this process's memory."""

from collections import OrderedDict
from typing import Final

from app.clock import Clock

KNOWN_MAX: Final = 10_000
"""Whoever was not seen for longest is forgotten; a forgotten bucket is a full one."""


class Throttle:
    """`burst` at once, then `per_second`."""

    def __init__(self, clock: Clock, *, burst: int, per_second: float) -> None:
        self._clock, self._burst, self._per_second = clock, burst, per_second
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, who: str) -> float:
        """0: go on. Else the seconds after which the next one may."""
        now = self._clock.monotonic()
        left, at = self._buckets.pop(who, (float(self._burst), now))
        left = min(float(self._burst), left + (now - at) * self._per_second)
        allowed = left >= 1
        self._buckets[who] = (left - 1 if allowed else left, now)
        if len(self._buckets) > KNOWN_MAX:
            self._buckets.popitem(last=False)
        return 0 if allowed else (1 - left) / self._per_second
