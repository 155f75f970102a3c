"""The log in PostgreSQL forgets what is old and read, and nothing else."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from app.bus.log import PostgresLog
from app.bus.retention import prune
from app.database import WORKER_ROLE, Database
from app.events import Stream
from tests.contracts.world import Recorder, World, event, events, keys_of_partition
from tests.contracts.world import world as made_world
from tests.waiting import eventually

WEEK = timedelta(days=7)
READERS = {"recorder": Stream.INBOUND}


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with made_world(database_url, PostgresLog) as made:
        yield made


@pytest.fixture
async def database(world: World) -> Database:
    return await world.database(WORKER_ROLE)


async def kept(world: World) -> int:
    count: int = await world.owner.fetchval("SELECT count(*) FROM event_log")
    return count


async def grow_old(world: World) -> None:
    await world.owner.execute("UPDATE event_log SET recorded_at = recorded_at - interval '8 days'")


class TestPrune:
    async def test_old_and_read_goes_young_stays(self, world: World, database: Database) -> None:
        log = await world.log()
        await log.publish(events(50))
        runner = await world.run(Recorder(), batch_max=3)
        await eventually(world.holds(50))
        await runner.stop()
        assert await prune(database, WEEK, READERS) == 0
        await grow_old(world)
        await log.publish(events(1))
        assert await prune(database, WEEK, READERS) == 50
        assert await kept(world) == 1

    async def test_what_a_consumer_has_not_read_stays_however_old(
        self, world: World, database: Database
    ) -> None:
        [key] = keys_of_partition(4, 1)
        log = await world.log()
        await log.publish([event(key, b"poison" if number == 5 else b"{}") for number in range(10)])
        await grow_old(world)
        assert await prune(database, WEEK, READERS) == 0
        await world.run(Recorder())
        await eventually(world.holds(9))
        await eventually(lambda: pruned(world, database))
        assert await prune(database, WEEK, READERS) == 0

    async def test_a_stream_without_readers_goes_by_age(self, world: World, database: Database) -> None:
        log = await world.log()
        await log.publish([event("a", stream=Stream.ACTIVITY)])
        await grow_old(world)
        assert await prune(database, WEEK, READERS) == 1


async def pruned(world: World, database: Database) -> bool:
    await prune(database, WEEK, READERS)
    return await kept(world) == 0


class TestUnread:
    async def test_counts_what_was_published_and_not_applied(self, world: World) -> None:
        log = await world.log()
        await log.publish(events(30))
        assert await log.unread("recorder", Stream.INBOUND, 1000) == 30
        assert await log.unread("recorder", Stream.INBOUND, 10) == 10
        assert await log.unread("recorder", Stream.ROUTING, 1000) == 0
        await world.run(Recorder(), batch_max=2)
        await eventually(lambda: nothing_unread(world))


async def nothing_unread(world: World) -> bool:
    return await (await world.log()).unread("recorder", Stream.INBOUND, 1000) == 0
