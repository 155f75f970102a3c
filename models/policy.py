"""The versioned routing policy, and the rows that other tables name: queues and teams."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.driver import ask
from models.base import Base, Identified, Json


class Policy(Base):
    """What `apply` published: immutable, one row a version. `document` is `routing.policy`'s input."""

    __tablename__ = "policy"
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    document: Mapped[Json]
    digest: Mapped[str]
    published_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())

    @classmethod
    async def current_version(cls, session: AsyncSession, tenant_id: UUID) -> int | None:
        """The newest version's number, None before the first `apply`."""
        [(found,)] = await ask(session, "SELECT max(version) FROM policy WHERE tenant_id = $1", tenant_id)
        version: int | None = found
        return version

    @classmethod
    async def in_force(
        cls, session: AsyncSession, tenant_id: UUID
    ) -> tuple[datetime, int | None, dict[str, Json]]:
        """The clock, the newest version's number, and the emergency closures in force or past, by queue: what
        each arrival asks, by one statement."""
        [(now, version, closures)] = await ask(session, _IN_FORCE, tenant_id)
        return now, version, {key: closure for key, closure in (closures or {}).items() if closure}


_IN_FORCE = """
    SELECT clock_timestamp(), (SELECT max(version) FROM policy WHERE tenant_id = $1),
      (SELECT jsonb_object_agg(key, closure) FROM queue WHERE tenant_id = $1 AND closure IS NOT NULL)
    """


class Queue(Identified, Base):
    """`closure` is a supervisor's emergency closure {reason, announcement, until}, in force or past; None:
    open by its hours."""

    __tablename__ = "queue"
    key: Mapped[str]
    name: Mapped[str]
    closure: Mapped[Json | None]
    version: Mapped[int] = mapped_column(default=1)
    retired_at: Mapped[datetime | None]
    __table_args__ = (UniqueConstraint("tenant_id", "key"),)

    def closure_at(self, now: datetime) -> Json | None:
        """The closure, while it is in force."""
        return self.closure if self.closure and is_in_force(self.closure, now) else None

    @classmethod
    async def key_of(cls, session: AsyncSession, named: str) -> str | None:
        """The key of the queue of this key or id, None if there is none."""
        try:
            same = cls.id == UUID(named)
        except ValueError:
            same = cls.key == named
        found: str | None = await session.scalar(select(cls.key).where(same))
        return found

    @classmethod
    async def changed(cls, session: AsyncSession, key: str) -> Self:
        """The queue of this key, locked, with its version raised."""
        queue = (await session.scalars(select(cls).where(cls.key == key).with_for_update())).one()
        queue.version += 1
        return queue


def is_in_force(closure: Mapping[str, Any], now: datetime) -> bool:
    """Whether this emergency closure has not run out."""
    until = closure.get("until")
    return until is None or datetime.fromisoformat(until) > now


class Team(Identified, Base):
    __tablename__ = "team"
    key: Mapped[str]
    name: Mapped[str]
    __table_args__ = (UniqueConstraint("tenant_id", "key"),)
