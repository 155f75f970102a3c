"""A configured channel account of ours: a number, a mailbox, a widget, a form."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

from sqlalchemy import LargeBinary, UniqueConstraint, bindparam, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified, one_of


class Endpoint(Identified, Base):
    """`config` is the adapter's config as JSON, encrypted with the tenant's key: it holds secrets.
    `address` is its public address where it has one (mailbox, number), for look-ups. `controls_calls`: a
    telephony platform that takes commands (False: it is only watched); `calls_asked_at`: when it was last
    asked which calls live. `silent_after_seconds`: after so long silence is an alarm; None: as its usual pace
    tells. `identity_numbers`: what becomes of numbers of `identity_number_kinds` (`app.hiding.rules`)."""

    __tablename__ = "endpoint"
    key: Mapped[str]
    adapter: Mapped[str]
    channel: Mapped[str]
    queue: Mapped[str]
    address: Mapped[str | None]
    config: Mapped[bytes] = mapped_column(LargeBinary)
    controls_calls: Mapped[bool] = mapped_column(default=False)
    calls_asked_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    retired_at: Mapped[datetime | None]
    silent_after_seconds: Mapped[int | None]
    identity_numbers: Mapped[str] = mapped_column(default="encrypt", server_default="encrypt")
    identity_number_kinds: Mapped[list[str]] = mapped_column(
        default=lambda: ["cn_resident"], server_default="{cn_resident}"
    )
    __table_args__ = (
        UniqueConstraint("tenant_id", "key"),
        one_of("identity_numbers", ("keep", "mask", "encrypt")),
    )

    @classmethod
    async def asked_for_calls(cls, session: AsyncSession, ids: Collection[UUID], at: datetime) -> None:
        """The platform was asked which calls live."""
        await session.execute(update(cls).where(cls.id.in_(ids)).values(calls_asked_at=at))

    @classmethod
    async def of_tenant(cls, session: AsyncSession, tenant_id: UUID) -> Sequence["Endpoint"]:
        """Retired ones too: what they received before is still on its way."""
        return (await session.scalars(_OF_TENANT, {"tenant": tenant_id})).all()

    @classmethod
    async def all(cls, session: AsyncSession) -> Sequence[Self]:
        """Of all tenants, retired ones left out: for the directory that doors and senders hold."""
        found = text("SELECT * FROM find_endpoints() WHERE retired_at IS NULL")
        return (await session.scalars(select(cls).from_statement(found))).all()


_OF_TENANT = select(Endpoint).where(Endpoint.tenant_id == bindparam("tenant"))
