"""One partition while this process holds it: read, apply, fire timers, one after the other; park poison, wait
for outages, and stop at once when another worker has taken it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.bus import metrics
from app.bus.applying import Applier, Ready
from app.bus.envelopes import to_json
from app.bus.poison import is_poison
from app.bus.port import Consumer, Feed, Position, PositionLost, Record, Sealer, Stateful
from app.bus.positions import Share, advance
from app.clock import Clock
from app.database import OUTAGES, Database
from app.errors import PoisonEvent, StaleEpoch
from app.events import Envelope

log = structlog.get_logger()

IDLE_SECONDS: Final = 5.0
ATTEMPTS: Final = 3
ATTEMPT_PAUSE_SECONDS: Final = 0.05
POISON_IN_A_ROW_MAX: Final = 100
BACK_OFF_SECONDS: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
STALE_SECONDS: Final = 5.0
"""Longer than the feed needs to learn that it lost the partition: a zombie must not take it back."""


@dataclass(frozen=True, slots=True)
class Means:
    """What all partitions of one consumer in one process share."""

    database: Database
    feed: Feed
    consumer: Consumer
    sealer: Sealer
    clock: Clock
    applier: Applier
    batch_max: int
    slots: asyncio.Semaphore
    owner: UUID


class HeldPartition:
    """Starts with `start`, ends with `leave`; `stopped` when too many events in a row were poison."""

    def __init__(self, means: Means, number: int) -> None:
        consumer = means.consumer
        self.stopped = False
        self._means = means
        self._share = Share(consumer.name, consumer.stream, means.feed.log, number)
        self._stateful = consumer if isinstance(consumer, Stateful) else None
        self._busy = asyncio.Lock()
        self._in_a_row = self._failures = 0
        self._task: asyncio.Task[None] | None = None
        self._log = log.bind(consumer=consumer.name, partition=number)

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=f"{self._share.consumer}/{self._share.partition}")

    async def leave(self, seconds: float) -> None:
        """Finish the batch in hand, but wait no longer than `seconds`, then forget the partition."""
        try:
            async with asyncio.timeout(seconds):
                await self._busy.acquire()
        except TimeoutError:
            self._log.warning("partition left in the middle of a batch")
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    @asynccontextmanager
    async def transaction(self, tenant_id: UUID | None = None) -> AsyncIterator[AsyncSession]:
        """A transaction that nobody else's of this partition can overlap. Raises StaleEpoch."""
        async with self._means.database.transaction(tenant_id) as session:
            self._still_ours(await self._share.held(session))
            yield session

    def _still_ours(self, ours: bool) -> None:
        if not ours:
            raise StaleEpoch(f"{self._share.consumer}/{self._share.partition}")

    async def _run(self) -> None:
        while not self.stopped:
            pause = STALE_SECONDS
            try:
                await self._serve()
            except StaleEpoch:
                self._log.warning("partition taken by another worker")
                self._share = replace(self._share, epoch=0)
            except PositionLost as error:
                self._stop("partition stopped: the log is not the one that was read", error=repr(error))
            except Exception as error:  # the outer shell: an outage is waited for
                pause = BACK_OFF_SECONDS[min(self._failures, len(BACK_OFF_SECONDS) - 1)]
                self._failures += 1
                unknown = not isinstance(error, OUTAGES)
                self._log.warning("consumer waits", error=repr(error), seconds=pause, exc_info=unknown)
            finally:
                self._forget()
            if not self.stopped:
                await self._means.clock.sleep(pause)

    async def _serve(self) -> None:
        position = await self._begin()
        while not self.stopped:
            batch = await self._means.feed.fetch(
                self._share.partition, position, self._means.batch_max, self._patience()
            )
            async with self._busy:
                if batch.records:
                    await self._settle(batch.records)
                await self._tick()
            position = batch.after

    async def _begin(self) -> Position:
        """Where to read from, by the database: after an error nobody knows whether the last commit held."""
        async with self._means.database.transaction() as session:
            if self._share.epoch == 0:
                self._share = replace(self._share, epoch=await self._share.take(session, self._means.owner))
            else:
                self._still_ours(await self._share.held(session))
            stored = await self._share.position(session)
        await self._remember()
        return await self._means.feed.seek(self._share.partition, stored)

    async def _settle(self, records: Sequence[Record]) -> None:
        """Apply `records`, or, when some are poison, each half on its own, in order."""
        try:
            await self._apply(records)
        except Exception as error:
            if not is_poison(error):
                raise
            self._forget()
            await self._remember()
            if len(records) == 1:
                await self._retry_or_park(records[0], error)
            else:
                await self._settle(records[: len(records) // 2])
                await self._settle(records[len(records) // 2 :])

    async def _apply(self, records: Sequence[Record]) -> None:
        if self.stopped:
            return
        envelopes = [_readable(record) for record in records]
        async with self._means.slots:
            prepared = await self._means.consumer.prepare(envelopes)
        await self._means.applier.apply(Ready(self._share, envelopes, prepared, records[-1].after))
        self._in_a_row = self._failures = 0
        metrics.APPLIED.labels(self._share.consumer).inc(len(records))

    async def _retry_or_park(self, record: Record, error: Exception) -> None:
        """A lost race looks like an integrity error too: try again before giving the event up."""
        for _ in range(ATTEMPTS - 1):
            await self._means.clock.sleep(ATTEMPT_PAUSE_SECONDS)
            try:
                await self._apply([record])
            except Exception as again:
                if not is_poison(again):
                    raise
                error = again
                self._forget()
                await self._remember()
            else:
                return
        await self._park(record, error)

    async def _park(self, record: Record, error: Exception) -> None:
        envelope = record.envelope
        raw = self._means.sealer.seal(envelope.tenant_id, to_json(envelope)) if envelope else b""
        async with self._means.database.transaction() as session:
            await advance(session, [(self._share, record.after)], None)
            await self._share.park(session, envelope, raw, f"{type(error).__name__}: {error}")
        self._log.error("event parked", event_id=envelope and str(envelope.id), error=repr(error))
        metrics.PARKED.labels(self._share.consumer).inc()
        self._in_a_row += 1
        if self._in_a_row >= POISON_IN_A_ROW_MAX:
            self._stop("partition stopped: nothing can be applied", in_a_row=self._in_a_row)

    def _stop(self, reason: str, **details: Any) -> None:
        self.stopped = True
        metrics.STOPPED.labels(self._share.consumer, self._share.partition).set(1)
        self._log.critical(reason, **details)

    async def _tick(self) -> None:
        if self._stateful is not None and self._patience() <= 0:
            async with self._means.slots:
                await self._stateful.tick(self._share.partition, self.transaction)

    def _patience(self) -> float:
        """Seconds until the consumer's next timer, or until it is asked again."""
        due = self._stateful.next_wake(self._share.partition) if self._stateful else None
        return IDLE_SECONDS if due is None else min(IDLE_SECONDS, max(0, due - self._means.clock.monotonic()))

    async def _remember(self) -> None:
        if self._stateful is not None:
            await self._stateful.assigned(self._share.partition, self._share.epoch)

    def _forget(self) -> None:
        if self._stateful is not None:
            self._stateful.dropped(self._share.partition)


def _readable(record: Record) -> Envelope:
    if record.envelope is None:
        raise PoisonEvent(record.error)
    return record.envelope
