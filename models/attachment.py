"""Files that hang on touches, or were sent up to hang on one."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, func, select
from sqlalchemy import text as sql
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.bus.outbox import write_rows
from models.base import ROWS, Base, Identified, among
from models.touch import Touch


class Attachment(Identified, Base):
    """A stored file; `sha256` names the encrypted blob. `owner`: `agent/<id>` or `visitor/<id>` until it
    hangs on a touch: only its owner may send it."""

    __tablename__ = "attachment"
    touch_id: Mapped[UUID | None]
    owner: Mapped[str | None]
    name: Mapped[str]
    content_type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str]
    content_id: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "touch_id"], ["touch.tenant_id", "touch.id"], ondelete="CASCADE"),
        Index("ix_attachment_touch_id", "tenant_id", "touch_id"),
        Index("ix_attachment_sha256", "tenant_id", "sha256"),
    )

    async def is_recording(self, session: AsyncSession) -> bool:
        """It hangs on a call: what customer and agent have said."""
        kind = await session.scalar(select(Touch.kind).where(Touch.id == self.touch_id))
        return bool(kind == "call")

    @classmethod
    async def owned(cls, session: AsyncSession, ids: Collection[UUID], owner: str) -> dict[UUID, Self]:
        """Those of `ids` that this owner has uploaded and not sent yet, locked."""
        if not ids:
            return {}
        query = select(cls).where(cls.id.in_(ids), cls.owner == owner, cls.touch_id.is_(None))
        found = await session.scalars(query.order_by(cls.id).with_for_update())
        return {attachment.id: attachment for attachment in found}

    @classmethod
    async def of_touches(cls, session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, list[Self]]:
        if not ids:
            return {}
        by_touch: dict[UUID, list[Self]] = {}
        for file in await session.scalars(select(cls).where(among(cls.touch_id, ids)).order_by(cls.id)):
            assert file.touch_id is not None
            by_touch.setdefault(file.touch_id, []).append(file)
        return by_touch

    @classmethod
    async def hang(cls, session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
        """Hang files that `owner` uploaded ({id, touch_id, owner}) on the touches that sent them."""
        if rows:
            await write_rows(session)
            await session.execute(_HANG, {"rows": rows})

    def item(self) -> dict[str, Any]:
        """As it stands in a touch."""
        item = {"id": str(self.id), "name": self.name, "type": self.content_type, "size": self.size}
        return item if self.content_id is None else {**item, "content_id": self.content_id}


_HANG = sql(
    """
    UPDATE attachment a SET touch_id = r.touch_id, owner = NULL
    FROM jsonb_to_recordset(:rows) AS r (id uuid, touch_id uuid, owner text)
    WHERE a.id = r.id AND a.owner = r.owner AND a.touch_id IS NULL
    """
).bindparams(ROWS)
