"""What a log is to the rest of the service: a place to publish (`Bus`), and feeds of batches for consumers.

Two logs have this shape: PostgreSQL (`log.py`) and Kafka (`kafka.py`); `tests/contracts/bus.py` runs on both.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol
from uuid import UUID

from app.events import Envelope, Stream


@dataclass(frozen=True, slots=True)
class Position:
    """How far a consumer has read a partition; stored in `consumer_position`.

    PostgreSQL: everything that `snapshot_old` sees, and, when a limit cut a batch, of what `snapshot_new` sees
    besides the rows up to `position`. Kafka: `position` is the next offset, `event_id` stands before it.
    """

    snapshot_old: str | None = None
    snapshot_new: str | None = None
    position: int | None = None
    event_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """One entry of the log. `after` is the position of a consumer that has applied it and all before it.
    What cannot be read as an event has no `envelope`, but its bytes in `raw` and the `error`."""

    after: Position
    envelope: Envelope | None
    raw: bytes = b""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one partition in order, and the position after them; `records` may be empty."""

    records: Sequence[Record]
    after: Position


class Bus(Protocol):
    """Where events are made durable outside a transaction: at the doors."""

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Durable on return. Raises Unavailable (with `retry_after_seconds`) when nothing can store them, and
        PoisonEvent when the log can never hold one of them (a NUL in its key)."""


class Holder(Protocol):
    """Who is told which partitions this process holds: the runner."""

    async def gain(self, partitions: Collection[int]) -> None: ...

    async def lose(self, partitions: Collection[int]) -> None:
        """Returns when nothing runs for them any more."""


class Feed(Protocol):
    """One consumer's share of one stream, in this process."""

    log: ClassVar[str]
    """The `log` column of its positions: postgres, kafka."""

    async def start(self, holder: Holder) -> None:
        """Join the workers of this consumer; from now on `holder` is told what it holds."""

    async def stop(self) -> None:
        """Give all partitions up."""

    async def seek(self, partition: int, position: Position | None) -> Position:
        """Begin to read at `position` (None: the beginning of what is kept)."""

    async def fetch(
        self, partition: int, position: Position, limit: int, timeout_seconds: float
    ) -> Batch:
        """What follows `position`, at once or as soon as something arrives; empty after the time-out."""


class Log(Bus, Protocol):
    """A whole log, as the composition root opens it: one per process."""

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    def feed(self, consumer: str, stream: Stream) -> Feed: ...
