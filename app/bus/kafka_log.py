"""The log on Kafka as a process opens it: into Kafka while it answers within its time, else into PostgreSQL,
from where the relay forwards. Back to Kafka once it answers and nothing older is waiting to be forwarded."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import structlog
from sqlalchemy import text

from app.bus.kafka import BrokerAway, Kafka, KafkaFeed, Producer
from app.bus.kafka_source import KafkaSource
from app.bus.log import PostgresLog
from app.database import Database
from app.errors import CommandError
from app.events import Envelope, Stream
from app.security import SealingKey

log = structlog.get_logger()

PROBE_SECONDS: Final = 0.5
_WAITING: Final = text("SELECT 1 FROM event_log WHERE stream = 'inbound' LIMIT 1")
_COUNT_WAITING: Final = text(
    "SELECT count(*) FROM"
    " (SELECT 1 FROM event_log WHERE stream = :stream LIMIT CAST(:most AS bigint)) waiting"
)
_POSITIONS: Final = text(
    "SELECT partition, position FROM consumer_position WHERE consumer = :consumer AND log = 'kafka'"
)


class KafkaLog:
    """`publish` gives Kafka `produce_seconds` for an acknowledgement. `key` seals what records say."""

    def __init__(
        self,
        database: Database,
        servers: str,
        key: SealingKey,
        *,
        produce_seconds: float = 1.0,
        prefix: str = "touchpoint",
    ) -> None:
        self.kafka = Kafka(servers, prefix)
        self._database, self._produce_seconds, self._key = database, produce_seconds, key
        self._postgres = PostgresLog(database)
        self.signals = self._postgres.signals
        self._producer: Producer | None = None
        self._failed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Does not wait for Kafka. Raises CommandError when topics or database have other partitions."""
        await self._postgres.start()
        with suppress(BrokerAway):
            await self._connect()
        self._task = asyncio.create_task(self._watch(), name="kafka probe")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self._disconnect()
        await self._postgres.close()

    @property
    def in_kafka(self) -> bool:
        """Whether the next event goes to Kafka."""
        return self._producer is not None and not self._failed.is_set()

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        producer = self._producer
        if producer is not None and not self._failed.is_set():
            try:
                return await producer.send(envelopes)
            except BrokerAway as error:
                log.warning("Kafka does not answer: events go to PostgreSQL", error=error.reason)
                self._failed.set()
        return await self._postgres.publish(envelopes)

    def feed(self, consumer: str, stream: Stream) -> KafkaFeed:
        return KafkaFeed(self.kafka, consumer, stream, self._key)

    def source(self, stream: Stream) -> KafkaSource:
        return KafkaSource(self.kafka, stream, self._key)

    def producer(self, seconds: float) -> Producer:
        """One that gives Kafka so long for an acknowledgement; not started."""
        return Producer(self.kafka, seconds, self._key)

    async def unread(self, consumer: str, stream: Stream, limit: int) -> int:
        """In the topic, and waiting to be forwarded."""
        async with self._database.read() as session:
            rows = await session.execute(_POSITIONS, {"consumer": consumer})
            positions = {row.partition: row.position for row in rows}
            waiting = await session.scalar(_COUNT_WAITING, {"stream": stream.value, "most": limit})
        return int(waiting or 0) + await self.source(stream).behind(positions)

    async def _watch(self) -> None:
        """Find the way back to Kafka, as often as it is lost."""
        while True:
            if self._producer is not None:
                await self._failed.wait()
                await self._disconnect()
            try:
                await self._connect()
            except CommandError as error:
                log.critical("Kafka is not usable", error=str(error))
                await asyncio.sleep(PROBE_SECONDS * 20)
            except BrokerAway:
                await asyncio.sleep(PROBE_SECONDS)
            except Exception as error:  # the outer shell: PostgreSQL may be away too
                log.warning("Kafka is not asked", error=repr(error)[:200])
                await asyncio.sleep(PROBE_SECONDS)

    async def _connect(self) -> None:
        """Raises BrokerAway while it does not answer or older events wait to be forwarded."""
        await self.kafka.create_topics()
        if await self._older_waiting():
            raise BrokerAway("inbound events wait to be forwarded")
        producer = self.producer(self._produce_seconds)
        await producer.start()
        self._failed.clear()
        self._producer = producer

    async def _older_waiting(self) -> bool:
        async with self._database.read() as session:
            return (await session.execute(_WAITING)).first() is not None

    async def _disconnect(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.abandon()
