"""Reply windows: until when a customer of a messenger may be written to freely, and how often."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

from sqlalchemy import ForeignKey, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import ROWS, Base, Json, TenantRow

Place = tuple[UUID, UUID]
"""(endpoint, address)."""


class ReplyWindow(TenantRow, Base):
    """One row for each length of window (`seconds`) that this customer has opened at this endpoint: what
    a message opens is another than what a click opens. `messages_left` None: any number."""

    __tablename__ = "reply_window"
    endpoint_id: Mapped[UUID] = mapped_column(primary_key=True)
    address_id: Mapped[UUID] = mapped_column(ForeignKey("address.id", ondelete="CASCADE"), primary_key=True)
    seconds: Mapped[int] = mapped_column(primary_key=True)
    until: Mapped[datetime]
    messages_left: Mapped[int | None]

    @classmethod
    async def open_all(cls, session: AsyncSession, rows: Sequence[Json]) -> None:
        """Open those ({tenant_id, endpoint_id, address_id, seconds, until, messages}), each only once; of
        windows of one length the one that ends last counts, in whatever order they are told. Platforms
        whose times are whole seconds may tell two that end at once: the second opens anew."""
        if rows:
            await session.execute(_OPEN, {"rows": rows})

    @classmethod
    async def of(cls, session: AsyncSession, places: Collection[Place]) -> Sequence[Self]:
        """Those of these customers, locked, the one that ends first coming first."""
        if not places:
            return ()
        theirs = tuple_(cls.endpoint_id, cls.address_id).in_(sorted(places))
        query = select(cls).where(theirs).order_by(cls.endpoint_id, cls.address_id, cls.until, cls.seconds)
        locked = query.with_for_update().execution_options(populate_existing=True)
        return (await session.scalars(locked)).all()


_OPEN = text(
    """
    INSERT INTO reply_window AS w (tenant_id, endpoint_id, address_id, seconds, until, messages_left)
    SELECT DISTINCT ON (endpoint_id, address_id, seconds)
      tenant_id, endpoint_id, address_id, seconds, until, messages
    FROM jsonb_to_recordset(:rows) AS r (tenant_id uuid, endpoint_id uuid, address_id uuid, seconds int,
                                         until timestamptz, messages int)
    ORDER BY endpoint_id, address_id, seconds, until DESC
    ON CONFLICT (endpoint_id, address_id, seconds) DO UPDATE
      SET until = excluded.until, messages_left = excluded.messages_left WHERE excluded.until >= w.until
    """
).bindparams(ROWS)
