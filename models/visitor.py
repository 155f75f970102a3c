"""A chat visitor: whoever holds the token."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import ROWS, Base, Identified


class Visitor(Identified, Base):
    """`token_hash` is sha256 of the visitor's token. Their address is of kind `visitor`, value this id.
    `gone_at`: when their last socket closed, None while one is open."""

    __tablename__ = "visitor"
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("endpoint.id", ondelete="CASCADE"))
    token_hash: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str | None]
    page: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    gone_at: Mapped[datetime | None]

    @classmethod
    async def came_and_went(cls, session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
        """`rows`: {id, connected_at, disconnected_at, name, page}, one a visitor. The later of the two
        counts, whatever came first."""
        if rows:
            await session.execute(_CAME_AND_WENT, {"rows": rows})

    @classmethod
    async def gone(cls, session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, datetime | None]:
        """Since when each of these has been away, None for who is here."""
        if not ids:
            return {}
        found = await session.execute(select(cls.id, cls.gone_at).where(cls.id.in_(ids)))
        return {id_: gone_at for id_, gone_at in found}  # noqa: C416 - rows are not pairs


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
