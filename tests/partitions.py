"""Who holds the partitions of intake and routing, without Kafka: a worker that holds its own is at work."""

from collections import Counter

import asyncpg

from tests.waiting import eventually

ALL = 64
"""Of both."""

TAKEN_SECONDS = 60
"""The supervisor waits longer after every end of a process."""


async def shares(database: asyncpg.Connection) -> list[int]:
    """How many each consumer of each worker holds."""
    rows = await database.fetch(
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND objid < 32 AND granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    return sorted(Counter(row["pid"] for row in rows).values())


async def all_taken(database_url: str) -> None:
    """Wait until somebody works on each."""
    database = await asyncpg.connect(database_url)

    async def taken() -> bool:
        return sum(await shares(database)) == ALL

    try:
        await eventually(taken, seconds=TAKEN_SECONDS)
    finally:
        await database.close()
