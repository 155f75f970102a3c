"""Who listens for an endpoint: one process at a time, and how it goes."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Interval, bindparam, delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import ROWS, Base, TenantRow


class EndpointLease(TenantRow, Base):
    """`owner` listens until `lease_until`, unless it renews that. `error` is why it does not hear anything at
    present (None: it does), since `changed_at`. Workers see those of all tenants."""

    __tablename__ = "endpoint_lease"
    endpoint_id: Mapped[UUID] = mapped_column(primary_key=True)
    owner: Mapped[UUID]
    lease_until: Mapped[datetime]
    error: Mapped[str | None]
    changed_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())

    @classmethod
    async def take(
        cls, session: AsyncSession, endpoints: Collection[tuple[UUID, UUID]], owner: UUID, lasts: timedelta
    ) -> set[UUID]:
        """Those of the (tenant, endpoint) that are `owner`'s from now on: free ones are taken, its own
        renewed."""
        rows = [{"tenant_id": str(t), "endpoint_id": str(e)} for t, e in sorted(endpoints)]
        if not rows:
            return set()
        taken = await session.execute(_TAKE, {"rows": rows, "owner": owner, "lasts": lasts})
        return set(taken.scalars())

    @classmethod
    async def is_held(cls, session: AsyncSession, endpoint_id: UUID, owner: UUID) -> bool:
        """Whether it is still `owner`'s, which nobody changes until the transaction ends."""
        mine = (cls.endpoint_id == endpoint_id, cls.owner == owner, cls.lease_until > func.clock_timestamp())
        query = select(cls.endpoint_id).where(*mine).with_for_update(read=True)
        return (await session.execute(query)).first() is not None

    @classmethod
    async def tell(cls, session: AsyncSession, endpoint_id: UUID, owner: UUID, error: str | None) -> None:
        """How `owner`'s listener goes, where that is news."""
        changed = update(cls).where(
            cls.endpoint_id == endpoint_id, cls.owner == owner, cls.error.is_distinct_from(error)
        )
        await session.execute(changed.values(error=error, changed_at=func.clock_timestamp()))

    @classmethod
    async def release(cls, session: AsyncSession, endpoint_ids: Collection[UUID], owner: UUID) -> None:
        """Somebody else may take them at once."""
        await session.execute(delete(cls).where(cls.endpoint_id.in_(endpoint_ids), cls.owner == owner))


_TAKE = text(
    """
    INSERT INTO endpoint_lease AS l (tenant_id, endpoint_id, owner, lease_until)
    SELECT tenant_id, endpoint_id, :owner, clock_timestamp() + :lasts
    FROM jsonb_to_recordset(:rows) AS r (tenant_id uuid, endpoint_id uuid) ORDER BY endpoint_id
    ON CONFLICT (endpoint_id) DO UPDATE SET owner = excluded.owner, lease_until = excluded.lease_until
      WHERE l.owner = excluded.owner OR l.lease_until <= clock_timestamp()
    RETURNING endpoint_id
    """
).bindparams(ROWS, bindparam("lasts", type_=Interval()))
