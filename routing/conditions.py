"""What a record does not tell, guessed by fixed rules that are the same for every policy: how much longer
somebody would have waited, and how long work takes that nobody did. Pure; the rules: docs/replay.md."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from hashlib import sha256
from statistics import median_low

from routing.history import History, Visit
from routing.patience import Patience

Measure = Callable[[Visit], int | None]


class Unknowable(Exception):
    """The record has nothing to guess from."""


class Conditions:
    """`end` is where the record ends, in microseconds since the epoch; `service_level_us` is the wait that is
    in time, by queue and channel."""

    def __init__(self, history: History, end: int, service_level_us: Callable[[str, str], int]) -> None:
        self._end, self._service_level_us = end, service_level_us
        self._handle = _Medians(history.visits, lambda visit: visit.handle_us)
        self._ring = _Medians(history.visits, lambda visit: visit.ring_us)
        waits: dict[str, list[tuple[int, bool]]] = defaultdict(list)
        for visit in history.visits:
            if visit.entered_at is not None:
                waits[visit.entry.channel].append((visit.waited_us(end), visit.abandoned))
        self._patience = {channel: Patience(found) for channel, found in waits.items()}

    def leaves_after(self, visit: Visit) -> int | None:
        """The wait, in microseconds, at which it is gone unless it was answered; None: it stays.

        Who really left leaves then again. Who was answered would have waited longer: as long as others of the
        channel did who waited that long, by an order of luck that is the customer's own.
        """
        waited_us = visit.waited_us(self._end)
        if visit.left_at is not None:
            return waited_us
        return self._patience[visit.entry.channel].beyond(waited_us, _luck(visit.id))

    def is_in_time(self, visit: Visit, waited_us: int) -> bool:
        return waited_us <= self._service_level_us(visit.entry.queue, visit.entry.channel)

    def handle_us(self, visit: Visit) -> int:
        """From the answer to the end of wrap-up: as it was, or what is usual. Raises Unknowable."""
        if visit.handle_us is not None:
            return visit.handle_us
        usual = self._handle.usual(visit)
        if usual is None:
            raise Unknowable("nobody finished anything: how long work takes cannot be known")
        return usual if visit.answered_at is None else max(usual, self._end - visit.answered_at)

    def ring_us(self, visit: Visit) -> int:
        """From the offer to the answer."""
        return visit.ring_us if visit.ring_us is not None else self._ring.usual(visit) or 0


class _Medians:
    """By queue and channel, else by channel, else of all."""

    def __init__(self, visits: Iterable[Visit], measure: Measure) -> None:
        found: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for visit in visits:
            measured = measure(visit)
            if measured is not None:
                for kind in _kinds(visit):
                    found[kind].append(measured)
        self._medians = {kind: median_low(values) for kind, values in found.items()}

    def usual(self, visit: Visit) -> int | None:
        return next((self._medians[kind] for kind in _kinds(visit) if kind in self._medians), None)


def _kinds(visit: Visit) -> tuple[tuple[str, ...], ...]:
    return (visit.entry.queue, visit.entry.channel), (visit.entry.channel,), ()


def _luck(name: str) -> float:
    """A number in [0, 1) that is always the same for this name."""
    return int.from_bytes(sha256(name.encode()).digest()[:6]) / 2**48
