"""Reading `event_log` by snapshots: neither position nor transaction id is commit order, so a reader's place
is a `pg_snapshot`: a batch is what the new snapshot sees and the stored one did not, by position."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.bus.port import Batch, Position, Record
from app.database import Database
from app.events import PARTITIONS, Envelope, Stream

BEGINNING: Final = Position(snapshot_old="1:1:")
"""A snapshot that saw nothing."""

# One statement, so one snapshot, for all that is read. OFFSET 0 fences the inner query: it goes by the index
# on the transaction, never by the one on the position, which would walk through all that was read long ago.
_READ: Final = """
    SELECT s.seen, w.ordinal, e.* FROM (SELECT pg_current_snapshot()::text AS seen) s
    CROSS JOIN (
      SELECT *, CAST(numbers AS smallint[]) AS partitions, pg_snapshot_xmin(old)::text::bigint AS xmin
      FROM unnest(CAST($2 AS text[]), CAST(CAST($3 AS text[]) AS pg_snapshot[]),
                  CAST(CAST($4 AS text[]) AS pg_snapshot[]), CAST($5 AS bigint[]),
                  CAST($6 AS bigint[])) WITH ORDINALITY AS w (numbers, old, new, position, most, ordinal)
    ) w
    LEFT JOIN LATERAL (
      SELECT * FROM (
        SELECT position, id, tenant_id, key, type, at, data, source, subject FROM event_log l
        WHERE stream = $1 AND partition = ANY(w.partitions) AND xid >= w.xmin
          AND NOT pg_visible_in_snapshot(xid::text::xid8, w.old)
          AND (w.new IS NULL
               OR (l.position > w.position AND pg_visible_in_snapshot(xid::text::xid8, w.new)))
        OFFSET 0
      ) unread ORDER BY position LIMIT w.most
    ) e ON true
    ORDER BY w.ordinal, e.position
    """
_GROWN: Final = """
    SELECT pg_current_snapshot()::text, array(
      SELECT DISTINCT partition FROM event_log
      WHERE stream = $1 AND partition = ANY(CAST($2 AS smallint[]))
        AND xid >= pg_snapshot_xmin(CAST(CAST($3 AS text) AS pg_snapshot))::text::bigint
        AND NOT pg_visible_in_snapshot(xid::text::xid8, CAST(CAST($3 AS text) AS pg_snapshot)))
    """

_UNREAD: Final = """
    SELECT count(*) FROM (
      SELECT 1 FROM generate_series(0, CAST($3 AS int)) AS number
      LEFT JOIN consumer_position p ON p.consumer = $2 AND p.partition = number AND p.log = 'postgres'
      CROSS JOIN LATERAL (
        SELECT 1 FROM event_log e WHERE e.stream = $1 AND e.partition = number
          AND e.xid >= pg_snapshot_xmin(coalesce(p.snapshot_old, '1:1:')::pg_snapshot)::text::bigint
          AND NOT pg_visible_in_snapshot(e.xid::text::xid8, coalesce(p.snapshot_old, '1:1:')::pg_snapshot)
          AND (p.snapshot_new IS NULL OR e.position > p.position
               OR NOT pg_visible_in_snapshot(e.xid::text::xid8, p.snapshot_new::pg_snapshot))
      ) unread LIMIT CAST($4 AS bigint)
    ) counted
    """


@dataclass(frozen=True, slots=True)
class Wanted:
    """Up to `limit` records of these partitions after `position`."""

    partitions: Collection[int]
    position: Position
    limit: int


class SnapshotReader:
    """Reads one stream. Each read is one statement in autocommit: its snapshot is the reader's next place."""

    def __init__(self, database: Database, stream: Stream) -> None:
        self._database, self._stream = database, stream

    async def read(self, wanted: Sequence[Wanted]) -> list[Batch]:
        """What each of them asks for, in order of the records' positions."""
        columns = (
            [_array(one.partitions) for one in wanted],
            [one.position.snapshot_old for one in wanted],
            [one.position.snapshot_new for one in wanted],
            [one.position.position for one in wanted],
            [one.limit for one in wanted],
        )
        found: list[list[Any]] = [[] for _ in wanted]
        for row in await self._query(_READ, *columns):
            found[row[1] - 1].append(row)
        return [self._batch(one, rows) for one, rows in zip(wanted, found, strict=True)]

    def _batch(self, wanted: Wanted, rows: Sequence[Any]) -> Batch:
        old, seen = wanted.position.snapshot_old, wanted.position.snapshot_new or rows[0][0]
        records = [
            Record(Position(old, seen, row[2]), _envelope(self._stream, row))
            for row in rows
            if row[2] is not None
        ]
        if len(records) == wanted.limit:
            return Batch(records, records[-1].after)
        after = Position(snapshot_old=seen)
        return Batch([*records[:-1], *(Record(after, last.envelope) for last in records[-1:])], after)

    async def grown(self, partitions: Collection[int], since: str | None) -> tuple[str, Collection[int]]:
        """The present snapshot, and the partitions in which it sees more than `since` (None: any)."""
        asked = () if since is None else partitions
        since_when = since or BEGINNING.snapshot_old
        [(seen, grown)] = await self._query(_GROWN, list(asked), since_when)
        return seen, partitions if since is None else grown

    async def unread(self, consumer: str, limit: int) -> int:
        """How many records a consumer has not applied yet; counting ends at `limit`."""
        [(count,)] = await self._query(_UNREAD, consumer, PARTITIONS - 1, limit)
        return int(count)

    async def _query(self, statement: str, *values: Any) -> Sequence[Any]:
        return await self._database.fetch(statement, self._stream.value, *values)


def _array(numbers: Collection[int]) -> str:
    """As PostgreSQL writes it: arrays of arrays must all be of one length there."""
    return f"{{{','.join(map(str, numbers))}}}"


def _envelope(stream: Stream, row: Any) -> Envelope:
    _, _, position, event_id, tenant_id, key, kind, at, data, source, subject = row
    return Envelope(event_id, tenant_id, stream, key, kind, at, data, source, subject, position)
