"""What the contract needs besides a log: a scratch table that consumers write to, events, consumers that
record, and one place that closes all of it."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID, uuid4

import asyncpg
import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.bus.consumer import ConsumerRunner
from app.bus.outbox import append
from app.bus.port import Consumer, Log
from app.clock import new_id
from app.database import WORKER_ROLE, Database
from app.errors import PoisonEvent
from app.events import Envelope, QueueChanged, Stream, partition_of
from app.security import SealingKey

ROOT = Path(__file__).parents[2]
TENANT = UUID("11111111-1111-7111-8111-111111111111")
RECORDS_KEY = SealingKey(bytes(32))
"""All processes of a test share it."""

SCRATCH = """
CREATE TABLE applied (
  number bigserial PRIMARY KEY, worker text, partition int, key text, event uuid, at timestamptz DEFAULT
  clock_timestamp());
CREATE TABLE entity (key text PRIMARY KEY, version int NOT NULL DEFAULT 0);
GRANT ALL ON applied, entity TO touchpoint_api, touchpoint_worker;
GRANT ALL ON SEQUENCE applied_number_seq TO touchpoint_api, touchpoint_worker;
"""


class PlainSealer:
    """Shows that something was sealed, for whom."""

    def seal(self, tenant_id: UUID, plain: bytes) -> bytes:
        return b"sealed:" + tenant_id.bytes + plain


class Recorder:
    """Writes down each event that it applies; events whose data say so are poison."""

    name: ClassVar[str] = "recorder"
    stream: ClassVar[Stream] = Stream.INBOUND

    def __init__(self, worker: str = "one") -> None:
        self.worker = worker
        self.batches: list[list[UUID]] = []

    async def prepare(self, batch: Sequence[Envelope]) -> Sequence[bytes]:
        return [envelope.data for envelope in batch]

    async def apply(
        self, batch: Sequence[Envelope], prepared: Sequence[bytes], session: AsyncSession
    ) -> None:
        self.batches.append([envelope.id for envelope in batch])
        await record(session, self.worker, batch)
        if any(b"poison" in data for data in prepared):
            raise PoisonEvent("cannot be applied")


async def record(session: AsyncSession, worker: str, batch: Sequence[Envelope]) -> None:
    await session.execute(
        text(
            "INSERT INTO applied (worker, partition, key, event) VALUES (:worker, :partition, :key, :event)"
        ),
        [{"worker": worker, "partition": e.partition, "key": e.key, "event": e.id} for e in batch],
    )


class ReadByAll(Recorder):
    """By its name what every worker reads."""

    name: ClassVar[str] = "intake"


class VersionRecorder(Recorder):
    """Writes down the versions in activity events."""

    name: ClassVar[str] = "versions"
    stream: ClassVar[Stream] = Stream.ACTIVITY

    async def apply(
        self, batch: Sequence[Envelope], prepared: Sequence[bytes], session: AsyncSession
    ) -> None:
        rows = [{"key": e.key, "version": orjson.loads(e.data)["version"]} for e in batch]
        await session.execute(text("INSERT INTO applied (key, partition) VALUES (:key, :version)"), rows)


async def change(database: Database, key: str, pause: float = 0, tenant_id: UUID = TENANT) -> int:
    """Give entity `key` its next version in one transaction, with the event that tells; the pause is spent
    while the transaction has its id already."""
    async with database.transaction(tenant_id) as session:
        await session.execute(text("SELECT pg_current_xact_id()"))
        await asyncio.sleep(pause)
        version: int = (await session.execute(_NEXT_VERSION, {"key": key})).scalar_one()
        changed = QueueChanged(entity=f"queue/{key}", version=version, data={})
        append(session, changed, key=key)
    return version


_NEXT_VERSION = text(
    "INSERT INTO entity VALUES (:key, 1) ON CONFLICT (key) DO UPDATE SET version = entity.version + 1"
    " RETURNING version"
)


def event(key: str, data: bytes = b"{}", **fields: Any) -> Envelope:
    given = {
        "id": new_id(),
        "tenant_id": TENANT,
        "stream": Stream.INBOUND,
        "key": key,
        "type": "touchpoint.message.received.v1",
        "at": datetime.now(UTC),
        "data": data,
        "source": "/endpoints/x",
    }
    return Envelope(**(given | fields))


def events(count: int, keys: int = 40) -> list[Envelope]:
    return [event(f"key-{number % keys}") for number in range(count)]


def keys_of_partition(partition: int, count: int) -> list[str]:
    found = (key for number in range(100_000) if partition_of(key := f"key-{number}") == partition)
    return [next(found) for _ in range(count)]


class World:
    """One test's database and logs. `open_log` makes a log on a database: the two contracts differ in it."""

    def __init__(self, url: str, open_log: Callable[[Database], Log], stack: AsyncExitStack) -> None:
        self.url, self.open_log, self._stack = url, open_log, stack
        self.owner: asyncpg.Connection = None
        self.kafka: tuple[str, str] | tuple[()] = ()
        """(servers, prefix) for worker processes."""

    def at_end(self, close: Callable[[], Awaitable[None]]) -> None:
        self._stack.push_async_callback(close)

    async def database(self, role: str = WORKER_ROLE) -> Database:
        database = Database(self.url, role, pool_size=10, idle_in_transaction_seconds=10)
        self._stack.push_async_callback(database.close)
        return database

    async def log(self, database: Database | None = None) -> Log:
        """A log of its own, as another process would have it."""
        log = self.open_log(database or await self.database())
        await log.start()
        self._stack.push_async_callback(log.close)
        return log

    async def run(self, consumer: Consumer, **options: Any) -> ConsumerRunner:
        """One more worker process, in effect: its own pool, log and runner."""
        database = await self.database()
        runner = ConsumerRunner(database, await self.log(database), consumer, PlainSealer(), **options)
        await runner.start()
        self._stack.push_async_callback(runner.stop)
        return runner

    async def spawn(self, name: str, folder: Path) -> asyncio.subprocess.Process:
        """A worker in a process of its own (tests/contracts/worker.py); killed at the end."""
        words = [sys.executable, "-m", "tests.contracts.worker", name, self.url, str(folder), *self.kafka]
        process = await asyncio.create_subprocess_exec(*words, cwd=ROOT)
        self._stack.push_async_callback(_kill, process)
        return process

    async def workers(self) -> dict[str, int]:
        """How many events each worker has applied."""
        rows = await self.owner.fetch("SELECT worker, count(*) AS events FROM applied GROUP BY worker")
        return {row["worker"]: row["events"] for row in rows}

    async def applied(self) -> list[tuple[str, UUID]]:
        """(key, event) as they were applied."""
        rows = await self.owner.fetch("SELECT key, event FROM applied ORDER BY number")
        return [(row["key"], row["event"]) for row in rows]

    async def applied_ids(self) -> list[UUID]:
        return [event_id for _, event_id in await self.applied()]

    async def letters(self) -> list[Any]:
        found: list[Any] = await self.owner.fetch("SELECT * FROM dead_letter ORDER BY id")
        return found

    async def versions(self) -> dict[str, list[int]]:
        """What VersionRecorder saw of each entity, in order."""
        found: dict[str, list[int]] = {}
        for row in await self.owner.fetch("SELECT key, partition FROM applied ORDER BY number"):
            found.setdefault(row["key"], []).append(row["partition"])
        return found

    def holds(self, count: int) -> Callable[[], Awaitable[bool]]:
        async def enough() -> bool:
            return len(await self.applied_ids()) >= count

        return enough


@asynccontextmanager
async def world(url: str, open_log: Callable[[Database], Log]) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        made = World(url, open_log, stack)
        made.owner = await asyncpg.connect(url)
        stack.push_async_callback(made.owner.close)
        await made.owner.execute(SCRATCH)
        yield made


async def _kill(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.wait()


def by_key(pairs: Sequence[tuple[str, UUID]]) -> dict[str, list[UUID]]:
    found: dict[str, list[UUID]] = {}
    for key, event_id in pairs:
        found.setdefault(key, []).append(event_id)
    return found


def unique_name() -> str:
    return f"t{uuid4().hex[:12]}"
