"""Segments: every dated stretch of an interaction. All metrics are computed from these rows and from
offers."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified, one_of


class SegmentKind(StrEnum):
    SELF_SERVICE = "self_service"
    QUEUE = "queue"
    OFFER = "offer"
    CONNECT = "connect"
    AGENT = "agent"
    HOLD = "hold"
    CONSULT = "consult"
    WRAP_UP = "wrap_up"
    CALLBACK = "callback"
    PARKED = "parked"
    CLOSED_DOOR = "closed_door"


class Segment(Identified, Base):
    """A `queue` segment is one queue entry: it lasts through misses and declines until its `outcome`
    (answered, abandoned, flowed_out, callback_requested, ended_by_us). An arrival at a closed door is a
    `closed_door` segment of no length. An `agent` segment's outcome: ended, transferred, returned, parked.
    Of an entry, `quoted_wait_us` is the p90 of the wait as estimated when it came, `told_wait_us` the least
    that its customer was told."""

    __tablename__ = "segment"
    interaction_id: Mapped[UUID] = mapped_column(ForeignKey("interaction.id", ondelete="CASCADE"))
    leg_id: Mapped[UUID | None] = mapped_column(ForeignKey("leg.id", ondelete="CASCADE"))
    kind: Mapped[SegmentKind]
    agent_id: Mapped[UUID | None]
    queue: Mapped[str]
    channel: Mapped[str]
    tier: Mapped[str]
    entry_kind: Mapped[str | None]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    policy_version: Mapped[int]
    quoted_wait_us: Mapped[int | None] = mapped_column(BigInteger)
    told_wait_us: Mapped[int | None] = mapped_column(BigInteger)
    __table_args__ = (
        one_of("kind", SegmentKind),
        Index("ix_segment_interaction_id", "interaction_id", "started_at"),
        Index("ix_segment_started", "tenant_id", "kind", "started_at"),
        Index("ix_segment_ended", "tenant_id", "kind", "ended_at"),
        Index("ix_segment_open", "tenant_id", "kind", postgresql_where=text("ended_at IS NULL")),
        Index(
            "uq_segment_open_entry",
            "interaction_id",
            unique=True,
            postgresql_where=text("kind = 'queue' AND ended_at IS NULL"),
        ),
    )

    @classmethod
    async def unquoted(cls, session: AsyncSession) -> list["Unquoted"]:
        """Entries of the last seconds, over or not, that nothing was quoted for."""
        return [Unquoted(*row) for row in await session.execute(_UNQUOTED)]

    @classmethod
    async def quote(cls, session: AsyncSession, quotes_us: Mapping[UUID, int]) -> None:
        """By entry. One that is just being changed is left for the next time."""
        if quotes_us:
            await session.execute(_QUOTE, {"ids": list(quotes_us), "quotes": list(quotes_us.values())})

    @classmethod
    async def tell_waits(cls, session: AsyncSession, waits_us: Mapping[UUID, int]) -> dict[UUID, int]:
        """What the customers of these interactions are told now: the least of this and of what they were told
        since they entered their queue, by whichever process. One whose entry is just being changed is left
        out."""
        if not waits_us:
            return {}
        given = {"ids": list(waits_us), "waits": list(waits_us.values())}
        await session.execute(_LOWER_TOLD, given)
        return {row[0]: row[1] for row in await session.execute(_TOLD, given)}


class Unquoted(NamedTuple):
    id: UUID
    interaction_id: UUID
    queue: str
    channel: str


_UNQUOTED = text(
    """
    SELECT id, interaction_id, queue, channel FROM segment
    WHERE kind = 'queue' AND quoted_wait_us IS NULL
      AND started_at >= clock_timestamp() - make_interval(secs => 10)
    """
)
_QUOTE = text(
    """
    UPDATE segment SET quoted_wait_us = new.quote FROM (
      SELECT s.id, quoted.quote
      FROM unnest(CAST(:ids AS uuid[]), CAST(:quotes AS bigint[])) AS quoted (id, quote)
      JOIN segment s ON s.id = quoted.id WHERE s.quoted_wait_us IS NULL
      FOR UPDATE OF s SKIP LOCKED) AS new
    WHERE segment.id = new.id
    """
)
_LOWER_TOLD = text(
    """
    UPDATE segment SET told_wait_us = lower.wait FROM (
      SELECT s.id, said.wait
      FROM unnest(CAST(:ids AS uuid[]), CAST(:waits AS bigint[])) AS said (interaction_id, wait)
      JOIN segment s ON s.interaction_id = said.interaction_id AND s.kind = 'queue' AND s.ended_at IS NULL
      WHERE s.told_wait_us IS NULL OR s.told_wait_us > said.wait FOR UPDATE OF s SKIP LOCKED) AS lower
    WHERE segment.id = lower.id
    """
)
_TOLD = text(
    """
    SELECT s.interaction_id, s.told_wait_us
    FROM unnest(CAST(:ids AS uuid[]), CAST(:waits AS bigint[])) AS said (interaction_id, wait)
    JOIN segment s ON s.interaction_id = said.interaction_id AND s.kind = 'queue' AND s.ended_at IS NULL
    WHERE s.told_wait_us <= said.wait
    """
)
