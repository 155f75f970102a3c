"""A worker process of its own, for tests that kill or freeze one:
`python -m tests.contracts.worker NAME DATABASE_URL FOLDER [SERVERS PREFIX]`.

While `FOLDER/hang` exists, its next batch writes `FOLDER/hanging` in the middle of its transaction and waits.
"""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from app.bus.consumer import ConsumerRunner
from app.bus.kafka_log import KafkaLog
from app.bus.log import PostgresLog
from app.bus.port import Log
from app.database import WORKER_ROLE, Database
from app.events import Envelope
from tests.contracts.world import RECORDS_KEY, PlainSealer, Recorder

HANG_SECONDS = 30


class Hanging(Recorder):
    def __init__(self, worker: str, folder: Path) -> None:
        super().__init__(worker)
        self._folder = folder

    async def apply(
        self, batch: Sequence[Envelope], prepared: Sequence[bytes], session: AsyncSession
    ) -> None:
        await super().apply(batch, prepared, session)
        if (self._folder / "hang").exists():
            (self._folder / "hanging").touch()
            await asyncio.sleep(HANG_SECONDS)


async def main(name: str, url: str, folder: str, *kafka: str) -> None:
    database = Database(url, WORKER_ROLE, pool_size=8, idle_in_transaction_seconds=10)
    log: Log = KafkaLog(database, kafka[0], RECORDS_KEY, prefix=kafka[1]) if kafka else PostgresLog(database)
    await log.start()
    runner = ConsumerRunner(database, log, Hanging(name, Path(folder)), PlainSealer())
    await runner.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
