"""Webhooks that did not prove where they come from: how many, by endpoint and minute. Nothing else is kept of
them, however many somebody sends."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import ROWS, Base, Json, TenantRow


class Refusal(TenantRow, Base):
    __tablename__ = "refusal"
    endpoint_id: Mapped[UUID] = mapped_column(primary_key=True)
    minute: Mapped[datetime] = mapped_column(primary_key=True)
    refused: Mapped[int]

    @classmethod
    async def add(cls, session: AsyncSession, rows: Sequence[Json]) -> None:
        """Some more ({tenant_id, endpoint_id, minute, refused}), all of the session's tenant."""
        await session.execute(_ADD, {"rows": rows})

    @classmethod
    async def since(
        cls, session: AsyncSession, endpoint_ids: Collection[UUID], since: datetime
    ) -> dict[UUID, int]:
        query = select(cls.endpoint_id, func.sum(cls.refused)).where(
            cls.endpoint_id.in_(endpoint_ids), cls.minute >= since
        )
        rows = await session.execute(query.group_by(cls.endpoint_id))
        return {endpoint_id: int(refused) for endpoint_id, refused in rows}

    @classmethod
    async def prune(cls, session: AsyncSession, kept: timedelta) -> None:
        """Forget old ones of the session's tenant."""
        await session.execute(delete(cls).where(cls.minute < func.clock_timestamp() - kept))


_ADD = text(
    """
    INSERT INTO refusal AS r (tenant_id, endpoint_id, minute, refused)
    SELECT tenant_id, endpoint_id, minute, refused FROM jsonb_to_recordset(:rows)
      AS told (tenant_id uuid, endpoint_id uuid, minute timestamptz, refused int) ORDER BY endpoint_id, minute
    ON CONFLICT (endpoint_id, minute) DO UPDATE SET refused = r.refused + excluded.refused
    """
).bindparams(ROWS)
