"""What a log is to the rest of the service: a place to publish (`Bus`), feeds of batches, and the consumers
that are run on them.

Two logs have this shape: PostgreSQL (`log.py`) and Kafka (`kafka.py`); `tests/contracts/bus.py` runs on both.
"""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.events import Envelope, Stream


@dataclass(frozen=True, slots=True)
class Position:
    """How far a consumer has read a partition; stored in `consumer_position`.

    PostgreSQL: everything that `snapshot_old` sees, and, when a limit cut a batch, of what `snapshot_new`
    sees besides the rows up to `position`. Kafka: `position` is the next offset, `event_id` is of the record
    before it.
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


class PositionLost(Exception):
    """The log does not hold what follows a stored position: it was made anew, or kept too short. Reading on
    would skip events silently, so the partition stops."""


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

    async def fetch(self, partition: int, position: Position, limit: int, timeout_seconds: float) -> Batch:
        """What follows `position`, at once or as soon as something arrives; empty after the time-out."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An event as readers without a stored position get it; `cursor` resumes after it."""

    envelope: Envelope
    cursor: str


@dataclass(frozen=True, slots=True)
class Page:
    """`cursor` resumes after all of `seen`; `more`: there is something behind it already."""

    seen: Sequence[Seen]
    cursor: str
    more: bool


class Source(Protocol):
    """A whole stream, from any cursor on, for any number of readers: nothing is stored."""

    async def end(self) -> str:
        """The cursor behind all that is there now."""

    async def read(self, cursor: str | None, limit: int) -> Page:
        """What follows `cursor` (None: the oldest that is kept). Raises CursorGone."""

    def live(self, cursor: str) -> AsyncIterator[Page]:
        """Pages as they come, for ever."""


class Log(Bus, Protocol):
    """A whole log, as the composition root opens it: one per process."""

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    def feed(self, consumer: str, stream: Stream) -> Feed: ...

    def source(self, stream: Stream) -> Source: ...

    async def unread(self, consumer: str, stream: Stream, limit: int) -> int:
        """How many events `consumer` has not applied yet; an estimate, and never much above `limit`."""


Transaction = Callable[[UUID | None], AbstractAsyncContextManager[AsyncSession]]
"""`async with transaction(tenant_id) as session`: fenced by the partition's epoch; raises StaleEpoch."""


class Consumer(Protocol):
    """What reads a stream. Events of types it does not know are its to ignore (`Envelope.event()` is None).

    Raise PoisonEvent (or let ValidationError, data and integrity errors pass) for what can never be applied:
    it is parked in `dead_letter`. Everything else that is raised is an outage: tried again for ever.
    """

    name: ClassVar[str]
    stream: ClassVar[Stream]

    async def prepare(self, batch: Sequence[Envelope]) -> Sequence[Any]:
        """One result for each event, made outside any transaction: parsing, blobs, subprocesses."""

    async def apply(self, batch: Sequence[Envelope], prepared: Sequence[Any], session: AsyncSession) -> None:
        """Change rows and `append` events. All of one call belong to one tenant, for whom `session` acts; a
        batch with several tenants makes several calls in one transaction."""


@runtime_checkable
class Stateful(Protocol):
    """A consumer that keeps memory per partition or has timers (the routing worker). All calls of one
    partition come one after the other, never two at once, and never beside `apply` of that partition."""

    async def assigned(self, partition: int, epoch: int) -> None:
        """This process holds the partition from now on; no memory of it is left."""

    def dropped(self, partition: int) -> None:
        """Forget the partition: a transaction was rolled back, or another worker has it. If it is still ours,
        `apply` or `tick` follow, after `assigned` once more."""

    def next_wake(self, partition: int) -> float | None:
        """When `tick` is due, in seconds of the monotonic clock; asked after each batch and tick."""

    async def tick(self, partition: int, transaction: Transaction) -> None:
        """Fire what is due."""


class Sealer(Protocol):
    """Encrypts with the tenant's key (`app.security.Cipher`); raises while it does not know the tenant."""

    def seal(self, tenant_id: UUID, plain: bytes) -> bytes: ...
