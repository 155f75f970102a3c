"""The rows that make a consumer exact: who owns a partition under which epoch, how far it was read, and what
was parked. Plain SQL: the tables are declared in models/log.py, which stands above this package."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.bus.outbox import outbox
from app.bus.port import Position
from app.clock import new_id
from app.errors import StaleEpoch
from app.events import Envelope, Stream
from app.text import clean_text

_TAKE = text(
    """
    INSERT INTO partition_owner (consumer, partition, owner, epoch) VALUES (:consumer, :partition, :owner, 1)
    ON CONFLICT (consumer, partition) DO UPDATE
      SET owner = excluded.owner, epoch = partition_owner.epoch + 1, taken_at = clock_timestamp()
    RETURNING epoch
    """
)
_CHECK = text(
    "SELECT 1 FROM partition_owner WHERE consumer = :consumer AND partition = :partition AND epoch = :epoch"
    " FOR SHARE"
)
_LOAD = text(
    "SELECT snapshot_old, snapshot_new, position, event_id FROM consumer_position"
    " WHERE consumer = :consumer AND partition = :partition AND log = :log"
)
_ADVANCE = text(
    """
    WITH mine AS (
      SELECT o.partition, w.* FROM partition_owner o
      JOIN unnest(CAST(:partitions AS smallint[]), CAST(:epochs AS bigint[]), CAST(:snapshots_old AS text[]),
                  CAST(:snapshots_new AS text[]), CAST(:positions AS bigint[]), CAST(:event_ids AS uuid[]))
        AS w (number, epoch, snapshot_old, snapshot_new, position, event_id)
        ON o.consumer = :consumer AND o.partition = w.number AND o.epoch = w.epoch
      ORDER BY o.partition FOR SHARE OF o
    )
    INSERT INTO consumer_position (consumer, partition, log, snapshot_old, snapshot_new, position, event_id)
    SELECT :consumer, number, :log, snapshot_old, snapshot_new, position, event_id
    FROM mine, (SELECT set_config('app.tenant_id', :tenant, true)) acting
    ON CONFLICT (consumer, partition, log) DO UPDATE
      SET snapshot_old = excluded.snapshot_old, snapshot_new = excluded.snapshot_new,
          position = excluded.position, event_id = excluded.event_id, updated_at = clock_timestamp()
    RETURNING partition
    """
)
_PARK = text(
    """
    INSERT INTO dead_letter (id, tenant_id, source, consumer, stream, partition, key, type, raw, error)
    VALUES (:id, :tenant_id, :source, :consumer, :stream, CAST(:partition AS smallint), :key, :type, :raw,
            :error)
    """
)
ERROR_MAX_CHARACTERS = 4000


@dataclass(frozen=True, slots=True)
class Share:
    """One partition of one consumer, as its owner under `epoch` sees it. `log`: postgres or kafka."""

    consumer: str
    stream: Stream
    log: str
    partition: int
    epoch: int = 0

    def _row(self, **columns: Any) -> dict[str, Any]:
        return {"consumer": self.consumer, "partition": self.partition, **columns}

    async def take(self, session: AsyncSession, owner: UUID) -> int:
        """Become the owner: the new epoch, under which every other owner's transactions fail."""
        epoch: int = (await session.execute(_TAKE, self._row(owner=owner))).scalar_one()
        return epoch

    async def held(self, session: AsyncSession) -> bool:
        """Whether the epoch is still ours; if so nobody can take it before this transaction ends."""
        found = await session.execute(_CHECK, self._row(epoch=self.epoch))
        return found.scalar_one_or_none() is not None

    async def position(self, session: AsyncSession) -> Position | None:
        row = (await session.execute(_LOAD, self._row(log=self.log))).one_or_none()
        return None if row is None else Position(*row)

    async def park(self, session: AsyncSession, envelope: Envelope | None, raw: bytes, error: str) -> None:
        """Keep what can never be applied. `raw` is sealed already; without an envelope it has no tenant."""
        letter = {
            "id": new_id(),
            "tenant_id": envelope.tenant_id if envelope else UUID(int=0),
            "source": envelope.source if envelope else "/touchpoint",
            "key": envelope.key if envelope else None,
            "type": envelope.type if envelope else None,
        }
        row = self._row(stream=self.stream, raw=raw, error=error[:ERROR_MAX_CHARACTERS], **letter)
        clean = {k: clean_text(v) if isinstance(v, str) else v for k, v in row.items()}
        await session.execute(_PARK, clean)  # what is parked may be rotten in every text


async def advance(
    session: AsyncSession, moves: Sequence[tuple[Share, Position]], tenant_id: UUID | None
) -> None:
    """As `held` for each of the shares, all of one consumer; and their positions move with what this
    transaction changes. From here on it acts for the tenant. Raises StaleEpoch."""
    first, positions = moves[0][0], [position for _, position in moves]
    row = {
        "consumer": first.consumer,
        "log": first.log,
        "tenant": "" if tenant_id is None else str(tenant_id),
        "partitions": [share.partition for share, _ in moves],
        "epochs": [share.epoch for share, _ in moves],
        "snapshots_old": [position.snapshot_old for position in positions],
        "snapshots_new": [position.snapshot_new for position in positions],
        "positions": [position.position for position in positions],
        "event_ids": [position.event_id for position in positions],
    }
    outbox(session).tenant_id = tenant_id
    moved = set((await session.execute(_ADVANCE, row)).scalars())
    for share, _ in moves:
        if share.partition not in moved:
            raise StaleEpoch(f"{share.consumer}/{share.partition}")
