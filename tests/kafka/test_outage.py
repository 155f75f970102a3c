"""Kafka away, frozen, made anew; PostgreSQL away. Nothing that was acknowledged is lost."""

import asyncio
import time
from uuid import UUID

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from app.bus import kafka, outbox
from app.bus.kafka_log import KafkaLog
from app.bus.relay import Relay
from app.doctor.findings import Finding, Level
from app.doctor.kafka import kafka_positions
from app.errors import CommandError, Unavailable
from app.events import Stream
from tests.contracts.world import Recorder, World, event, events
from tests.kafka.broker import Broker
from tests.kafka.fixtures import BROKER_MARKS, broker  # noqa: F401
from tests.waiting import eventually

pytestmark = BROKER_MARKS


async def in_kafka(world: World) -> KafkaLog:
    log = await world.log()
    assert isinstance(log, KafkaLog)
    await eventually(lambda: log.in_kafka, seconds=30)
    return log


async def relayed(world: World) -> None:
    database = await world.database()
    log = await world.log(database)
    assert isinstance(log, KafkaLog)
    relay = Relay(database, log)
    await relay.start()
    world.at_end(relay.stop)


async def waiting(world: World) -> int:
    count: int = await world.owner.fetchval("SELECT count(*) FROM event_log")
    return count


class TestBrokerAway:
    async def test_all_acknowledged_is_applied_after_its_return(self, world: World, broker: Broker) -> None:  # noqa: F811
        log = await in_kafka(world)
        await relayed(world)
        await world.run(Recorder())
        acknowledged: list[UUID] = []

        async def publish_on(seconds: float) -> None:
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                batch = events(3)
                await log.publish(batch)
                acknowledged.extend(e.id for e in batch)
                await asyncio.sleep(0.02)

        await publish_on(1)
        await asyncio.to_thread(broker.stop)
        await publish_on(3)
        assert not log.in_kafka and await waiting(world) > 0
        await broker.start()
        await publish_on(1)
        await eventually(lambda: log.in_kafka, seconds=30)
        assert await waiting(world) == 0
        await publish_on(0.5)
        await eventually(lambda: applied_all(world, acknowledged), seconds=40)

    async def test_a_process_starts_without_it(self, world: World, broker: Broker) -> None:  # noqa: F811
        await asyncio.to_thread(broker.stop)
        log = await world.log()
        sent = event("a")
        await log.publish([sent])
        assert await waiting(world) == 1
        await world.run(Recorder())
        await broker.start()
        await relayed(world)
        await eventually(lambda: applied_all(world, [sent.id]), seconds=40)

    async def test_a_frozen_one_costs_a_second_once(self, world: World, broker: Broker) -> None:  # noqa: F811
        log = await in_kafka(world)
        broker.freeze()
        try:
            started = time.monotonic()
            await asyncio.gather(*(log.publish([event(f"k{n}")]) for n in range(20)))
            assert 0.9 < time.monotonic() - started < 3
            started = time.monotonic()
            await log.publish([event("next")])
            assert time.monotonic() - started < 0.9
        finally:
            broker.thaw()
        assert await waiting(world) == 21
        await relayed(world)
        await eventually(lambda: log.in_kafka, seconds=30)


class TestRelay:
    async def test_what_a_dead_one_produced_and_did_not_delete_is_not_produced_again(
        self, world: World
    ) -> None:
        log = await in_kafka(world)
        database = await world.database()
        sent = [event(f"k{number}", stream=Stream.INBOUND) for number in range(40)]
        await database.fetch(outbox.INSERTION, *outbox.columns_of(sent))
        producer = log.producer(5)
        await producer.start()
        await producer.send(sent[:25])
        await producer.abandon()
        await relayed(world)
        await world.run(Recorder())
        await eventually(lambda: applied_all(world, [e.id for e in sent]), seconds=20)
        assert len(await world.applied_ids()) == 40 and await waiting(world) == 0


class TestPostgresAway:
    async def test_kafka_accepts_and_without_both_nothing_does(self, world: World, broker: Broker) -> None:  # noqa: F811
        log = await in_kafka(world)
        await close_database(world)
        await log.publish([event("a")])
        broker.freeze()
        try:
            with pytest.raises(Unavailable) as refused:
                await log.publish([event("a")])
            assert refused.value.members["retry_after_seconds"] > 0
        finally:
            broker.thaw()
        await open_database(world)
        await relayed(world)
        await eventually(lambda: log.in_kafka, seconds=30)


class TestAnotherLog:
    async def test_topics_made_anew_stop_the_consumer_instead_of_skipping(self, world: World) -> None:
        log = await in_kafka(world)
        first = await world.run(Recorder())
        await log.publish(events(200, keys=20))
        await eventually(world.holds(200))
        await first.stop()
        assert (await the_doctor_says(world, log)).level is Level.OK
        await delete_topics(log)
        fresh = await in_kafka(world)
        await fresh.publish(events(400, keys=400))
        read = await partitions_read(world)
        finding = await the_doctor_says(world, log)
        assert finding.level is Level.FAIL and "delete the consumer's rows" in finding.todo
        second = await world.run(Recorder("second"))
        await eventually(lambda: second.stopped_partitions == read, seconds=20)
        assert not await world.owner.fetchval(
            "SELECT count(*) FROM applied WHERE worker = 'second' AND partition = ANY($1)", list(read)
        )


async def the_doctor_says(world: World, log: KafkaLog) -> Finding:
    """Of the recorder, under the name of a consumer that the doctor knows."""
    rename = "UPDATE consumer_position SET consumer = $1"
    await world.owner.execute(rename, "intake")
    [finding] = [found async for found in kafka_positions(world.owner, log.kafka)]
    await world.owner.execute(rename, "recorder")
    return finding


async def partitions_read(world: World) -> frozenset[int]:
    rows = await world.owner.fetch("SELECT partition FROM consumer_position")
    return frozenset(row["partition"] for row in rows)


class TestOptions:
    def test_the_defaults_that_lose_data_are_not_used(self) -> None:
        assert kafka.PRODUCER["acks"] == "all"
        assert kafka.PRODUCER["enable_idempotence"] is True
        assert kafka.CONSUMER["enable_auto_commit"] is False
        assert kafka.CONSUMER["auto_offset_reset"] == "none"

    async def test_a_topic_with_other_partitions_is_refused(self, world: World) -> None:
        servers, prefix = world.kafka  # type: ignore[misc]
        admin = AIOKafkaAdminClient(bootstrap_servers=servers)
        await admin.start()
        name = f"{prefix}.inbound"
        await admin.create_topics([kafka.NewTopic(name, 8, 1)])
        await eventually(lambda: exists(admin, name))
        await admin.close()
        with pytest.raises(CommandError, match="8 partitions"):
            await world.log()


async def exists(admin: AIOKafkaAdminClient, topic: str) -> bool:
    return any(found["topic"] == topic and found["partitions"] for found in await admin.describe_topics())


async def applied_all(world: World, sent: list[UUID]) -> bool:
    """A produce whose answer was lost may stand twice in the log: consumers have keys for that."""
    return set(sent) == set(await world.applied_ids())


async def delete_topics(log: KafkaLog) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=log.kafka.servers)
    await admin.start()
    await admin.delete_topics([log.kafka.topic(stream) for stream in Stream])
    await admin.close()


async def close_database(world: World) -> None:
    name = await world.owner.fetchval("SELECT current_database()")
    await administrate(world, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    await administrate(
        world, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    )


async def open_database(world: World) -> None:
    name = world.url.partition("@/")[2].partition("?")[0]
    await administrate(world, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    world.owner = await asyncpg.connect(world.url)
    world.at_end(world.owner.close)


async def administrate(world: World, statement: str) -> None:
    name = world.url.partition("@/")[2].partition("?")[0]
    connection = await asyncpg.connect(world.url.replace(name, "postgres", 1))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
