"""Who may call: refresh sessions, API keys, and the throttle on failed sign-ins."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID

from sqlalchemy import ForeignKey, Index, case, delete, func, literal, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified


class RefreshSession(Identified, Base):
    """One refresh token, stored as sha256. Each use replaces it by the next of its family; a used one that
    comes again ends the family."""

    __tablename__ = "refresh_session"
    family_id: Mapped[UUID]
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agent.id", ondelete="CASCADE"))
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    __table_args__ = (
        Index(None, "family_id"),
        Index(None, "agent_id"),
        Index(None, "revoked_at", postgresql_where=text("revoked_at IS NOT NULL")),
    )

    @classmethod
    async def find(cls, session: AsyncSession, token_hash: str) -> Self | None:
        """Whatever its tenant: none is known yet."""
        found = text("SELECT * FROM find_refresh_session(:hash)").bindparams(hash=token_hash)
        return (await session.scalars(select(cls).from_statement(found))).first()

    @classmethod
    async def use(cls, session: AsyncSession, session_id: UUID) -> bool:
        """Whether this was its first use, in time, of a family that lives."""
        now = func.clock_timestamp()
        fits = (cls.id == session_id, cls.used_at.is_(None), cls.revoked_at.is_(None), cls.expires_at > now)
        used = update(cls).where(*fits).values(used_at=now).returning(cls.id)
        return await session.scalar(used) is not None

    @classmethod
    async def end_family(cls, session: AsyncSession, family_id: UUID) -> None:
        living = (cls.family_id == family_id, cls.revoked_at.is_(None))
        await session.execute(update(cls).where(*living).values(revoked_at=func.clock_timestamp()))

    @classmethod
    async def end_all_of(cls, session: AsyncSession, agent_ids: Collection[UUID]) -> None:
        living = (cls.agent_id.in_(agent_ids), cls.revoked_at.is_(None))
        await session.execute(update(cls).where(*living).values(revoked_at=func.clock_timestamp()))

    @classmethod
    async def ended_lately(cls, session: AsyncSession, within: timedelta) -> Sequence[UUID]:
        """The families, of whatever tenant."""
        lately = text("SELECT * FROM ended_sessions(:within)").bindparams(within=within)
        return (await session.scalars(lately)).all()

    @classmethod
    async def forget_old(cls, session: AsyncSession, kept: timedelta) -> None:
        """Of the tenant that the transaction acts for."""
        await session.execute(delete(cls).where(cls.expires_at < func.clock_timestamp() - kept))


class ApiKey(Identified, Base):
    """An integration's key, stored as sha256; `prefix` is what the list shows."""

    __tablename__ = "api_key"
    name: Mapped[str]
    prefix: Mapped[str]
    key_hash: Mapped[str] = mapped_column(unique=True)
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    @classmethod
    async def find(cls, session: AsyncSession, key_hash: str) -> Self | None:
        """The key if it opens anything now, whatever its tenant: none is known yet."""
        found = text(
            "SELECT * FROM find_api_key(:hash) WHERE revoked_at IS NULL "
            "AND (expires_at IS NULL OR expires_at > clock_timestamp())"
        )
        return (await session.scalars(select(cls).from_statement(found.bindparams(hash=key_hash)))).first()

    @classmethod
    async def page(cls, session: AsyncSession, after: UUID | None, limit: int) -> list[Self]:
        statement = select(cls).where(cls.revoked_at.is_(None)).order_by(cls.id).limit(limit)
        if after is not None:
            statement = statement.where(cls.id > after)
        return list(await session.scalars(statement))

    @classmethod
    async def revoke(cls, session: AsyncSession, key_id: UUID) -> bool:
        living = (cls.id == key_id, cls.revoked_at.is_(None))
        revoked = update(cls).where(*living).values(revoked_at=func.clock_timestamp()).returning(cls.id)
        return await session.scalar(revoked) is not None


_FORGOTTEN = literal(timedelta(minutes=15))


class LoginFailure(Base):
    """Failed sign-ins per (tenant key, e-mail) and per peer. Infrastructure: no tenant is known yet."""

    __tablename__ = "login_failure"
    subject: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime]
    locked_until: Mapped[datetime | None]

    @classmethod
    async def count(
        cls, session: AsyncSession, subject: str, *, free: int, lock_seconds: int, lock_max_seconds: int
    ) -> float:
        """Count an attempt. From the `free`-th within 15 min on each locks twice as long as the one before.
        Returns the seconds for which the subject is locked already; such an attempt is not counted."""
        now = func.clock_timestamp()
        failures = case((cls.last_at < now - _FORGOTTEN, 1), else_=cls.failures + 1)
        doubled = func.least(lock_max_seconds, lock_seconds * func.power(2, func.least(failures - free, 20)))
        locked_until = case((failures >= free, now + func.make_interval(0, 0, 0, 0, 0, 0, doubled)))
        counted = await session.scalar(
            insert(cls)
            .values(subject=subject, failures=1, last_at=now)
            .on_conflict_do_update(
                index_elements=[cls.subject],
                set_={"failures": failures, "last_at": now, "locked_until": locked_until},
                where=or_(cls.locked_until.is_(None), cls.locked_until <= now),
            )
            .returning(cls.failures)
        )
        return 0 if counted is not None else await cls.locked_seconds(session, subject)

    @classmethod
    async def locked_seconds(cls, session: AsyncSession, subject: str) -> float:
        """How long the subject may not try."""
        left: Any = func.extract("epoch", cls.locked_until - func.clock_timestamp())
        found = await session.scalar(select(left).where(cls.subject == subject))
        return max(0.0, float(found or 0))

    @classmethod
    async def forgive(cls, session: AsyncSession, subject: str) -> None:
        await session.execute(delete(cls).where(cls.subject == subject))

    @classmethod
    async def forget_old(cls, session: AsyncSession, kept: timedelta) -> None:
        await session.execute(delete(cls).where(cls.last_at < func.clock_timestamp() - kept))
