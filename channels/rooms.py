"""How much of an endpoint may go out now: so many at once, and so many a second as its platform takes."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final
from uuid import UUID

from app.clock import Clock

TOGETHER_MAX: Final = 256
"""Of one endpoint under way at once: one that is slow leaves room for the others."""

BURST_SECONDS: Final = 0.1
"""What may be saved up: a tenth of a second's worth, but always one."""


class Bucket:
    """Fills with `per_second`; taking more than there is leaves it in debt."""

    def __init__(self, per_second: float, now: float) -> None:
        self.per_second = per_second
        self._most = max(1.0, per_second * BURST_SECONDS)
        self._level, self._at = self._most, now

    def level(self, now: float) -> float:
        self._level = min(self._most, self._level + (now - self._at) * self.per_second)
        self._at = now
        return self._level

    def take(self, number: int, now: float) -> None:
        self._level = self.level(now) - number

    def seconds_until_one(self, now: float) -> float:
        return max(0.0, (1 - self.level(now)) / self.per_second)


class Rooms:
    """One per process. Each keeps to its share of a platform's limit."""

    def __init__(self, clock: Clock, limits: Callable[[], Iterable[tuple[UUID, float]]]) -> None:
        """`limits`: (endpoint, requests a second) of every endpoint whose platform has a limit."""
        self._clock, self._limits, self._workers = clock, limits, 1
        self._buckets: dict[UUID, Bucket] = {}
        self._under_way: Counter[UUID] = Counter()

    def share(self, workers: int) -> None:
        """As many processes send now, this one among them."""
        self._workers = max(1, workers)

    def free(self) -> Mapping[UUID, int]:
        """How many more of an endpoint may begin now; of one that is not named, TOGETHER_MAX."""
        self._fill()
        now = self._clock.monotonic()
        rooms = {endpoint_id: TOGETHER_MAX - number for endpoint_id, number in self._under_way.items()}
        for endpoint_id, bucket in self._buckets.items():
            rooms[endpoint_id] = min(rooms.get(endpoint_id, TOGETHER_MAX), int(max(0.0, bucket.level(now))))
        return rooms

    def _fill(self) -> None:
        known = dict(self._limits())
        for gone in self._buckets.keys() - known.keys():
            del self._buckets[gone]
        for endpoint_id, per_second in known.items():
            bucket, ours = self._buckets.get(endpoint_id), per_second / self._workers
            if bucket is None or bucket.per_second != ours:
                self._buckets[endpoint_id] = Bucket(ours, self._clock.monotonic())

    def begin(self, endpoint_id: UUID) -> None:
        self._under_way[endpoint_id] += 1
        self.spend(endpoint_id, 1)

    def end(self, endpoint_id: UUID) -> None:
        self._under_way[endpoint_id] -= 1
        if not self._under_way[endpoint_id]:
            del self._under_way[endpoint_id]

    def spend(self, endpoint_id: UUID, requests: int) -> None:
        if (bucket := self._buckets.get(endpoint_id)) is not None:
            bucket.take(requests, self._clock.monotonic())

    def seconds_until_room(self) -> float | None:
        """Until one of those that had to stop may go on; None: none had to."""
        now = self._clock.monotonic()
        waits = [wait for bucket in self._buckets.values() if (wait := bucket.seconds_until_one(now)) > 0]
        return min(waits, default=None)
