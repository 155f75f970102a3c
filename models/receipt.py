"""Receipts that came before we knew the provider's id of what they are about: kept until the sender does."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Index, delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified


class Receipt(Identified, Base):
    __tablename__ = "receipt"
    endpoint_id: Mapped[UUID]
    provider_id: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str | None]
    at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    __table_args__ = (Index("ix_receipt_provider_id", "tenant_id", "endpoint_id", "provider_id"),)

    @classmethod
    async def hold(cls, session: AsyncSession, provider_ids: Sequence[tuple[UUID, str]]) -> None:
        """Until the end of the transaction nobody else records a receipt, or the id, of these: intake and
        sender would miss each other."""
        names = sorted({f"{endpoint_id}/{provider_id}" for endpoint_id, provider_id in provider_ids})
        if names:
            await session.execute(_HOLD, {"names": names})

    @classmethod
    async def collect(
        cls, session: AsyncSession, provider_ids: Sequence[tuple[UUID, str]]
    ) -> Sequence["Receipt"]:
        """Those that wait for one of these ids; they are gone from the table then."""
        if not provider_ids:
            return ()
        values = {"endpoints": [one for one, _ in provider_ids], "ids": [one for _, one in provider_ids]}
        collected = select(cls).from_statement(_COLLECT.columns(*cls.__table__.columns))
        return (await session.scalars(collected, values)).all()

    @classmethod
    async def prune(cls, session: AsyncSession, kept: timedelta) -> None:
        """Those of the session's tenant that nobody asked for in that time."""
        await session.execute(delete(cls).where(cls.created_at < func.clock_timestamp() - kept))


_COLLECT = text(
    """
    DELETE FROM receipt r
    USING unnest(CAST(:endpoints AS uuid[]), CAST(:ids AS text[])) AS t (endpoint_id, provider_id)
    WHERE r.endpoint_id = t.endpoint_id AND r.provider_id = t.provider_id RETURNING r.*
    """
)
_HOLD = text(
    "SELECT pg_advisory_xact_lock(hashtextextended(n, 0)) FROM unnest(CAST(:names AS text[])) AS t (n)"
)
