"""The event log in PostgreSQL and its readers' positions. Infrastructure: no row-level security."""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

import orjson
from sqlalchemy import BigInteger, Identity, Index, LargeBinary, SmallInteger, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class EventLog(Base):
    """`xid` is the writing transaction, kept as bigint because asyncpg has no xid8 parameters; neither it nor
    `position` is commit order: readers go by snapshots (app/bus/log.py). `data` is the event's JSON."""

    __tablename__ = "event_log"
    position: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    xid: Mapped[int] = mapped_column(BigInteger, server_default=text("pg_current_xact_id()::text::bigint"))
    stream: Mapped[str]
    partition: Mapped[int] = mapped_column(SmallInteger)
    key: Mapped[str]
    id: Mapped[UUID]
    tenant_id: Mapped[UUID]
    type: Mapped[str]
    source: Mapped[str]
    subject: Mapped[str | None]
    at: Mapped[datetime]
    data: Mapped[bytes] = mapped_column(LargeBinary)
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    __table_args__ = (
        Index("ix_event_log_stream_partition", "stream", "partition", "position"),
        Index("ix_event_log_unread", "stream", "partition", "xid"),
    )

    @classmethod
    async def replace_text(
        cls, session: AsyncSession, keys: Collection[str], since: datetime, before: str, after: str
    ) -> None:
        """In events of these keys since then, every text that is `before` becomes `after`."""
        texts = {"before": orjson.dumps(before), "after": orjson.dumps(after)}
        await session.execute(
            _REPLACE_TEXT, {"keys": sorted(keys), "since": since, "looked_at": LOOKED_AT, **texts}
        )


LOOKED_AT: Final = 200_000
"""Newest rows of the log: it has no index by key."""

_REPLACE_TEXT = text(
    """
    UPDATE event_log SET data = convert_to(replace(convert_from(data, 'UTF8'), convert_from(:before, 'UTF8'),
                                                   convert_from(:after, 'UTF8')), 'UTF8')
    WHERE position > (SELECT max(position) FROM event_log) - CAST(:looked_at AS bigint)
      AND key = ANY(CAST(:keys AS text[])) AND recorded_at >= :since
      AND position(CAST(:before AS bytea) IN data) > 0
    """
)


class ConsumerPosition(Base):
    """PostgreSQL log: a batch is what `snapshot_new` sees and `snapshot_old` did not; `position` is set
    when a limit cut it. Kafka: `position` is the next offset, `event_id` the id of the record before it."""

    __tablename__ = "consumer_position"
    consumer: Mapped[str] = mapped_column(primary_key=True)
    partition: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    log: Mapped[str] = mapped_column(primary_key=True)  # postgres, kafka
    snapshot_old: Mapped[str | None]
    snapshot_new: Mapped[str | None]
    position: Mapped[int | None] = mapped_column(BigInteger)
    event_id: Mapped[UUID | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class PartitionOwner(Base):
    """Taking a partition increments `epoch`; every worker transaction checks it first, so a zombie's fail."""

    __tablename__ = "partition_owner"
    consumer: Mapped[str] = mapped_column(primary_key=True)
    partition: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    owner: Mapped[UUID]
    epoch: Mapped[int] = mapped_column(BigInteger)
    taken_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())

    @classmethod
    async def workers(cls, session: AsyncSession) -> int:
        """How many processes share the partitions that every worker reads. One that starts counts once it has
        taken some, one that died until they were taken over: seconds."""
        owners = select(func.count(cls.owner.distinct())).where(cls.consumer == "intake")
        return (await session.execute(owners)).scalar_one()


class DeadLetter(Base):
    """What could not be read or applied, with its raw bytes (encrypted with the tenant's key) and the
    error."""

    __tablename__ = "dead_letter"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant_id: Mapped[UUID]
    source: Mapped[str]
    consumer: Mapped[str | None]
    stream: Mapped[str | None]
    partition: Mapped[int | None] = mapped_column(SmallInteger)
    key: Mapped[str | None]
    type: Mapped[str | None]
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    error: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    replayed_at: Mapped[datetime | None]
    __table_args__ = (Index("ix_dead_letter_at", "at"),)


class Installation(Base):
    """One row: what `migrate` fixed for good."""

    __tablename__ = "installation"
    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    partitions: Mapped[int] = mapped_column(SmallInteger)
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
