"""Apache Kafka. The only module that imports aiokafka, whose defaults lose data: acks, idempotence, no
auto-commit and no offset reset are set here. Positions stand in PostgreSQL; Kafka's own are never used."""

import asyncio
import heapq
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any, ClassVar, Final
from uuid import UUID

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from app.bus.kafka_record import Offsets, dump_cursor, headers_of, load_cursor, read_record
from app.bus.port import Batch, Holder, Page, Position, PositionLost, Record, Seen
from app.errors import CommandError, CursorGone, Unavailable
from app.events import PARTITIONS, Envelope, Stream

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
TOPIC: Final = MappingProxyType({"retention.ms": str(7 * 86_400_000), "max.message.bytes": "1048588"})
REPLICAS_MAX: Final = 3
RESTART_SECONDS: Final = 1.0
LIVE_MILLISECONDS: Final = 1_000
READ_MILLISECONDS: Final = 5_000
LIVE_MAX: Final = 1_000
RECENT_MAX: Final = 20_000
RETRY_AFTER_SECONDS: Final = 2


class BrokerAway(Exception):
    """Kafka did not acknowledge in time; whether it stored the records is unknown."""


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
            raise BrokerAway(repr(error)) from error
        finally:
            await admin.close()


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

    def __init__(self, kafka: Kafka, seconds: float) -> None:
        self._kafka, self._seconds = kafka, seconds
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
            raise BrokerAway(repr(error)) from error

    async def send(self, envelopes: Sequence[Envelope]) -> None:
        """Durable on all replicas in sync on return. Raises BrokerAway."""
        try:
            async with asyncio.timeout(self._seconds):
                sent = [await self._send(envelope) for envelope in envelopes]
                await asyncio.gather(*sent)
        except (KafkaError, OSError) as error:
            raise BrokerAway(repr(error)) from error

    async def _send(self, envelope: Envelope) -> "asyncio.Future[Any]":
        sent: asyncio.Future[Any] = await self._producer.send(
            self._kafka.topic(envelope.stream),
            key=envelope.key.encode(),
            value=envelope.data,
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

    def __init__(self, kafka: Kafka, consumer: str, stream: Stream) -> None:
        self._kafka, self._topic = kafka, kafka.topic(stream)
        self._group = f"{kafka.prefix}.{consumer}"
        self._consumer: Any = None
        self._before: dict[int, tuple[int, UUID]] = {}
        self._joining: asyncio.Task[None] | None = None
        self._holder: Holder | None = None

    async def start(self, holder: Holder) -> None:
        self._holder = holder
        self._joining = asyncio.create_task(self._join(holder), name=f"join {self._group}")

    async def stop(self) -> None:
        if self._joining is not None:
            self._joining.cancel()
            await asyncio.wait([self._joining])
        if self._holder is not None:
            await self._holder.lose(range(PARTITIONS))
        if self._consumer is not None:
            await self._consumer.stop()
            self._consumer = None

    async def seek(self, partition: int, position: Position | None) -> Position:
        """Raises PositionLost when the topic cannot be the one that was read."""
        place = TopicPartition(self._topic, partition)
        beginning, end = await _bounds(self._consumer, [place])
        offset = beginning[place] if position is None else position.position or 0
        if not beginning[place] <= offset <= end[place]:
            raise PositionLost(
                f"{self._topic}/{partition} holds {beginning[place]} to {end[place]}, next is {offset}"
            )
        self._before.pop(partition, None)
        if position is not None and position.event_id and offset > beginning[place]:
            self._before[partition] = (offset - 1, position.event_id)
        self._consumer.seek(place, offset - 1 if partition in self._before else offset)
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
        records = [read_record(m.key, m.value, m.headers, m.offset) for m in found.get(place, ())]
        if records and partition in self._before:
            _same_log(place, records.pop(0), *self._before.pop(partition))
        return Batch(records, records[-1].after if records else position)

    async def _join(self, holder: Holder) -> None:
        while True:
            consumer = AIOKafkaConsumer(
                bootstrap_servers=self._kafka.servers, group_id=self._group, **CONSUMER
            )
            consumer.subscribe([self._topic], listener=_Listener(holder))
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
    def __init__(self, holder: Holder) -> None:
        self._holder = holder

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        await self._holder.lose([place.partition for place in revoked])

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        await self._holder.gain([place.partition for place in assigned])


def _same_log(place: TopicPartition, before: Record, offset: int, event_id: UUID) -> None:
    """The record before the position proves that this is the log that was read."""
    if before.after != Position(position=offset + 1, event_id=event_id):
        raise PositionLost(f"{place.topic}/{place.partition}: offset {offset} is not event {event_id}")


async def _bounds(consumer: Any, places: Sequence[TopicPartition]) -> tuple[dict[Any, int], dict[Any, int]]:
    return await consumer.beginning_offsets(places), await consumer.end_offsets(places)


class KafkaSource:
    """A topic from any cursor on. What `live` gave last is remembered, so that reconnecting clients cost no
    round trip."""

    def __init__(self, kafka: Kafka, stream: Stream) -> None:
        self._kafka = kafka
        self._places = [TopicPartition(kafka.topic(stream), number) for number in range(PARTITIONS)]
        self._recent: deque[Seen] = deque()
        self._from: dict[int, int] = {}
        self._to: dict[int, int] = {}

    async def end(self) -> str:
        async with self._reader() as consumer:
            _, end = await _bounds(consumer, self._places)
        return dump_cursor(_by_number(end))

    async def live(self, cursor: str) -> AsyncIterator[Page]:
        offsets = load_cursor(cursor)
        self._recent.clear()
        self._from, self._to = dict(offsets), offsets
        async with self._reader() as consumer:
            for place in self._places:
                consumer.seek(place, offsets[place.partition])
            while True:
                found = await consumer.getmany(timeout_ms=LIVE_MILLISECONDS, max_records=LIVE_MAX)
                page = _page(found, offsets, more=False)
                self._remember(page.seen)
                yield page

    async def behind(self, positions: Offsets) -> int:
        """How many records follow these positions; a partition without one is unread from its beginning."""
        async with self._reader() as consumer:
            beginning, end = (_by_number(part) for part in await _bounds(consumer, self._places))
        return sum(max(0, end[n] - positions.get(n, beginning[n])) for n in end)

    async def read(self, cursor: str | None, limit: int) -> Page:
        offsets = load_cursor(cursor) if cursor is not None else None
        if offsets is not None and self._remembers(offsets):
            return self._page_of_recent(offsets, limit)
        async with self._reader() as consumer:
            beginning, end = (_by_number(part) for part in await _bounds(consumer, self._places))
            offsets = beginning if offsets is None else offsets
            if any(not beginning[n] <= offsets[n] <= end[n] for n in offsets):
                raise CursorGone("The log does not hold what follows this cursor.")
            return await _read_until(consumer, self._places, offsets, end, limit)

    @asynccontextmanager
    async def _reader(self) -> AsyncIterator[Any]:
        consumer = AIOKafkaConsumer(bootstrap_servers=self._kafka.servers, group_id=None, **CONSUMER)
        try:
            await consumer.start()
            consumer.assign(self._places)
            yield consumer
        except (KafkaError, OSError) as error:
            raise Unavailable("The log does not answer.", retry_after_seconds=RETRY_AFTER_SECONDS) from error
        finally:
            await consumer.stop()

    def _remember(self, seen: Sequence[Seen]) -> None:
        self._recent.extend(seen)
        while len(self._recent) > RECENT_MAX:
            gone = self._recent.popleft().envelope
            self._from[gone.partition] = (gone.position or 0) + 1

    def _remembers(self, offsets: Offsets) -> bool:
        return bool(self._from) and all(self._from[n] <= offsets[n] <= self._to[n] for n in offsets)

    def _page_of_recent(self, offsets: dict[int, int], limit: int) -> Page:
        found = [seen.envelope for seen in self._recent if _follows(seen.envelope, offsets)]
        seen = _with_cursors(found[:limit], offsets)
        return Page(seen, dump_cursor(offsets), more=len(found) > limit)


async def _read_until(
    consumer: Any, places: Sequence[TopicPartition], offsets: dict[int, int], end: Offsets, limit: int
) -> Page:
    unread = [place for place in places if offsets[place.partition] < end[place.partition]]
    if not unread:
        return Page((), dump_cursor(offsets), more=False)
    for place in unread:
        consumer.seek(place, offsets[place.partition])
    consumer.pause(*(place for place in places if place not in unread))
    found = await consumer.getmany(*unread, timeout_ms=READ_MILLISECONDS, max_records=limit)
    if not found:
        raise Unavailable("The log does not answer.", retry_after_seconds=RETRY_AFTER_SECONDS)
    return _page(found, offsets, more=True)


def _page(found: dict[TopicPartition, Sequence[Any]], offsets: dict[int, int], more: bool) -> Page:
    """Moves `offsets` on. Records of one partition keep their order; what is no event is passed over."""
    envelopes = []
    for message in heapq.merge(*found.values(), key=lambda message: message.timestamp):
        record = read_record(message.key, message.value, message.headers, message.offset)
        if record.envelope is not None:
            envelopes.append(record.envelope)
    seen = _with_cursors(envelopes, offsets)
    offsets.update(
        {place.partition: messages[-1].offset + 1 for place, messages in found.items() if messages}
    )
    return Page(seen, dump_cursor(offsets), more)


def _with_cursors(envelopes: Sequence[Envelope], offsets: dict[int, int]) -> list[Seen]:
    seen = []
    for envelope in envelopes:
        offsets[envelope.partition] = (envelope.position or 0) + 1
        seen.append(Seen(envelope, dump_cursor(offsets)))
    return seen


def _follows(envelope: Envelope, offsets: Offsets) -> bool:
    return (envelope.position or 0) >= offsets[envelope.partition]


def _by_number(offsets: dict[TopicPartition, int]) -> dict[int, int]:
    return {place.partition: offset for place, offset in offsets.items()}
