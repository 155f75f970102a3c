"""What a queue did lately, as lending asks for it (SEMANTICS §1.6): the older a sample the less it weighs."""

from math import exp

from routing.policy import Queue
from routing.state import QueueMeasured

MEAN_AGE_US = 900_000_000
SAMPLES_MIN = 20
FORGOTTEN = 0.05
"""With no more weight than that of one sample three times the mean age ago, there is nothing to say."""


class Decaying:
    """The mean of samples, each weighing exp(-age / 15 min)."""

    __slots__ = ("at", "samples", "total", "weight")

    def __init__(self) -> None:
        self.at = 0
        self.samples = 0
        self.weight = self.total = 0.0

    def add(self, value: float, at: int) -> None:
        self._decay(at)
        self.samples += 1
        self.weight += 1
        self.total += value

    def mean(self, at: int) -> float | None:
        self._decay(at)
        return self.total / self.weight if self.weight > FORGOTTEN else None

    def _decay(self, at: int) -> None:
        kept = exp((self.at - at) / MEAN_AGE_US)
        self.weight *= kept
        self.total *= kept
        self.at = at


class Recent:
    """One queue's service level, and handling times by channel: from 20 samples on, or where the set-up does
    not say what to expect."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._level = Decaying()
        self._handling = {channel: Decaying() for channel in queue.channels}

    def ended(self, in_time: bool, at: int) -> None:
        """Something was answered, in time or not, or abandoned."""
        self._level.add(in_time, at)

    def handled(self, channel: str, took_us: int, at: int) -> None:
        self._handling[channel].add(took_us, at)

    def measured(self, at: int) -> QueueMeasured:
        level = self._level.mean(at)
        handle_us = {
            channel: round(mean) for channel in self._handling if (mean := self._handle_us(channel, at))
        }
        return QueueMeasured(self._queue.key, None if level is None else round(level * 1e6), handle_us)

    def _handle_us(self, channel: str, at: int) -> float | None:
        handling = self._handling[channel]
        expected = self._queue.channels[channel].expected_handle_us
        return None if handling.samples < SAMPLES_MIN and expected else handling.mean(at)
