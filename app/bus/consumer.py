"""The one runner of all consumers: a batch of one partition is prepared, then applied in one transaction in
which rows, emitted events and the position change together, fenced by the partition's epoch."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar, Protocol, runtime_checkable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.events import Envelope, Stream

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
