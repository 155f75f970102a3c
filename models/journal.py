"""The routing engine's inputs, written in the decision's transaction: what replay runs from. Kept 90 days."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Self
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import PRUNED_AT_ONCE, Base, Json, TenantRow

PAGE: Final = 500


class Stretch(NamedTuple):
    """Positions of the journal, both included, and how many entries there are."""

    first: int
    last: int
    entries: int


class RoutingJournal(TenantRow, Base):
    """`kind`: batch, rebuild or lost_guard; `now_us` is the engine's instant in microseconds since the
    epoch."""

    __tablename__ = "routing_journal"
    position: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    epoch: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str]
    now_us: Mapped[int] = mapped_column(BigInteger)
    document: Mapped[Json]
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    decision_count: Mapped[int] = mapped_column(default=0)
    __table_args__ = (
        Index("ix_routing_journal_tenant_id", "tenant_id", "position"),
        Index(
            "ix_routing_journal_rebuild", "tenant_id", "position", postgresql_where=text("kind = 'rebuild'")
        ),
        Index("ix_routing_journal_now_us", "now_us", postgresql_using="brin"),
    )

    @classmethod
    async def stretch(
        cls, session: AsyncSession, tenant_id: UUID, from_us: int, to_us: int
    ) -> Stretch | None:
        """The entries of a half-open interval, None if there are none."""
        within = (cls.tenant_id == tenant_id, cls.now_us >= from_us, cls.now_us < to_us)
        ends = select(func.min(cls.position), func.max(cls.position), func.count()).where(*within)
        first, last, count = (await session.execute(ends)).one()
        return Stretch(first, last, count) if count else None

    @classmethod
    async def ends(cls, session: AsyncSession, tenant_id: UUID) -> tuple[int, int] | None:
        """When the tenant's journal begins and ends, None if there is none."""
        times = select(cls.now_us).where(cls.tenant_id == tenant_id).limit(1)
        first = await session.scalar(times.order_by(cls.position))
        last = await session.scalar(times.order_by(cls.position.desc()))
        return None if first is None or last is None else (first, last)

    @classmethod
    async def since_rebuild(cls, session: AsyncSession, tenant_id: UUID, stretch: Stretch) -> Stretch | None:
        """`stretch`, begun at the last rebuild at or before it; None if the journal has no such rebuild."""
        before = (cls.tenant_id == tenant_id, cls.kind == "rebuild", cls.position <= stretch.first)
        start = await session.scalar(select(func.max(cls.position)).where(*before))
        if start is None:
            return None
        between = cls.position.between(start, stretch.last)
        count = await session.scalar(select(func.count()).where(cls.tenant_id == tenant_id, between))
        return Stretch(start, stretch.last, count or 0)

    @classmethod
    async def entries(
        cls,
        read: Callable[[], AbstractAsyncContextManager[AsyncSession]],
        tenant_id: UUID,
        stretch: Stretch,
    ) -> AsyncIterator[Self]:
        """In their order, each page by a transaction of its own: a long stretch holds nothing back."""
        position = stretch.first - 1
        while position < stretch.last:
            after = cls.position.between(position + 1, stretch.last)
            query = select(cls).where(cls.tenant_id == tenant_id, after).order_by(cls.position).limit(PAGE)
            async with read() as session:
                page = (await session.scalars(query)).all()
            for row in page:
                yield row
            position = page[-1].position if len(page) == PAGE else stretch.last

    @classmethod
    async def prune(cls, session: AsyncSession, tenant_id: UUID, kept: timedelta) -> int:
        """Delete the oldest of the tenant's entries, if they are older than that, not too many at once; how
        many went."""
        oldest = select(cls.position).where(cls.tenant_id == tenant_id).order_by(cls.position)
        old = func.to_timestamp(cls.now_us / 1_000_000) < func.clock_timestamp() - kept
        chosen = delete(cls).where(cls.position.in_(oldest.limit(PRUNED_AT_ONCE)), old)
        return len((await session.execute(chosen.returning(cls.position))).all())
