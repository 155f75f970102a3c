"""Who reads what without Kafka: partitions are shared between the workers of a consumer by session advisory
locks, on a connection of their own that a frozen worker loses after ten seconds."""

import asyncio
from contextlib import suppress
from typing import Any, Final
from zlib import crc32

import structlog

from app.bus.port import Holder
from app.database import Database
from app.events import PARTITIONS

log = structlog.get_logger()

PING_SECONDS: Final = 3.0
HUNGRY_SECONDS: Final = 0.25
IDLE_MAX_SECONDS: Final = 10
MEMBER: Final = PARTITIONS
"""The lock beyond the partitions', shared by all workers of a consumer: who holds it is a member."""

_MEMBERS: Final = """
SELECT pid, pid = pg_backend_pid() AS me FROM pg_locks
WHERE locktype = 'advisory' AND classid = $1::bigint::oid AND objid = $2 AND objsubid = 2 AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY pid
"""
_TRY: Final = """
SELECT number FROM unnest($2::int[]) AS number WHERE pg_try_advisory_lock($1::int, number) LIMIT $3
"""


class Assignment:
    """Holds this worker's fair share and tells `holder`; gives up what is too much when others come."""

    def __init__(self, database: Database, consumer: str, holder: Holder) -> None:
        self._database, self._consumer, self._holder = database, consumer, holder
        self._lock_class = crc32(consumer.encode()) & 0x7FFFFFFF
        self._held: set[int] = set()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=f"{self._consumer} assignment")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            try:
                await self._share()
            except Exception as error:  # the outer shell: without partitions this worker would be of no use
                log.warning("partition locks lost", consumer=self._consumer, error=repr(error))
            await asyncio.sleep(HUNGRY_SECONDS)

    async def _share(self) -> None:
        """One life of the connection: with it, however it ends, go all partitions."""
        connection = await self._database.raw_connection(idle_session_timeout=f"{IDLE_MAX_SECONDS}s")
        try:
            await connection.execute("SELECT pg_advisory_lock_shared($1, $2)", self._lock_class, MEMBER)
            while True:
                hungry = await self._balance(connection)
                await asyncio.sleep(HUNGRY_SECONDS if hungry else PING_SECONDS)
        finally:
            held, self._held = self._held, set()
            await self._holder.lose(held)
            await _close(connection)

    async def _balance(self, connection: Any) -> bool:
        """Take or give until our share is held; whether some of it is still missing."""
        members = await connection.fetch(_MEMBERS, self._lock_class, MEMBER)
        quota = _quota(len(members), [member["me"] for member in members].index(True))
        await self._give(connection, sorted(self._held)[quota:])
        await self._take(connection, quota - len(self._held))
        return len(self._held) < quota

    async def _give(self, connection: Any, surplus: list[int]) -> None:
        if not surplus:
            return
        self._held -= set(surplus)
        await self._holder.lose(surplus)
        await connection.execute(
            "SELECT pg_advisory_unlock($1::int, number) FROM unnest($2::int[]) AS number",
            self._lock_class,
            surplus,
        )

    async def _take(self, connection: Any, missing: int) -> None:
        if missing <= 0:
            return
        others = [number for number in range(PARTITIONS) if number not in self._held]
        rows = await connection.fetch(_TRY, self._lock_class, others, missing)
        taken = [row["number"] for row in rows]
        self._held |= set(taken)
        await self._holder.gain(taken)


def _quota(members: int, rank: int) -> int:
    """How many partitions the member at `rank` holds when all are shared fairly."""
    return PARTITIONS // members + (rank < PARTITIONS % members)


async def _close(connection: Any) -> None:
    """At once if it is broken: the locks must go with us."""
    try:
        await connection.close(timeout=1)
    except Exception:  # asyncpg has many words for a broken one
        connection.terminate()
