"""The instants at which something is due: deadlines of legs, thresholds at which waiting work
moves, and the turns of shifts."""

from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from typing import Literal

from routing.entity import Agent, Item, Leg

TimerKind = Literal["wake", "deadline", "confirm_by", "reassign_at", "shift_turns_at"]

Timer = tuple[int, int, TimerKind, Item | Leg | Agent]
"""(due, serial, kind, whose): valid while the attribute named by `kind` still says `due`."""

SLACK = 4096


class Timers:
    """A heap with lazy deletion: clearing or changing the attribute is enough to cancel a timer."""

    def __init__(self) -> None:
        self._heap: list[Timer] = []
        self._serial = 0
        self._purge_at = SLACK

    def push(self, due: int, kind: TimerKind, target: Item | Leg | Agent) -> None:
        self._serial += 1
        heappush(self._heap, (due, self._serial, kind, target))
        if len(self._heap) > self._purge_at:
            self._purge()

    def next_due(self) -> int | None:
        heap = self._heap
        while heap:
            due, _, kind, target = heap[0]
            if getattr(target, kind) == due:
                return due
            heappop(heap)
        return None

    def is_due(self, now: int) -> bool:
        return bool(self._heap) and self._heap[0][0] <= now

    def pop_due(self, now: int) -> Iterator[tuple[TimerKind, Item | Leg | Agent]]:
        heap = self._heap
        while heap and heap[0][0] <= now:
            timer = heappop(heap)
            if _is_valid(timer):
                yield timer[2], timer[3]

    def _purge(self) -> None:
        self._heap[:] = [timer for timer in self._heap if _is_valid(timer)]
        heapify(self._heap)
        self._purge_at = 2 * len(self._heap) + SLACK


def _is_valid(timer: Timer) -> bool:
    due, _, kind, target = timer
    return bool(getattr(target, kind) == due)
