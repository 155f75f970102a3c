"""`event_log` keeps what is younger than its days, and what a consumer has not read yet."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from sqlalchemy import text

from app.database import Database
from app.events import Stream

CHUNK_MAX: Final = 5_000

_PRUNE: Final = text(
    """
    WITH chunk AS (
      SELECT position, stream, partition, xid, recorded_at FROM event_log
      WHERE position > CAST(:after AS bigint) ORDER BY position LIMIT CAST(:limit AS int)
    ), gone AS (
      DELETE FROM event_log USING chunk
      WHERE event_log.position = chunk.position
        AND chunk.recorded_at < clock_timestamp() - CAST(:keep AS interval)
        AND NOT EXISTS (
          SELECT FROM unnest(CAST(:consumers AS text[]), CAST(:streams AS text[])) AS reader (name, stream)
          LEFT JOIN consumer_position p
            ON p.consumer = reader.name AND p.partition = chunk.partition AND p.log = 'postgres'
          WHERE reader.stream = chunk.stream
            AND NOT coalesce(
              pg_visible_in_snapshot(chunk.xid::text::xid8, p.snapshot_old::pg_snapshot), false)
            AND NOT coalesce(
              p.position >= chunk.position
              AND pg_visible_in_snapshot(chunk.xid::text::xid8, p.snapshot_new::pg_snapshot), false)
        )
      RETURNING 1
    )
    SELECT (SELECT count(*) FROM gone), max(position),
           coalesce(max(recorded_at) < clock_timestamp() - CAST(:keep AS interval), false)
    FROM chunk
    """
)


async def prune(database: Database, keep: timedelta, readers: Mapping[str, Stream]) -> int:
    """Delete what is older than `keep` and read by all `readers` (consumer: its stream); how many went.
    With Kafka nothing stays long enough to be pruned: the relay deletes it."""
    deleted, after, old = 0, 0, True  # positions rise with time: the first young chunk is the end
    names = {"consumers": list(readers), "streams": [stream.value for stream in readers.values()]}
    while old:
        async with database.transaction() as session:
            values = {"after": after, "limit": CHUNK_MAX, "keep": keep, **names}
            count, last, old = (await session.execute(_PRUNE, values)).one()
        deleted, after = deleted + count, last
    return deleted
