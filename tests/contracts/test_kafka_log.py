"""The contract on a real Apache Kafka."""

from collections.abc import AsyncIterator

import pytest

from app.bus.kafka_log import KafkaLog
from app.bus.relay import Relay
from app.database import Database
from tests.contracts import bus
from tests.contracts.world import RECORDS_KEY, World, unique_name
from tests.contracts.world import world as made_world
from tests.kafka.broker import Broker
from tests.kafka.fixtures import BROKER_MARKS, broker  # noqa: F401
from tests.waiting import eventually

pytestmark = BROKER_MARKS


@pytest.fixture
async def world(database_url: str, broker: Broker) -> AsyncIterator[World]:  # noqa: F811
    prefix = unique_name()

    def open_log(database: Database) -> KafkaLog:
        # The contract is about a broker that is there: a busy machine must not look like an outage.
        return KafkaLog(database, broker.servers, RECORDS_KEY, prefix=prefix, produce_seconds=30)

    async with made_world(database_url, open_log) as made:
        made.kafka = (broker.servers, prefix)
        database = await made.database()
        log = await made.log(database)
        assert isinstance(log, KafkaLog)
        await eventually(lambda: log.in_kafka)
        relay = Relay(database, log)
        await relay.start()
        made.at_end(relay.stop)
        yield made


class TestPublishing(bus.Publishing): ...


class TestAppending(bus.Appending): ...


class TestRestarting(bus.Restarting): ...


class TestSharing(bus.Sharing): ...


class TestFencing(bus.Fencing): ...


class TestTimers(bus.Timers): ...


class TestOutages(bus.Outages): ...


class TestPoison(bus.Poison): ...


class TestTailing(bus.Tailing): ...
