"""A chat visitor: whoever holds the token."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, Self
from uuid import UUID

from sqlalchemy import ForeignKey, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.attachment import Attachment
from models.base import ROWS, Base, Identified, among
from models.customer import ContactAddress
from models.touch import Touch

_UNACKNOWLEDGED: Final = ("pending", "sending", "sent")


class Visitor(Identified, Base):
    """`token_hash` is sha256 of the visitor's token. Their address is of kind `visitor`, value this id.
    `external_id`: the site's own id of who has signed in there. `gone_at`: when their last socket closed,
    None while one is open."""

    __tablename__ = "visitor"
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("endpoint.id", ondelete="CASCADE"))
    token_hash: Mapped[str] = mapped_column(unique=True)
    external_id: Mapped[str | None]
    name: Mapped[str | None]
    page: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    gone_at: Mapped[datetime | None]

    @classmethod
    async def find(cls, session: AsyncSession, token_hash: str) -> Self | None:
        """Whatever the tenant: none is known yet."""
        found = text("SELECT * FROM find_visitor(:hash)").bindparams(hash=token_hash)
        return (await session.scalars(select(cls).from_statement(found))).first()

    @classmethod
    async def touches(
        cls, session: AsyncSession, visitor_id: UUID, after: UUID | None, limit: int
    ) -> list[Touch]:
        """What the visitor may see, oldest first: the latest `limit`; or those after one, and what of ours
        they have not acknowledged."""
        query = (
            select(Touch)
            .join(ContactAddress, ContactAddress.id == Touch.address_id)
            .where(ContactAddress.kind == "visitor", ContactAddress.value == str(visitor_id))
            .where(Touch.direction != "internal", Touch.channel == "chat")
        )
        if after is not None:
            unseen = (Touch.direction == "outbound") & Touch.delivery_state.in_(_UNACKNOWLEDGED)
            query = query.where((Touch.id > after) | unseen)
        found = await session.scalars(query.order_by(Touch.id.desc()).limit(limit))
        return list(reversed(found.all()))

    @classmethod
    async def files(
        cls, session: AsyncSession, visitor_id: UUID, ids: Collection[UUID]
    ) -> dict[UUID, Attachment]:
        """Those of `ids` that the visitor sent up, or that stand in their conversation."""
        query = (
            select(Attachment)
            .outerjoin(Touch, Touch.id == Attachment.touch_id)
            .outerjoin(ContactAddress, ContactAddress.id == Touch.address_id)
            .where(Attachment.id.in_(ids))
        )
        theirs = (ContactAddress.kind == "visitor") & (ContactAddress.value == str(visitor_id))
        shown = theirs & (Touch.direction != "internal")
        found = await session.scalars(query.where(shown | (Attachment.owner == f"visitor/{visitor_id}")))
        return {attachment.id: attachment for attachment in found}

    @classmethod
    async def came_and_went(cls, session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
        """`rows`: {id, connected_at, disconnected_at, name, page}, one a visitor. The later of the two
        counts, whatever came first."""
        if rows:
            await session.execute(_CAME_AND_WENT, {"rows": rows})

    @classmethod
    async def known(cls, session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, "Known"]:
        """What is known of these visitors."""
        if not ids:
            return {}
        found = await session.execute(select(cls.id, cls.name, cls.gone_at).where(among(cls.id, ids)))
        return {id_: Known(name, gone_at) for id_, name, gone_at in found}


class Known(NamedTuple):
    """`gone_at`: since when they have been away, None for who is here."""

    name: str | None
    gone_at: datetime | None


_CAME_AND_WENT = text(
    """
    UPDATE visitor v SET
      seen_at = greatest(v.seen_at, r.connected_at), name = coalesce(r.name, v.name),
      page = coalesce(r.page, v.page),
      gone_at = CASE WHEN greatest(v.gone_at, r.disconnected_at) > greatest(v.seen_at, r.connected_at)
                THEN greatest(v.gone_at, r.disconnected_at) END
    FROM jsonb_to_recordset(:rows)
      AS r (id uuid, connected_at timestamptz, disconnected_at timestamptz, name text, page text)
    WHERE v.id = r.id
    """
).bindparams(ROWS)
