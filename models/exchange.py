"""The exchange log: what we said to platforms and they to us, for the administrator. Kept 14 days."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import Index, delete, select
from sqlalchemy import text as sql
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.clock import id_at, rfc3339
from models.base import PRUNED_AT_ONCE, ROWS, Base, Identified, one_of


class Exchange(Identified, Base):
    """One request and its answer; `id` (UUIDv7) sorts by time. `direction` out: we asked; in: a platform did.
    `status` None: nobody answered. `outcome` is what it meant (channels.base.SendOutcome; unknown: a kind of
    event that we do not know), None for a step on the way; `request` and `response` are the beginnings of the
    bodies, without secrets and card numbers. Headers are never kept."""

    __tablename__ = "exchange"
    endpoint_id: Mapped[UUID]
    interaction_id: Mapped[UUID | None]
    touch_id: Mapped[UUID | None]
    delivery_id: Mapped[UUID | None]
    direction: Mapped[str]
    at: Mapped[datetime]
    method: Mapped[str]
    url: Mapped[str]
    status: Mapped[int | None]
    outcome: Mapped[str | None]
    reason: Mapped[str | None]
    seconds: Mapped[float | None]
    request: Mapped[str] = mapped_column(default="")
    response: Mapped[str] = mapped_column(default="")
    __table_args__ = (
        one_of("direction", ("out", "in")),
        Index("ix_exchange_touch_id", "tenant_id", "touch_id", postgresql_where=sql("touch_id IS NOT NULL")),
        Index(
            "ix_exchange_interaction_id",
            "tenant_id",
            "interaction_id",
            postgresql_where=sql("interaction_id IS NOT NULL"),
        ),
        Index("ix_exchange_endpoint_id", "tenant_id", "endpoint_id", "at"),
    )

    @classmethod
    async def insert_all(cls, session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
        """In one statement; each row has every column but `tenant_id`, which is the session's."""
        if rows:
            await session.execute(_INSERT, {"rows": rows})

    @classmethod
    async def of_touch(cls, session: AsyncSession, touch_id: UUID, limit: int) -> Sequence[Self]:
        """Newest first."""
        query = select(cls).where(cls.touch_id == touch_id).order_by(cls.id.desc()).limit(limit)
        return (await session.scalars(query)).all()

    @classmethod
    async def of_call(cls, session: AsyncSession, interaction_id: UUID, limit: int) -> Sequence[Self]:
        """The commands of a call, newest first: they belong to no touch."""
        here = (cls.interaction_id == interaction_id, cls.touch_id.is_(None))
        return (await session.scalars(select(cls).where(*here).order_by(cls.id.desc()).limit(limit))).all()

    @classmethod
    async def of_endpoint(cls, session: AsyncSession, endpoint_id: UUID, since: datetime) -> Sequence[Self]:
        """Since then, oldest first."""
        query = select(cls).where(cls.endpoint_id == endpoint_id, cls.at >= since).order_by(cls.at).limit(500)
        return (await session.scalars(query)).all()

    @classmethod
    async def prune(cls, session: AsyncSession, now: datetime, kept: timedelta) -> int:
        """Delete the oldest of the session's tenant, not too many at once; how many went."""
        old = select(cls.id).where(cls.id < id_at(now - kept)).order_by(cls.id).limit(PRUNED_AT_ONCE)
        return len((await session.execute(delete(cls).where(cls.id.in_(old)).returning(cls.id))).all())

    def item(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "at": rfc3339(self.at),
            "direction": self.direction,
            "method": self.method,
            "url": self.url,
            "status": self.status,
            "outcome": self.outcome,
            "reason": self.reason,
            "seconds": self.seconds,
            "request": self.request,
            "response": self.response,
        }


_COLUMNS: Final = (
    "id uuid, endpoint_id uuid, interaction_id uuid, touch_id uuid, delivery_id uuid, direction text, "
    "at timestamptz, method text, url text, status integer, outcome text, reason text, "
    "seconds double precision, request text, response text"
)
_NAMES: Final = ", ".join(column.split()[0] for column in _COLUMNS.split(", "))
_INSERT = sql(
    f"""
    INSERT INTO exchange (tenant_id, {_NAMES})
    SELECT current_setting('app.tenant_id')::uuid, {_NAMES} FROM jsonb_to_recordset(:rows) AS r ({_COLUMNS})
    """  # noqa: S608 - our own column names
).bindparams(ROWS)
