"""Agents' parts that ended in an interval, with how long they took: two statements, whatever the size."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Select, Uuid, and_, bindparam, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from insights.figures import Handled
from insights.focus import Handling, Worked, handling
from models.segment import Segment, SegmentKind

_WORKED = (SegmentKind.AGENT, SegmentKind.WRAP_UP, SegmentKind.CONSULT)


class _Part(NamedTuple):
    agent_id: UUID
    leg_id: UUID
    queue: str
    channel: str
    tier: str
    outcome: str | None
    started_at: datetime
    ended_at: datetime


class HandledParts:
    """Of these queues (None: of all)."""

    def __init__(self, session: AsyncSession, queues: Sequence[str] | None) -> None:
        self._session, self._queues = session, queues

    async def read(self, start: datetime, end: datetime) -> list[Handled]:
        """With their wrap-up, where there is one. What else their agents had in hand meanwhile, of whatever
        queue, counts in the focus time."""
        parts = await self._ended(start, end)
        took = handling(await self._beside(parts)) if parts else {}
        return [
            Handled(
                part.queue,
                part.channel,
                part.tier,
                part.outcome == "transferred",
                *took.get(part.leg_id, Handling()),
            )
            for part in parts
        ]

    async def _ended(self, start: datetime, end: datetime) -> list[_Part]:
        wrap_up, ended = aliased(Segment), aliased(Segment)
        last = case((wrap_up.id.is_(None), Segment.ended_at), else_=wrap_up.ended_at)
        kinds = (SegmentKind.AGENT, SegmentKind.WRAP_UP)
        legs = select(ended.leg_id).where(
            ended.kind.in_(kinds), ended.ended_at >= start, ended.ended_at < end
        )
        query: Select[Any] = (
            select(Segment.agent_id, Segment.leg_id, Segment.queue, Segment.channel, Segment.tier)
            .add_columns(Segment.outcome, Segment.started_at, last)
            .outerjoin(wrap_up, and_(wrap_up.leg_id == Segment.leg_id, wrap_up.kind == SegmentKind.WRAP_UP))
            .where(Segment.kind == SegmentKind.AGENT, Segment.leg_id.in_(legs), last >= start, last < end)
        )
        if self._queues is not None:
            query = query.where(Segment.queue.in_(self._queues))
        return [_Part(*row) for row in await self._session.execute(query)]

    async def _beside(self, parts: Sequence[_Part]) -> list[Worked]:
        """All that the agents of these parts had in hand from the first of their own on."""
        since: dict[UUID, datetime] = {}
        for part in parts:
            since[part.agent_id] = min(since.get(part.agent_id, part.started_at), part.started_at)
        until = max(part.ended_at for part in parts)
        own = (
            func.unnest(
                bindparam("agents", list(since), type_=ARRAY(Uuid)),
                bindparam("since", list(since.values()), type_=ARRAY(DateTime(timezone=True))),
            )
            .table_valued("agent_id", "since")
            .render_derived()
        )
        ended = func.coalesce(Segment.ended_at, until)
        digital_hold = and_(Segment.kind == SegmentKind.HOLD, Segment.channel != "voice")
        query: Select[Any] = (
            select(Segment.agent_id, Segment.leg_id)
            .add_columns(Segment.kind, Segment.started_at, ended)
            .join(own, own.c.agent_id == Segment.agent_id)
            .where(
                or_(Segment.kind.in_(_WORKED), digital_hold),
                Segment.started_at < until,
                or_(Segment.ended_at.is_(None), Segment.ended_at > min(since.values())),
                ended > own.c.since,
            )
        )
        return [Worked(*row) for row in await self._session.execute(query)]
