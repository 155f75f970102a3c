"""asyncpg has errors of no family for connections that broke in the middle of something. Whoever keeps a
connection open must outlive every one of them: a worker without its locks looks alive and does nothing."""

from typing import Any

import asyncpg

from app.bus.consumer import ConsumerRunner
from app.bus.log import PostgresLog
from app.database import WORKER_ROLE, Database
from app.events import PARTITIONS
from tests.contracts.world import PlainSealer, Recorder
from tests.waiting import eventually

BREAKS = 3


class Breaking(Database):
    """The first connections break as they do when their server is killed or ends them."""

    broken = 0

    async def raw_connection(self, **settings: str) -> Any:
        connection = await super().raw_connection(**settings)
        if self.broken < BREAKS:
            self.broken += 1
            connection.terminate()
            raise asyncpg.InternalClientError("cannot switch to state 12; another operation is in progress")
        return connection


async def test_a_worker_gets_its_partitions_after_all(database_url: str) -> None:
    database = Breaking(database_url, WORKER_ROLE, pool_size=4)
    log = PostgresLog(database)
    runner = ConsumerRunner(database, log, Recorder(), PlainSealer())
    try:
        await log.start()
        await runner.start()
        await eventually(lambda: len(runner.partitions) == PARTITIONS)
        assert database.broken == BREAKS
    finally:
        await runner.stop()
        await log.close()
        await database.close()
