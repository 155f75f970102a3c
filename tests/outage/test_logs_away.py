"""Kafka away, PostgreSQL away, both away, under load: what was acknowledged is on the timeline afterwards."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from app.embedded import EmbeddedPostgres
from tests.conftest import UNSAFE_BUT_FAST
from tests.crash import checks
from tests.kafka.broker import Broker, why_not
from tests.outage.parts import KNOBS, Doors, at_the_doors
from tests.running import Service, running
from tests.waiting import eventually

AWAY_SECONDS = float(os.environ.get("TOUCHPOINT_OUTAGE_SECONDS", "4"))
AFTERWARDS_SECONDS = 90
PAUSE_SECONDS = 0.1
pytestmark = [pytest.mark.kafka, pytest.mark.crash, pytest.mark.timeout(240 + 2 * AWAY_SECONDS)]


@dataclass
class House:
    """A service with Kafka, and both its stores in the test's hands."""

    service: Service
    broker: Broker
    postgres: EmbeddedPostgres

    async def all_there(self, doors: Doors) -> None:
        """Everything acknowledged is on the timeline, once, and nothing waits to be read."""

        async def nothing_late() -> bool:
            database = await asyncpg.connect(self.postgres.url())
            try:
                return not await checks.overdue(database, self.broker.servers)
            finally:
                await database.close()

        await eventually(nothing_late, seconds=AFTERWARDS_SECONDS)
        database = await asyncpg.connect(self.postgres.url())
        try:
            assert await checks.unlawful(database, doors.ledger) == []
        finally:
            await database.close()

    async def back_in_kafka(self, doors: Doors) -> None:
        """The doors write to Kafka, not to the table."""
        database = await asyncpg.connect(self.postgres.url())

        async def not_in_the_table() -> bool:
            await doors.webhook()
            inbound = "SELECT count(*) FROM event_log WHERE stream = 'inbound'"
            return bool(await database.fetchval(inbound) == 0)

        try:
            for _ in range(5):
                await eventually(not_in_the_table, seconds=AFTERWARDS_SECONDS)
        finally:
            await database.close()


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    if reason := why_not():
        pytest.skip(reason)
    folder: Path = tmp_path_factory.mktemp("house")
    for name in ("kafka", "database", "service"):
        (folder / name).mkdir()
    broker = Broker(folder / "kafka")
    broker.format()
    await broker.start()
    postgres = EmbeddedPostgres(folder / "database", options=UNSAFE_BUT_FAST)
    try:
        url = await postgres.start()
        knobs = {**KNOBS, "kafka_bootstrap_servers": broker.servers}
        async with running(url, folder / "service", lanes=1, **knobs) as service:
            yield House(service, broker, postgres)
    finally:
        await postgres.stop()
        broker.stop()


@pytest.fixture
async def doors(house: House) -> AsyncIterator[Doors]:
    async with at_the_doors(house.service) as doors:
        yield doors


@asynccontextmanager
async def load(doors: Doors) -> AsyncIterator[None]:
    """For as long as the block runs."""

    async def knock_on() -> None:
        while True:
            await doors.knock()
            await asyncio.sleep(PAUSE_SECONDS)

    task = asyncio.create_task(knock_on())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def some_more(doors: Doors, seconds: float = 1) -> None:
    """Load for a while longer, and at least something."""
    known = doors.answers.total()
    await asyncio.sleep(seconds)
    await eventually(lambda: doors.answers.total() > known)


async def test_kafka_is_stopped_under_load(house: House, doors: Doors) -> None:
    async with load(doors):
        await some_more(doors)
        await asyncio.to_thread(house.broker.stop)
        await some_more(doors, AWAY_SECONDS)
        await house.broker.start()
        await some_more(doors)
    assert set(doors.answers) == {200, 202}
    await house.all_there(doors)


async def test_postgresql_is_stopped_and_kafka_goes_on_accepting(house: House, doors: Doors) -> None:
    await house.back_in_kafka(doors)
    os.kill(house.postgres.pid or 0, 9)
    accepted = [(await doors.webhook()).status_code for _ in range(5)]
    await house.postgres.start()
    assert accepted == [200] * 5
    await house.all_there(doors)


async def test_both_are_stopped_and_nothing_is_promised(house: House, doors: Doors) -> None:
    await house.back_in_kafka(doors)
    async with load(doors):
        await some_more(doors)
        await asyncio.to_thread(house.broker.stop)
        os.kill(house.postgres.pid or 0, 9)
        await asyncio.sleep(1)
        refused = [await doors.webhook(), await doors.form()]
        await house.postgres.start()
        await house.broker.start()
        await some_more(doors)
    assert [answer.status_code for answer in refused] == [503, 503]
    assert all(int(answer.headers["retry-after"]) > 0 for answer in refused)
    await house.all_there(doors)
