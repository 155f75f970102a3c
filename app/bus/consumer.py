"""The one runner of all consumers: a batch of one partition is prepared, then applied in one transaction in
which rows, emitted events and the position change together, fenced by the partition's epoch."""

import asyncio
from collections.abc import Collection

from app.bus.applying import Applier
from app.bus.held import HeldPartition, Means
from app.bus.port import Consumer, Log, Sealer, Transaction
from app.clock import Clock, SystemClock, new_id
from app.database import Database

HAND_OVER_SECONDS = 5.0


class ConsumerRunner:
    """Runs one consumer in this process on every partition that its feed holds.

    At most `parallel` batches (of up to `batch_max` events) are prepared at once. `database` must give up
    idle transactions after 10 s, so that a frozen worker cannot block its successor.
    """

    def __init__(
        self,
        database: Database,
        log: Log,
        consumer: Consumer,
        sealer: Sealer,
        *,
        batch_max: int = 500,
        parallel: int = 4,
        clock: Clock | None = None,
    ) -> None:
        self._feed = log.feed(consumer.name, consumer.stream)
        self._applier = Applier(database, consumer)
        self._means = Means(
            database=database,
            feed=self._feed,
            consumer=consumer,
            sealer=sealer,
            clock=clock or SystemClock(),
            applier=self._applier,
            batch_max=batch_max,
            slots=asyncio.Semaphore(parallel),
            owner=new_id(),
        )
        self._held: dict[int, HeldPartition] = {}

    async def start(self) -> None:
        await self._feed.start(self)

    async def stop(self) -> None:
        """Finish the batches in hand, then give all partitions up."""
        await self._feed.stop()
        await self._applier.close()

    @property
    def partitions(self) -> frozenset[int]:
        """What this process holds now."""
        return frozenset(self._held)

    @property
    def stopped_partitions(self) -> frozenset[int]:
        """Held but not read any more: too many events in a row could not be applied."""
        return frozenset(number for number, held in self._held.items() if held.stopped)

    def transaction(self, partition: int) -> Transaction:
        """Fenced transactions for work outside `apply` and `tick`. Raises KeyError if it is not held."""
        return self._held[partition].transaction

    async def gain(self, partitions: Collection[int]) -> None:
        await self.lose(partitions)  # a group may assign anew what it never took away
        for number in partitions:
            self._held[number] = held = HeldPartition(self._means, number)
            held.start()

    async def lose(self, partitions: Collection[int]) -> None:
        leaving = [self._held.pop(number) for number in partitions if number in self._held]
        await asyncio.gather(*(held.leave(HAND_OVER_SECONDS) for held in leaving))
