"""A configured channel account of ours: a number, a mailbox, a widget, a form."""

from datetime import datetime

from sqlalchemy import LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified


class Endpoint(Identified, Base):
    """`config` is the adapter's config as JSON, encrypted with the tenant's key: it holds secrets.
    `address` is its public address where it has one (mailbox, number), for look-ups."""

    __tablename__ = "endpoint"
    key: Mapped[str]
    adapter: Mapped[str]
    channel: Mapped[str]
    queue: Mapped[str]
    address: Mapped[str | None]
    config: Mapped[bytes] = mapped_column(LargeBinary)
    version: Mapped[int] = mapped_column(default=1)
    retired_at: Mapped[datetime | None]
    __table_args__ = (UniqueConstraint("tenant_id", "key"),)
