"""Customers, and the addresses that touches hang on; dated links join the two, so a merge can be undone."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified, Json


class Customer(Identified, Base):
    """`tier` is a tier's key of the policy (None: its default tier). `search` is tokenised name and
    addresses."""

    __tablename__ = "customer"
    name: Mapped[str]
    tier: Mapped[str | None]
    segment: Mapped[str | None]
    language: Mapped[str | None]
    attributes: Mapped[Json] = mapped_column(default=dict)
    search: Mapped[str | None] = mapped_column(TSVECTOR)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    __table_args__ = (
        Index("ix_customer_search", "search", postgresql_using="gin"),
        Index("ix_customer_tenant_id_id", "tenant_id", "id"),
    )


class ContactAddress(Identified, Base):
    """Where a customer can be reached or was reached from. `kind` as in `app.events.Address`; an
    `anonymous` one
    (withheld number) belongs to one interaction and is never resolved."""

    __tablename__ = "address"
    kind: Mapped[str]
    value: Mapped[str]
    display_name: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    __table_args__ = (UniqueConstraint("tenant_id", "kind", "value"),)


class CustomerAddress(Identified, Base):
    """A dated link. `verified`: proven (the platform's caller id, a reply), not typed by a visitor."""

    __tablename__ = "customer_address"
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"))
    address_id: Mapped[UUID] = mapped_column(ForeignKey("address.id", ondelete="CASCADE"))
    verified: Mapped[bool] = mapped_column(default=True)
    source: Mapped[str] = mapped_column(default="agent")
    linked_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    unlinked_at: Mapped[datetime | None]
    __table_args__ = (
        Index(
            "uq_customer_address_live",
            "customer_id",
            "address_id",
            unique=True,
            postgresql_where=text("unlinked_at IS NULL"),
        ),
        Index("ix_customer_address_address_id", "address_id", postgresql_where=text("unlinked_at IS NULL")),
    )
