"""What records say lies sealed in Kafka: no piece of a number can be read there, and it ends with the topic's
retention."""

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from app.bus.kafka_log import KafkaLog
from app.bus.kafka_record import read_record
from app.bus.outbox import append
from app.bus.port import Position
from app.bus.relay import Relay
from app.events import QueueChanged, Stream
from app.security import SealingKey
from tests.contracts.world import RECORDS_KEY, TENANT, Recorder, World, event
from tests.kafka.broker import Broker
from tests.kafka.fixtures import BROKER_MARKS, broker  # noqa: F401
from tests.waiting import eventually

pytestmark = BROKER_MARKS

PIECE, TOLD = b"4111 1111 0150", b"1111 1111 0150"


async def _log(world: World) -> KafkaLog:
    """With its relay."""
    database = await world.database()
    log = await world.log(database)
    assert isinstance(log, KafkaLog)
    await eventually(lambda: log.in_kafka, seconds=30)
    relay = Relay(database, log)
    await relay.start()
    world.at_end(relay.stop)
    return log


async def _tell(world: World) -> None:
    """What comes from an entity goes by the relay."""
    async with (await world.database()).transaction(TENANT) as session:
        changed = QueueChanged(entity="queue/sealed", version=1, data={"preview": TOLD.decode()})
        append(session, changed, key="sealed")


async def test_no_file_of_the_broker_shows_a_piece(world: World, broker: Broker) -> None:  # noqa: F811
    log = await _log(world)
    said = event("sealed", b'{"text":"%b"}' % PIECE, subject="of sealed")
    await log.publish([said])
    await _tell(world)

    source = log.source(Stream.ACTIVITY)

    async def told() -> bool:
        page = await source.read(None, 10)
        return any(TOLD in seen.envelope.data for seen in page.seen)

    await eventually(told, seconds=30)
    assert broker.holds(b"of sealed"), "only what a record says is sealed"
    assert not broker.holds(PIECE) and not broker.holds(TOLD)


async def test_its_readers_see_it(world: World) -> None:
    log = await _log(world)
    said = event("sealed", b'{"text":"%b"}' % PIECE)
    await log.publish([said])
    page = await log.source(Stream.INBOUND).read(None, 10)
    assert [(seen.envelope.id, seen.envelope.data) for seen in page.seen] == [(said.id, said.data)]


async def test_with_another_key_it_is_parked_and_reading_goes_on(world: World) -> None:
    log = await _log(world)
    strange = KafkaLog(
        await world.database(), log.kafka.servers, SealingKey(bytes(31) + b"1"), prefix=log.kafka.prefix
    )
    await strange.start()
    world.at_end(strange.close)
    await eventually(lambda: strange.in_kafka, seconds=30)
    ours = event("sealed")
    await strange.publish([event("sealed", b'{"text":"%b"}' % PIECE)])
    await log.publish([ours])
    await world.run(Recorder())
    await eventually(world.holds(1), seconds=30)
    (letter,) = await world.letters()
    assert await world.applied_ids() == [ours.id]
    assert "sealed with another key" in letter["error"] and PIECE not in letter["raw"]


async def test_a_record_of_before_is_read(world: World) -> None:
    log, said = await _log(world), event("sealed")
    await log.publish([said])
    async with log.kafka.reader(log.kafka.places(Stream.INBOUND, (said.partition,))) as consumer:
        message = await _first(consumer)
    headers = [(name, value) for name, value in message.headers if name != "content-type"]
    open_ = [*headers, ("content-type", b"application/json")]
    record = read_record(message.key, b'{"text":"open"}', open_, 4, RECORDS_KEY)
    assert record.envelope is not None and record.envelope.data == b'{"text":"open"}'
    assert record.after == Position(position=5, event_id=said.id)


async def _first(consumer: AIOKafkaConsumer) -> object:
    await consumer.seek_to_beginning()
    return await consumer.getone()


async def test_a_quiet_partition_ends_with_its_topic_too(world: World) -> None:
    log = await _log(world)
    admin = AIOKafkaAdminClient(bootstrap_servers=log.kafka.servers)
    await admin.start()
    try:
        asked = ConfigResource(ConfigResourceType.TOPIC, log.kafka.topic(Stream.INBOUND))
        (answer,) = await admin.describe_configs([asked])
    finally:
        await admin.close()
    values = {name: value for name, value, *_ in answer.resources[0][4]}
    day = 86_400_000
    assert (values["retention.ms"], values["segment.ms"]) == (str(7 * day), str(day))
