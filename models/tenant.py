"""A company that uses this installation."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

from sqlalchemy import LargeBinary, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.clock import new_id
from models.base import Base


class Tenant(Base):
    """`secret` is the tenant's data key, encrypted with the installation's key."""

    __tablename__ = "tenant"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    time_zone: Mapped[str] = mapped_column(default="UTC")
    languages: Mapped[list[str]] = mapped_column(default=lambda: ["en"])
    outbound_allow: Mapped[list[str]] = mapped_column(default=list)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())

    @classmethod
    async def find(cls, session: AsyncSession, key: str) -> Self | None:
        """By key, before any tenant is known."""
        found = text("SELECT * FROM find_tenant(:key)").bindparams(key=key)
        return (await session.scalars(select(cls).from_statement(found))).first()

    @classmethod
    async def all(cls, session: AsyncSession) -> Sequence[Self]:
        return (await session.scalars(select(cls).from_statement(text("SELECT * FROM all_tenants()")))).all()
