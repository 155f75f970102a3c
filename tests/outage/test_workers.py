"""Two workers without Kafka: whoever dies or freezes is replaced by the other, and nothing is done twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import asyncpg
import pytest

from app.embedded import EmbeddedPostgres
from tests.conftest import clone
from tests.crash import checks
from tests.outage.parts import KNOBS, Doors, Worker, at_the_doors, worker_of
from tests.partitions import ALL, shares
from tests.running import Lane, Service, running
from tests.waiting import eventually

SHARED_SECONDS = 30
TAKEN_OVER_SECONDS = 12
FROZEN_SECONDS = 25
"""Ten for the idle lock connection, three for the other worker's next look, and what a busy machine adds."""

pytestmark = [pytest.mark.crash, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
async def service(
    postgres: EmbeddedPostgres, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    """An api; its workers are the tests' own."""
    folder = tmp_path_factory.mktemp("workers")
    async with (
        clone(postgres, template_database) as url,
        running(url, folder, lanes=3, children=("api",), **KNOBS) as service,
    ):
        yield service


@pytest.fixture
async def lane(service: Service) -> Lane:
    """Without a worker, until the test starts its own."""
    return service.lane()


@pytest.fixture
async def database(service: Service) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(service.settings.database_url)
    yield connection
    await connection.close()


async def shared_by(database: asyncpg.Connection, workers: int) -> None:
    async def fair() -> bool:
        held = await shares(database)
        return held == [ALL // (2 * workers)] * (2 * workers)

    await eventually(fair, seconds=SHARED_SECONDS)


async def lawful(database: asyncpg.Connection, doors: Doors) -> None:
    async def all_read() -> bool:
        return not await checks.overdue(database)

    await eventually(all_read, seconds=SHARED_SECONDS)
    assert await checks.unlawful(database, doors.ledger) == []


async def test_one_is_killed_and_the_other_takes_over(
    lane: Lane, database: asyncpg.Connection, tmp_path: Path
) -> None:
    """Both in turn, so that the one who routed the tenant is among them."""
    async with AsyncExitStack() as stack, lane.desktop() as desk:

        async def another() -> Worker:
            return await stack.enter_async_context(worker_of(lane.service, tmp_path))

        one, two = await another(), await another()
        await shared_by(database, 2)
        await one.kill()
        call = lane.call()
        first = await desk.offer(seconds=TAKEN_OVER_SECONDS)
        lane.service.exchange.switch.hang_up(call.id)
        await desk.pushed("offer.revoked")
        await another()
        await shared_by(database, 2)
        await two.kill()
        lane.call()
        await desk.pushed(
            "offer.created", lambda data: data["offer_id"] != first["offer_id"], TAKEN_OVER_SECONDS
        )


async def knocking(doors: Doors) -> None:
    while True:
        await doors.knock()
        await asyncio.sleep(0.05)


async def froze(worker: Worker, database: asyncpg.Connection, doors: Doors) -> None:
    """Until the other has all partitions, then it goes on as if nothing had happened."""
    worker.freeze()

    async def taken_over() -> bool:
        return await shares(database) == [ALL // 2] * 2

    await eventually(taken_over, seconds=FROZEN_SECONDS)
    seen = doors.ledger.events
    await eventually(lambda: doors.ledger.events > seen + 20)
    worker.wake()
    await shared_by(database, 2)


async def test_a_frozen_one_is_refused_when_it_wakes(
    lane: Lane, database: asyncpg.Connection, tmp_path: Path
) -> None:
    async with (
        at_the_doors(lane.service) as doors,
        worker_of(lane.service, tmp_path) as one,
        worker_of(lane.service, tmp_path) as two,
    ):
        await shared_by(database, 2)
        load = asyncio.create_task(knocking(doors))
        for worker in (one, two):
            await froze(worker, database, doors)
        load.cancel()
        with suppress(asyncio.CancelledError):
            await load
        await lawful(database, doors)
        assert set(doors.answers) == {200, 202}
        for worker in (one, two):
            assert "partition locks lost" in worker.said
