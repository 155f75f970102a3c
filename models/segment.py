"""Segments: every dated stretch of an interaction. All metrics are computed from these rows and from
offers."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
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
    `closed_door` segment of no length. An `agent` segment's outcome: ended, transferred, returned, parked."""

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
