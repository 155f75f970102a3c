"""Who changed what by hand, and the stored answers of requests that carry an Idempotency-Key."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, func
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
