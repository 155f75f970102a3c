"""The state of a phone call as its platform's events tell it, next to the interaction that it belongs to."""

from collections.abc import Collection
from datetime import datetime
from typing import Self
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.clock import new_id
from models.base import ROWS, Base, Identified, Json


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

    @classmethod
    async def hold(
        cls, session: AsyncSession, keys: Collection[tuple[UUID, str]], tenant_id: UUID
    ) -> list[Self]:
        """The calls of these (endpoint, call id), made where there is none, locked in the order of the
        keys."""
        rows = [
            {"id": new_id(), "tenant_id": tenant_id, "endpoint_id": endpoint_id, "call_id": call_id}
            for endpoint_id, call_id in sorted(keys)
        ]
        return list(await session.scalars(_HELD, {"rows": rows}))


_HOLD = text(
    """
    INSERT INTO call (id, tenant_id, endpoint_id, call_id, legs, facts, absent_count)
    SELECT id, tenant_id, endpoint_id, call_id, '{}', '{}', 0
    FROM jsonb_to_recordset(:rows) AS r (id uuid, tenant_id uuid, endpoint_id uuid, call_id text)
    ON CONFLICT (endpoint_id, call_id) DO UPDATE SET call_id = excluded.call_id
    RETURNING *
    """
).bindparams(ROWS)
_HELD = (
    select(Call)
    .from_statement(_HOLD.columns(*Call.__table__.columns))
    .execution_options(populate_existing=True)
)
