"""The outbox that senders claim from, and the keys that make a repeated inbound event a duplicate."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.clock import new_id
from models.base import Base, Json, TenantRow, one_of


class DeliveryState(StrEnum):
    PENDING = "pending"
    CLAIMED = "claimed"
    SENT = "sent"
    FAILED = "failed"
    EXPIRED = "expired"


class Delivery(TenantRow, Base):
    """Something to send. `kind` message: render `touch_id`; command: `payload` is a CallCommand. Sent in
    order of
    id per `conversation`; never after `expires_at`; `provider_key` is the same at every attempt.
    Infrastructure: no row-level security."""

    __tablename__ = "delivery"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str]
    endpoint_id: Mapped[UUID]
    interaction_id: Mapped[UUID | None]
    touch_id: Mapped[UUID | None]
    conversation: Mapped[str]
    payload: Mapped[Json] = mapped_column(default=dict)
    provider_key: Mapped[str]
    state: Mapped[DeliveryState] = mapped_column(default=DeliveryState.PENDING)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    lease_until: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    settled_at: Mapped[datetime | None]
    __table_args__ = (
        one_of("state", DeliveryState),
        one_of("kind", ("message", "command")),
        Index("ix_delivery_due", "next_attempt_at", postgresql_where=text("state IN ('pending', 'claimed')")),
        Index(
            "ix_delivery_order",
            "conversation",
            "id",
            postgresql_where=text("state IN ('pending', 'claimed')"),
        ),
        Index("ix_delivery_touch_id", "tenant_id", "touch_id"),
    )


class DeliveryKey(TenantRow, Base):
    """sha256 of (kind, provider's id, state): seen before means a duplicate. Mail: of (Message-ID, From,
    Date,
    body), per tenant (`scope` is the tenant) and never pruned; else `scope` is the endpoint, kept 30 days."""

    __tablename__ = "delivery_key"
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id", ondelete="CASCADE"), primary_key=True)
    scope: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
