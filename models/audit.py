"""Who changed what by hand, and the stored answers of requests that carry an Idempotency-Key."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Self
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified, Json


class Audit(Identified, Base):
    """`actor`: `agent/<id>`, `api_key/<id>` or `cli`. `entity`: `<noun>/<id or key>`."""

    __tablename__ = "audit"
    actor: Mapped[str]
    action: Mapped[str]
    entity: Mapped[str]
    details: Mapped[Json] = mapped_column(default=dict)
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    __table_args__ = (Index("ix_audit_at", "tenant_id", "at"),)

    @classmethod
    async def page(cls, session: AsyncSession, before: UUID | None, limit: int) -> Sequence[Self]:
        """Newest first, older than the row `before`."""
        query = select(cls).order_by(cls.id.desc()).limit(limit)
        return (await session.scalars(query if before is None else query.where(cls.id < before))).all()


ANSWER_KEPT = timedelta(hours=24)


class AnswerKey(NamedTuple):
    """Idempotency-Keys are the caller's own, per route."""

    tenant_id: UUID
    caller: str
    route: str
    key: str


class IdempotentAnswer(Base):
    """Kept 24 h. `status` None: the first request is still running."""

    __tablename__ = "idempotent_answer"
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id", ondelete="CASCADE"), primary_key=True)
    caller: Mapped[str] = mapped_column(primary_key=True)
    route: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    body_hash: Mapped[str]
    status: Mapped[int | None]
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())

    @classmethod
    async def take(
        cls, session: AsyncSession, named: AnswerKey, body_hash: str, wait_seconds: float
    ) -> "IdempotentAnswer | None":
        """Hold the key in this transaction (None), or the earlier row that does. Waits for one in flight."""
        fresh = {"body_hash": body_hash, "status": None, "answer": None, "created_at": func.clock_timestamp()}
        await session.execute(text(f"SET LOCAL lock_timeout = {int(wait_seconds * 1000)}"))
        taken = await session.scalar(
            insert(cls)
            .values(**named._asdict(), **fresh)
            .on_conflict_do_update(
                constraint="pk_idempotent_answer",
                set_=fresh,
                where=cls.created_at < func.clock_timestamp() - ANSWER_KEPT,
            )
            .returning(cls.key)
        )
        await session.execute(text("SET LOCAL lock_timeout = DEFAULT"))
        return None if taken else await session.scalar(select(cls).filter_by(**named._asdict()))

    @classmethod
    async def keep(cls, session: AsyncSession, named: AnswerKey, status: int, answer: bytes) -> None:
        await session.execute(update(cls).filter_by(**named._asdict()).values(status=status, answer=answer))

    @classmethod
    async def forget_old(cls, session: AsyncSession) -> None:
        """Of the tenant that the transaction acts for."""
        await session.execute(delete(cls).where(cls.created_at < func.clock_timestamp() - ANSWER_KEPT))
