"""Apache Kafka. The only module that imports aiokafka, whose defaults lose data: acks, idempotence, no
auto-commit and no offset reset are set here. Positions stand in PostgreSQL; Kafka's own are never used."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any, ClassVar, Final
from uuid import UUID

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from app.bus.kafka_record import headers_of, position_after, read_record
from app.bus.port import Batch, Holder, Position, PositionLost, Record
from app.errors import CommandError, Unavailable
from app.events import PARTITIONS, Envelope, Stream
from app.security import SealingKey

log = structlog.get_logger()

PRODUCER: Final = MappingProxyType({"acks": "all", "enable_idempotence": True, "linger_ms": 0})
CONSUMER: Final = MappingProxyType(
    {
        "enable_auto_commit": False,
        "auto_offset_reset": "none",
        # aiokafka leaves a partition whose records are being handed out of its next request: how long that
        # one waits for others is how late the partition's next record may be.
        "fetch_max_wait_ms": 50,
        "session_timeout_ms": 10_000,
        "heartbeat_interval_ms": 3_000,
    }
)
DAY_MILLISECONDS: Final = 86_400_000
TOPIC: Final = MappingProxyType(
    {
        "retention.ms": str(7 * DAY_MILLISECONDS),
        # Kafka forgets whole segments: a quiet partition would keep its records for as long again.
        "segment.ms": str(DAY_MILLISECONDS),
        "max.message.bytes": "1048588",
    }
)
REPLICAS_MAX: Final = 3
RESTART_SECONDS: Final = 1.0
READ_MILLISECONDS: Final = 5_000
RETRY_AFTER_SECONDS: Final = 2


class BrokerAway(Unavailable):
    """Kafka did not answer in time; whether it stored what was sent is unknown. `reason` is for the log."""

    def __init__(self, reason: object) -> None:
        super().__init__("The log does not answer.", retry_after_seconds=RETRY_AFTER_SECONDS)
        self.reason = reason if isinstance(reason, str) else repr(reason)


class Kafka:
    """One cluster and our topics on it: `<prefix>.inbound`, `.routing`, `.activity`."""

    def __init__(self, servers: str, prefix: str = "touchpoint") -> None:
        self.servers, self.prefix = servers, prefix

    def topic(self, stream: Stream) -> str:
        return f"{self.prefix}.{stream.value}"

    async def create_topics(self) -> None:
        """Raises BrokerAway, and CommandError when a topic has another number of partitions."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.servers, request_timeout_ms=5_000)
        try:
            await admin.start()
            brokers = len((await admin.describe_cluster())["brokers"])
            replicas = min(REPLICAS_MAX, brokers)
            wanted = {self.topic(stream) for stream in Stream}
            for name in wanted - {topic["topic"] for topic in await admin.describe_topics()}:
                await admin.create_topics([NewTopic(name, PARTITIONS, replicas, topic_configs=dict(TOPIC))])
            found = {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics()}
            _check_partitions({name: found.get(name, 0) for name in wanted})
        except (KafkaError, OSError) as error:
            raise BrokerAway(error) from error
        finally:
            await admin.close()

    def places(self, stream: Stream, partitions: Iterable[int] = range(PARTITIONS)) -> list[TopicPartition]:
        return [TopicPartition(self.topic(stream), number) for number in partitions]

    @asynccontextmanager
    async def reader(self, places: Sequence[TopicPartition]) -> AsyncIterator[Any]:
        """A consumer without a group on these partitions. Raises BrokerAway."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.servers, group_id=None, **CONSUMER)
        try:
            await consumer.start()
            consumer.assign(places)
            yield consumer
        except (KafkaError, OSError) as error:
            raise BrokerAway(error) from error
        finally:
            await consumer.stop()

    async def recent_ids(self, slots: Collection[tuple[Stream, int]], count: int) -> set[UUID]:
        """The ids of the last `count` events in each of these partitions. Raises BrokerAway."""
        places = [place for stream, number in slots for place in self.places(stream, (number,))]
        ids: set[UUID] = set()
        async with self.reader(places) as consumer:
            beginning, end = await bounds(consumer, places)
            for place in places:
                consumer.seek(place, max(beginning[place], end[place] - count))
            while any([await consumer.position(place) < end[place] for place in places]):
                for messages in (await consumer.getmany(timeout_ms=READ_MILLISECONDS)).values():
                    ids |= {after.event_id for after in map(after, messages) if after.event_id}
        return ids

    async def misplaced(self, stream: Stream, positions: Mapping[int, Position]) -> list[str]:
        """Why stored positions do not fit this topic, one line each; those consumers have stopped."""
        places, wrong = self.places(stream, positions), []
        async with self.reader(places) as consumer:
            beginning, end = await bounds(consumer, places)
            for place in places:
                position = positions[place.partition]
                try:
                    before = check_bounds(place, position, beginning[place], end[place])
                    if before is not None:
                        consumer.seek(place, before)
                        found = await consumer.getmany(place, timeout_ms=READ_MILLISECONDS, max_records=1)
                        check_same(place, after(found[place][0]), position)
                except PositionLost as error:
                    wrong.append(str(error))
        return wrong


def _check_partitions(found: Mapping[str, int]) -> None:
    for topic, partitions in found.items():
        if partitions not in (0, PARTITIONS):
            raise CommandError(
                f"The topic {topic} has {partitions} partitions and needs {PARTITIONS}: order and positions "
                "depend on it. Delete the topic if it is empty, or use another cluster."
            )
    if not all(found.values()):
        raise BrokerAway("the topics are not ready")


class Producer:
    """An idempotent producer. Once it failed it is of no use: a batch that it still held would be sent again
    behind our back when the broker returns."""

    def __init__(self, kafka: Kafka, seconds: float, key: SealingKey) -> None:
        self._kafka, self._seconds, self._key = kafka, seconds, key
        self._producer: Any = None

    async def start(self) -> None:
        """Raises BrokerAway."""
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self._kafka.servers,
            request_timeout_ms=int(self._seconds * 1000),
            **PRODUCER,
        )
        try:
            async with asyncio.timeout(self._seconds + 5):
                await self._producer.start()
        except (KafkaError, OSError) as error:
            await self.abandon()
            raise BrokerAway(error) from error

    async def send(self, envelopes: Sequence[Envelope]) -> None:
        """Durable on all replicas in sync on return. Raises BrokerAway."""
        try:
            async with asyncio.timeout(self._seconds):
                sent = [await self._send(envelope) for envelope in envelopes]
                await asyncio.gather(*sent)
        except (KafkaError, OSError) as error:
            raise BrokerAway(error) from error

    async def _send(self, envelope: Envelope) -> "asyncio.Future[Any]":
        sent: asyncio.Future[Any] = await self._producer.send(
            self._kafka.topic(envelope.stream),
            key=envelope.key.encode(),
            value=self._key.seal(envelope.id, envelope.data),
            partition=envelope.partition,
            headers=headers_of(envelope),
        )
        return sent

    async def abandon(self) -> None:
        """Without flushing, which would wait for the broker: aiokafka has no other way than its parts."""
        producer, self._producer = self._producer, None
        if producer is not None:
            producer._closed = True
            if producer._sender is not None:
                await producer._sender.close()
            await producer.client.close()


class KafkaFeed:
    """One consumer's share of a topic: Kafka's group says who reads what."""

    log: ClassVar[str] = "kafka"

    def __init__(self, kafka: Kafka, consumer: str, stream: Stream, key: SealingKey) -> None:
        self._kafka, self._topic, self._key = kafka, kafka.topic(stream), key
        self._group = f"{kafka.prefix}.{consumer}"
        self._consumer: Any = None
        self._before: dict[int, Position] = {}
        self._joining: asyncio.Task[None] | None = None
        self._listener: _Listener | None = None

    async def start(self, holder: Holder) -> None:
        self._listener = _Listener(holder)
        self._joining = asyncio.create_task(self._join(self._listener), name=f"join {self._group}")

    async def stop(self) -> None:
        if self._joining is not None:
            self._joining.cancel()
            await asyncio.wait([self._joining])
        if self._listener is not None:
            await self._listener.close()
        if self._consumer is not None:
            await self._consumer.stop()
            self._consumer = None

    async def seek(self, partition: int, position: Position | None) -> Position:
        """Raises PositionLost when the topic cannot be the one that was read."""
        place = TopicPartition(self._topic, partition)
        beginning, end = await bounds(self._consumer, [place])
        start = position or Position(position=beginning[place])
        offset = start.position or 0
        before = check_bounds(place, start, beginning[place], end[place])
        self._before.pop(partition, None)
        if before is not None:
            self._before[partition] = start
        self._consumer.seek(place, offset if before is None else before)
        return Position(position=offset)

    async def fetch(self, partition: int, position: Position, limit: int, timeout_seconds: float) -> Batch:
        """Raises PositionLost, and whatever aiokafka raises while the broker is away."""
        place = TopicPartition(self._topic, partition)
        try:
            found = await self._consumer.getmany(
                place, timeout_ms=int(timeout_seconds * 1000), max_records=limit
            )
        except OffsetOutOfRangeError as error:
            raise PositionLost(f"{self._topic}/{partition}: {error!r}") from error
        records = [record_of(message, self._key) for message in found.get(place, ())]
        if records and partition in self._before:
            check_same(place, records.pop(0).after, self._before.pop(partition))
        return Batch(records, records[-1].after if records else position)

    async def _join(self, listener: "_Listener") -> None:
        while True:
            consumer = AIOKafkaConsumer(
                bootstrap_servers=self._kafka.servers, group_id=self._group, **CONSUMER
            )
            consumer.subscribe([self._topic], listener=listener)
            self._consumer = consumer
            try:
                await consumer.start()
            except (KafkaError, OSError) as error:
                log.warning("consumer waits for Kafka", group=self._group, error=repr(error))
                await consumer.stop()
                await asyncio.sleep(RESTART_SECONDS)
            else:
                return


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Passes the group's decisions on, until it is closed: a rebalance may end after we have left."""

    def __init__(self, holder: Holder) -> None:
        self._holder, self._closed = holder, False

    async def close(self) -> None:
        self._closed = True
        await self._holder.lose(range(PARTITIONS))

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        await self._holder.lose([place.partition for place in revoked])

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        if not self._closed:
            await self._holder.gain([place.partition for place in assigned])


def record_of(message: Any, key: SealingKey) -> Record:
    return read_record(message.key, message.value, message.headers, message.offset, key)


def after(message: Any) -> Position:
    return position_after(message.headers, message.offset)


async def bounds(consumer: Any, places: Sequence[TopicPartition]) -> tuple[dict[Any, int], dict[Any, int]]:
    """The first offset that is kept and the next one to be written, of each partition."""
    return await consumer.beginning_offsets(places), await consumer.end_offsets(places)


def check_bounds(place: TopicPartition, position: Position, beginning: int, end: int) -> int | None:
    """The offset of the record before `position`, if that is known and kept. Raises PositionLost."""
    offset = position.position or 0
    if not beginning <= offset <= end:
        raise PositionLost(f"{place.topic}/{place.partition} holds {beginning} to {end}, next is {offset}")
    return offset - 1 if position.event_id is not None and offset > beginning else None


def check_same(place: TopicPartition, found: Position, position: Position) -> None:
    """The record before the position proves that this is the log that was read. Raises PositionLost."""
    if found != position:
        raise PositionLost(
            f"{place.topic}/{place.partition}: another event than ours stands before {position.position}"
        )
