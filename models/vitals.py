"""Whether routing keeps its laws, as its worker saw it a second ago: one row a tenant."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple, Self
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Json


class RoutingVitals(Base):
    """`breach_us` and `overtakes` are those since `counted_since` (midnight UTC). `queues`, by key: `agents`
    signed in and not on break, `not_responding` (ids), `oldest_eligible_us`, and `alarm_since` while at least
    half of the agents do not respond."""

    __tablename__ = "routing_vitals"
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id", ondelete="CASCADE"), primary_key=True)
    checked_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    counted_since: Mapped[datetime]
    breach_us: Mapped[int] = mapped_column(BigInteger)
    overtakes: Mapped[int] = mapped_column(BigInteger)
    double_legs: Mapped[int]
    oldest_eligible_us: Mapped[int | None] = mapped_column(BigInteger)
    not_responding: Mapped[int]
    alarms: Mapped[int]
    queues: Mapped[Json]

    @classmethod
    async def keep(cls, session: AsyncSession, tenant_id: UUID, found: "Found", queues: Json) -> None:
        """Add what was counted since the last time; the rest is as it is now."""
        alarms = sum(1 for queue in queues.values() if queue["alarm_since"])
        lapsed = {agent for queue in queues.values() for agent in queue["not_responding"]}
        row = {"tenant": tenant_id, **found._asdict(), "not_responding": len(lapsed), "alarms": alarms}
        await session.execute(_KEEP, {**row, "queues": queues})

    @classmethod
    async def of_all(cls, session: AsyncSession) -> Mapping[str, Any]:
        """Over all tenants: sums, and the longest of the times; `unchecked_seconds` since the last look."""
        return dict((await session.execute(_OF_ALL)).mappings().one())

    @classmethod
    async def of(cls, session: AsyncSession, tenant_id: UUID) -> Self | None:
        """None: no worker has looked yet."""
        return await session.scalar(select(cls).where(cls.tenant_id == tenant_id))

    @classmethod
    async def double_legs_of(cls, session: AsyncSession) -> int:
        """Interactions with more than one live primary leg: there must be none."""
        found: int = (await session.execute(_DOUBLE_LEGS)).scalar_one()
        return found


class Found(NamedTuple):
    """What one look brought. `breach_us` and `overtakes`: since the last one."""

    breach_us: int
    overtakes: int
    double_legs: int
    oldest_eligible_us: int | None


_KEEP = text(
    """
    INSERT INTO routing_vitals AS v (tenant_id, checked_at, counted_since, breach_us, overtakes, double_legs,
                                     oldest_eligible_us, not_responding, alarms, queues)
    VALUES (:tenant, clock_timestamp(), date_trunc('day', clock_timestamp(), 'UTC'), :breach_us, :overtakes,
            :double_legs, :oldest_eligible_us, :not_responding, :alarms, :queues)
    ON CONFLICT (tenant_id) DO UPDATE SET
      breach_us = excluded.breach_us
        + CASE WHEN v.counted_since = excluded.counted_since THEN v.breach_us ELSE 0 END,
      overtakes = excluded.overtakes
        + CASE WHEN v.counted_since = excluded.counted_since THEN v.overtakes ELSE 0 END,
      checked_at = excluded.checked_at, counted_since = excluded.counted_since,
      double_legs = excluded.double_legs, oldest_eligible_us = excluded.oldest_eligible_us,
      not_responding = excluded.not_responding, alarms = excluded.alarms, queues = excluded.queues
    """
).bindparams(bindparam("queues", type_=JSONB()))
_OF_ALL = text("SELECT * FROM all_routing_vitals()")
_DOUBLE_LEGS = text(
    """
    SELECT count(*) FROM (
      SELECT 1 FROM leg WHERE role = 'primary' AND state IN ('offered', 'connecting', 'active', 'held')
      GROUP BY interaction_id HAVING count(*) > 1) AS doubled
    """
)
