"""Touches: what stands on the timeline, with the state of their delivery; and their attachments."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, func
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from app.clock import new_id
from models.base import Base, Identified, Json, TenantRow, one_of

DELIVERY_STATES = ("pending", "sending", "sent", "delivered", "read", "failed")
"""In this order: a delivery state never goes back, per hop."""


class Touch(TenantRow, Base):
    """`at` is when it happened (the channel's time), `id` (UUIDv7) sorts by arrival. `author`: {type:
    customer|agent|
    system, id, name}. `delivery_hops`: [{hop, state, at, reason}]. `search` is the tokenised text."""

    __tablename__ = "touch"
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    interaction_id: Mapped[UUID | None] = mapped_column(ForeignKey("interaction.id", ondelete="CASCADE"))
    address_id: Mapped[UUID | None] = mapped_column(ForeignKey("address.id"))
    endpoint_id: Mapped[UUID | None]
    at: Mapped[datetime]
    direction: Mapped[str]
    kind: Mapped[str]
    channel: Mapped[str]
    subject: Mapped[str | None]
    text: Mapped[str] = mapped_column(default="")
    html: Mapped[str | None]
    payload: Mapped[Json] = mapped_column(default=dict)
    attachments: Mapped[list[Any]] = mapped_column(default=list)
    author: Mapped[Json] = mapped_column(default=dict)
    delivery_state: Mapped[str | None]
    delivery_hops: Mapped[list[Any]] = mapped_column(default=list)
    provider_id: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)
    search: Mapped[str | None] = mapped_column(TSVECTOR)
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    __table_args__ = (
        one_of("direction", ("inbound", "outbound", "internal")),
        one_of("kind", ("message", "call", "form", "note", "survey", "order", "system")),
        Index("ix_touch_address_at", "tenant_id", "address_id", "at", "id"),
        Index("ix_touch_interaction_at", "tenant_id", "interaction_id", "at", "id"),
        Index(
            "ix_touch_provider_id",
            "tenant_id",
            "endpoint_id",
            "provider_id",
            postgresql_where=sql("provider_id IS NOT NULL"),
        ),
        Index("ix_touch_search", "search", postgresql_using="gin"),
    )


class Attachment(Identified, Base):
    """A stored file; `sha256` names the encrypted blob. `owner`: `agent/<id>` or `visitor/<id>` until it
    hangs
    on a touch: only its owner may send it."""

    __tablename__ = "attachment"
    touch_id: Mapped[UUID | None]
    owner: Mapped[str | None]
    name: Mapped[str]
    content_type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str]
    content_id: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "touch_id"], ["touch.tenant_id", "touch.id"], ondelete="CASCADE"),
        Index("ix_attachment_touch_id", "tenant_id", "touch_id"),
        Index("ix_attachment_sha256", "tenant_id", "sha256"),
    )
