"""Reading `event_log` by snapshots: neither position nor transaction id is commit order, so a reader's place
is a `pg_snapshot`: a batch is what the new snapshot sees and the stored one did not, by position."""

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.bus.port import Batch, Position, Record
from app.events import PARTITIONS, Envelope, Stream

BEGINNING: Final = Position(snapshot_old="1:1:")
"""A snapshot that saw nothing."""

# OFFSET 0 fences the inner query: it goes by the index on the transaction, never by the one on the position,
# which would walk through all that was read long ago.
_READ: Final = text(
    """
    SELECT s.seen, e.* FROM (SELECT pg_current_snapshot()::text AS seen) s LEFT JOIN LATERAL (
      SELECT * FROM (
        SELECT position, id, tenant_id, key, type, at, data, source, subject FROM event_log
        WHERE stream = :stream AND partition = ANY(CAST(:partitions AS smallint[]))
          AND xid >= pg_snapshot_xmin(CAST(CAST(:old AS text) AS pg_snapshot))::text::bigint
          AND NOT pg_visible_in_snapshot(xid::text::xid8, CAST(CAST(:old AS text) AS pg_snapshot))
          AND (CAST(:new AS text) IS NULL OR (position > CAST(:position AS bigint)
               AND pg_visible_in_snapshot(xid::text::xid8, CAST(CAST(:new AS text) AS pg_snapshot))))
        OFFSET 0
      ) unread ORDER BY position LIMIT CAST(:limit AS bigint)
    ) e ON true
    """
)
_GROWN: Final = text(
    """
    SELECT pg_current_snapshot()::text, array(
      SELECT DISTINCT partition FROM event_log
      WHERE stream = :stream AND partition = ANY(CAST(:partitions AS smallint[]))
        AND xid >= pg_snapshot_xmin(CAST(CAST(:old AS text) AS pg_snapshot))::text::bigint
        AND NOT pg_visible_in_snapshot(xid::text::xid8, CAST(CAST(:old AS text) AS pg_snapshot)))
    """
)

_UNREAD: Final = text(
    """
    SELECT count(*) FROM (
      SELECT 1 FROM generate_series(0, CAST(:last AS int)) AS number
      LEFT JOIN consumer_position p ON p.consumer = :consumer AND p.partition = number AND p.log = 'postgres'
      CROSS JOIN LATERAL (
        SELECT 1 FROM event_log e WHERE e.stream = :stream AND e.partition = number
          AND e.xid >= pg_snapshot_xmin(coalesce(p.snapshot_old, '1:1:')::pg_snapshot)::text::bigint
          AND NOT pg_visible_in_snapshot(e.xid::text::xid8, coalesce(p.snapshot_old, '1:1:')::pg_snapshot)
          AND (p.snapshot_new IS NULL OR e.position > p.position
               OR NOT pg_visible_in_snapshot(e.xid::text::xid8, p.snapshot_new::pg_snapshot))
      ) unread LIMIT CAST(:limit AS bigint)
    ) counted
    """
)


class SnapshotReader:
    """Reads one stream. Each read is one statement in autocommit: its snapshot is the reader's next place."""

    def __init__(self, engine: AsyncEngine, stream: Stream) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._stream = stream

    async def read(self, partitions: Collection[int], position: Position, limit: int) -> Batch:
        """Up to `limit` records after `position`, in order of their positions."""
        columns = {"old": position.snapshot_old, "new": position.snapshot_new, "position": position.position}
        rows = await self._query(_READ, partitions, **columns, limit=limit)
        seen = position.snapshot_new or rows[0][0]
        found = [row for row in rows if row[1] is not None]
        cut = len(found) == limit
        records = [
            Record(Position(position.snapshot_old, seen, row[1]), _envelope(self._stream, row))
            for row in found
        ]
        if cut:
            return Batch(records, records[-1].after)
        after = Position(snapshot_old=seen)
        return Batch([*records[:-1], *(Record(after, last.envelope) for last in records[-1:])], after)

    async def grown(self, partitions: Collection[int], since: str | None) -> tuple[str, Collection[int]]:
        """The present snapshot, and the partitions in which it sees more than `since` (None: any)."""
        asked = () if since is None else partitions
        [(seen, grown)] = await self._query(_GROWN, asked, old=since or BEGINNING.snapshot_old)
        return seen, partitions if since is None else grown

    async def unread(self, consumer: str, limit: int) -> int:
        """How many records a consumer has not applied yet; counting ends at `limit`."""
        values = {"consumer": consumer, "last": PARTITIONS - 1, "limit": limit, "stream": self._stream.value}
        async with self._engine.connect() as connection:
            count: int = (await connection.execute(_UNREAD, values)).scalar_one()
        return count

    async def _query(self, statement: Any, partitions: Collection[int], **values: Any) -> Sequence[Any]:
        async with self._engine.connect() as connection:
            found = await connection.execute(
                statement, {"stream": self._stream.value, "partitions": list(partitions), **values}
            )
            return found.all()


def _envelope(stream: Stream, row: Any) -> Envelope:
    _, position, event_id, tenant_id, key, kind, at, data, source, subject = row
    return Envelope(event_id, tenant_id, stream, key, kind, at, data, source, subject, position)
