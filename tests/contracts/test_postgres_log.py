"""The contract on the PostgreSQL log."""

from collections.abc import AsyncIterator

import pytest

from app.bus.log import PostgresLog
from tests.contracts import bus
from tests.contracts.world import World
from tests.contracts.world import world as made_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with made_world(database_url, PostgresLog) as made:
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
