"""A log on the module's broker, for each test."""

from collections.abc import AsyncIterator

import pytest

from app.bus.kafka_log import KafkaLog
from app.database import Database
from tests.contracts.world import RECORDS_KEY, World, unique_name
from tests.contracts.world import world as made_world
from tests.kafka.broker import Broker


@pytest.fixture
async def world(database_url: str, broker: Broker) -> AsyncIterator[World]:
    """In topics of its own; the relay is the test's to start."""
    prefix = unique_name()

    def open_log(database: Database) -> KafkaLog:
        return KafkaLog(database, broker.servers, RECORDS_KEY, prefix=prefix)

    async with made_world(database_url, open_log) as made:
        made.kafka = (broker.servers, prefix)
        yield made
