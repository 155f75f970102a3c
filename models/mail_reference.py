"""Message-IDs of mails that we sent, and to whom: what a reply's References may join."""

import hashlib
from collections.abc import Collection
from typing import Self
from uuid import UUID

from sqlalchemy import ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, among


class MailReference(Base):
    """`message_id` is sha256 of the Message-ID; `address_id` the very address it was sent to."""

    __tablename__ = "mail_reference"
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id", ondelete="CASCADE"), primary_key=True)
    message_id: Mapped[str] = mapped_column(primary_key=True)
    interaction_id: Mapped[UUID] = mapped_column(ForeignKey("interaction.id", ondelete="CASCADE"))
    address_id: Mapped[UUID]
    touch_id: Mapped[UUID]

    @classmethod
    async def known(cls, session: AsyncSession, message_ids: Collection[str]) -> dict[str, Self]:
        """By Message-ID without its brackets: those that are ours."""
        if not message_ids:
            return {}
        names = {hashed(message_id): message_id for message_id in message_ids}
        found = await session.scalars(select(cls).where(among(cls.message_id, names)))
        return {names[reference.message_id]: reference for reference in found}


def hashed(message_id: str) -> str:
    """How a Message-ID, without its brackets, is kept."""
    return hashlib.sha256(message_id.encode("utf-8", "surrogatepass")).hexdigest()
