"""The broker as a fixture: one for all tests of a process."""

from collections.abc import AsyncIterator

import pytest

from tests.kafka.broker import Broker, why_not

BROKER_MARKS = [
    pytest.mark.kafka,
    # aiokafka forgets a connection whose making is cancelled (a log closed while its broker is away).
    pytest.mark.filterwarnings("ignore:.*AIOKafkaConnection:pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="session")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Broker]:
    """A running Apache Kafka. A test that stops it starts it again."""
    if reason := why_not():
        pytest.skip(reason)
    made = Broker(tmp_path_factory.mktemp("kafka"))
    made.format()
    await made.start()
    try:
        yield made
    finally:
        made.stop()
