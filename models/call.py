"""The state of a phone call as its platform's events tell it, next to the interaction that it belongs to."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified, Json


class Call(Identified, Base):
    """`last_sequence`/`last_at`: the highest seen; a lower one never moves state back. `legs` maps the
    platform's leg id to {leg, state, cause, by, at}. `absent_count`: how often a snapshot of live calls
    missed it; at two it has ended (`lost`)."""

    __tablename__ = "call"
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("endpoint.id", ondelete="CASCADE"))
    call_id: Mapped[str]
    # Checked at commit: the row of a new call is written before that of its interaction.
    interaction_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("interaction.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED")
    )
    last_sequence: Mapped[int | None] = mapped_column(BigInteger)
    last_at: Mapped[datetime | None]
    legs: Mapped[Json] = mapped_column(default=dict)
    facts: Mapped[Json] = mapped_column(default=dict)
    started_at: Mapped[datetime | None]
    bridged_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    absent_count: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    __table_args__ = (
        UniqueConstraint("endpoint_id", "call_id"),
        Index("ix_call_interaction_id", "interaction_id"),
        Index("ix_call_live", "endpoint_id", postgresql_where=text("ended_at IS NULL")),
    )
