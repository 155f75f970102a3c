"""A chat visitor: whoever holds the token."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified


class Visitor(Identified, Base):
    """`token_hash` is sha256 of the visitor's token. Their address is of kind `visitor`, value this id."""

    __tablename__ = "visitor"
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("endpoint.id", ondelete="CASCADE"))
    token_hash: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str | None]
    page: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
