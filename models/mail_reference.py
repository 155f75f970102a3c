"""Message-IDs of mails that we sent, and to whom: what a reply's References may join."""

from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class MailReference(Base):
    """`message_id` is sha256 of the Message-ID; `address_id` the very address it was sent to."""

    __tablename__ = "mail_reference"
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id", ondelete="CASCADE"), primary_key=True)
    message_id: Mapped[str] = mapped_column(primary_key=True)
    interaction_id: Mapped[UUID] = mapped_column(ForeignKey("interaction.id", ondelete="CASCADE"))
    address_id: Mapped[UUID]
    touch_id: Mapped[UUID]
