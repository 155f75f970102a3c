"""What is remembered of an endpoint's platform between two requests, sealed with the tenant's key."""

from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from sqlalchemy import Interval, LargeBinary, bindparam, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, TenantRow


class EndpointState(TenantRow, Base):
    """`name`: token (the access token), renewed (what the next log-in has to know), fetch (what the last
    fetch left), listener (how far it has heard). `lease_until`: somebody makes a new value meanwhile.
    Infrastructure: no row-level security, and the api sees nothing of it."""

    __tablename__ = "endpoint_state"
    endpoint_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[bytes | None] = mapped_column(LargeBinary)
    made_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]

    @classmethod
    async def find(cls, session: AsyncSession, endpoint_id: UUID, name: str) -> Self | None:
        """Its row, if there is a value that has not expired."""
        here = (cls.endpoint_id == endpoint_id, cls.name == name, cls.value.is_not(None))
        alive = cls.expires_at.is_(None) | (cls.expires_at > func.clock_timestamp())
        query = select(cls).where(*here, alive)
        return (await session.scalars(query)).one_or_none()

    @classmethod
    async def lease(
        cls, session: AsyncSession, tenant_id: UUID, endpoint_id: UUID, name: str, lasts: timedelta
    ) -> bool:
        """Take it on oneself to make a new value. False: somebody else does."""
        place = {"tenant": tenant_id, "endpoint": endpoint_id, "name": name}
        return (await session.execute(_LEASE, {**place, "lasts": lasts})).first() is not None

    @classmethod
    async def put(
        cls,
        session: AsyncSession,
        tenant_id: UUID,
        endpoint_id: UUID,
        name: str,
        value: bytes,
        lasts: timedelta | None = None,
    ) -> datetime:
        """Replace the value and end the lease; when it was made. `lasts` None: it does not expire."""
        place = {"tenant": tenant_id, "endpoint": endpoint_id, "name": name}
        made: datetime = (await session.execute(_PUT, {**place, "value": value, "lasts": lasts})).scalar_one()
        return made

    @classmethod
    async def end(cls, session: AsyncSession, endpoint_id: UUID, name: str, made_at: datetime) -> None:
        """The value made then is worth nothing any more; a newer one stays."""
        made_then = (cls.endpoint_id == endpoint_id, cls.name == name, cls.made_at == made_at)
        await session.execute(update(cls).where(*made_then).values(value=None))

    @classmethod
    async def release(cls, session: AsyncSession, endpoint_id: UUID, name: str) -> None:
        """End the lease without a new value."""
        await session.execute(
            update(cls).where(cls.endpoint_id == endpoint_id, cls.name == name).values(lease_until=None)
        )


_LEASE = text(
    """
    INSERT INTO endpoint_state AS s (tenant_id, endpoint_id, name, lease_until)
    VALUES (:tenant, :endpoint, :name, clock_timestamp() + :lasts)
    ON CONFLICT (endpoint_id, name) DO UPDATE SET lease_until = excluded.lease_until
      WHERE s.lease_until IS NULL OR s.lease_until <= clock_timestamp()
    RETURNING endpoint_id
    """
).bindparams(bindparam("lasts", type_=Interval()))
_PUT = text(
    """
    INSERT INTO endpoint_state (tenant_id, endpoint_id, name, value, made_at, expires_at)
    VALUES (:tenant, :endpoint, :name, :value, clock_timestamp(), clock_timestamp() + :lasts)
    ON CONFLICT (endpoint_id, name) DO UPDATE SET value = excluded.value, made_at = excluded.made_at,
      expires_at = excluded.expires_at, lease_until = NULL
    RETURNING made_at
    """
).bindparams(bindparam("lasts", type_=Interval()))
