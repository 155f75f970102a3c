"""Endpoints whose platform is in trouble, or asked us to slow down: what all senders know of it."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final, Self
from uuid import UUID

from sqlalchemy import Interval, bindparam, delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, TenantRow

OPENS_AFTER: Final = 5
"""Failures in a row: nobody answers, or the platform says that it cannot."""

FIRST_REST_SECONDS: Final = 5.0
REST_MAX_SECONDS: Final = 300.0


class Circuit(TenantRow, Base):
    """There is a row only while something is wrong. `opened_at`: nothing is sent there until a probe comes
    through, and the next probe is due at `resting_until`. Without it the platform asked for the rest.
    Senders see all tenants' rows, the api its own."""

    __tablename__ = "circuit"
    endpoint_id: Mapped[UUID] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    probes: Mapped[int] = mapped_column(default=0, server_default="0")
    opened_at: Mapped[datetime | None]
    resting_until: Mapped[datetime | None]
    reason: Mapped[str]

    @classmethod
    async def all(cls, session: AsyncSession) -> Sequence[Self]:
        return (await session.scalars(select(cls).order_by(cls.endpoint_id))).all()

    @classmethod
    async def standing(cls, session: AsyncSession) -> Sequence[tuple[UUID, bool, bool]]:
        """Of each row: the endpoint, whether it is open, and whether it rests now."""
        rests = func.coalesce(cls.resting_until > func.statement_timestamp(), False)
        found = await session.execute(select(cls.endpoint_id, cls.opened_at.is_not(None), rests))
        return [(endpoint_id, is_open, is_resting) for endpoint_id, is_open, is_resting in found]

    @classmethod
    async def failed(
        cls, session: AsyncSession, tenant_id: UUID, endpoint_id: UUID, times: int, probe: bool, reason: str
    ) -> bool:
        """`times` attempts in a row failed; whether this has opened it."""
        place = {"tenant": tenant_id, "endpoint": endpoint_id, "reason": reason}
        await session.execute(_ROW, place)
        changed = await session.execute(_FAILED, {**place, "times": times, "probe": probe})
        return bool(changed.scalar_one())

    @classmethod
    async def slow_down(
        cls, session: AsyncSession, tenant_id: UUID, endpoint_id: UUID, rest: timedelta, reason: str
    ) -> None:
        """The platform wants nothing from this endpoint for that long."""
        place = {"tenant": tenant_id, "endpoint": endpoint_id, "reason": reason}
        await session.execute(_ROW, place)
        await session.execute(_SLOW_DOWN, {**place, "rest": rest})

    @classmethod
    async def probing(cls, session: AsyncSession, endpoint_ids: Collection[UUID], lasts: timedelta) -> None:
        """A probe is on its way to these: nobody sends another meanwhile."""
        resting = update(cls).where(cls.endpoint_id.in_(endpoint_ids))
        await session.execute(resting.values(resting_until=func.clock_timestamp() + lasts))

    @classmethod
    async def answered(cls, session: AsyncSession, endpoint_ids: Collection[UUID]) -> Sequence[UUID]:
        """These answer: all is well again, but for a rest that one asked for. Which had been open."""
        over = cls.opened_at.is_not(None) | cls.resting_until.is_(None) | (cls.resting_until <= func.now())
        closed = delete(cls).where(cls.endpoint_id.in_(endpoint_ids), over)
        gone = await session.execute(closed.returning(cls.endpoint_id, cls.opened_at))
        return [endpoint_id for endpoint_id, opened_at in gone if opened_at is not None]


_ROW = text(
    """
    INSERT INTO circuit (tenant_id, endpoint_id, reason) VALUES (:tenant, :endpoint, :reason)
    ON CONFLICT (endpoint_id) DO UPDATE SET reason = excluded.reason
    """
)
_FAILED = text(
    f"""
    UPDATE circuit c SET
      failures = c.failures + :times,
      probes = c.probes + CASE WHEN :probe THEN 1 ELSE 0 END,
      opened_at = coalesce(c.opened_at, CASE WHEN old.opens THEN clock_timestamp() END),
      resting_until = CASE
        WHEN old.opens THEN clock_timestamp() + make_interval(secs => {FIRST_REST_SECONDS})
        WHEN :probe THEN clock_timestamp() + make_interval(
          secs => least({REST_MAX_SECONDS}, {FIRST_REST_SECONDS} * 2 ^ least(c.probes + 1, 20)))
        ELSE c.resting_until END
    FROM (SELECT opened_at IS NULL AND failures + :times >= {OPENS_AFTER} AS opens
          FROM circuit WHERE endpoint_id = :endpoint FOR UPDATE) old
    WHERE c.endpoint_id = :endpoint RETURNING old.opens
    """  # noqa: S608 - our own numbers
)
_SLOW_DOWN = text(
    """
    UPDATE circuit SET resting_until = greatest(resting_until, clock_timestamp() + :rest)
    WHERE endpoint_id = :endpoint
    """
).bindparams(bindparam("rest", type_=Interval()))
