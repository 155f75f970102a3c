"""The business times of mail and messaging, from the rows of one tenant: four statements, whatever the
size."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from insights.business_time import Measure, Said, Stretch, responses
from interactions.life.policies import PolicyBook
from models.interaction import Interaction, State
from models.segment import Segment, SegmentKind
from models.touch import Touch

WRITTEN: Final = ("email", "messaging")

_any_segment = aliased(Segment)
_VERSION: Final = (
    select(func.min(_any_segment.policy_version))
    .where(_any_segment.interaction_id == Interaction.id)
    .correlate(Interaction)
    .scalar_subquery()
)
"""The policy's, when the interaction came."""


class _Work(NamedTuple):
    queue: str
    channel: str
    tier: str
    version: int


class WrittenTimes:
    """What ended from `start` to before `end`, in these queues (None: in all)."""

    def __init__(
        self, session: AsyncSession, policies: PolicyBook, tenant_id: UUID, queues: Sequence[str] | None
    ) -> None:
        self._session, self._policies, self._tenant_id = session, policies, tenant_id
        self._queues = queues

    async def read(self, start: datetime, end: datetime) -> list[Stretch]:
        found = [
            await self._stretch(measure, _Work(*work), began, ended)
            for measure, query in _QUERIES.items()
            for *work, began, ended in await self._rows(query(start, end))
        ]
        return found + [stretch async for stretch in self._responses(start, end)]

    async def _responses(self, start: datetime, end: datetime) -> AsyncIterator[Stretch]:
        rows = await self._rows(_said(start, end))
        for (_, work), said in groupby(rows, key=lambda row: (row[0], _Work(*row[1:5]))):
            for began, ended in responses(Said(row[5], row[6] == "inbound") for row in said):
                if start <= ended < end:
                    yield await self._stretch(Measure.RESPONSE, work, began, ended)

    async def _rows(self, query: Select[Any]) -> list[Any]:
        if self._queues is not None:
            query = query.where(Interaction.queue.in_(self._queues))
        found = await self._session.execute(query.where(Interaction.channel.in_(WRITTEN)))
        return list(found.all())

    async def _stretch(self, measure: Measure, work: _Work, began: datetime, ended: datetime) -> Stretch:
        policy = await self._policies.version(self._session, self._tenant_id, work.version)
        hours = policy.hours(work.queue)
        return Stretch(measure, work.queue, work.channel, work.tier, began, ended, hours)


def _work() -> Select[Any]:
    return select(Interaction.queue, Interaction.channel, Interaction.tier, _VERSION)


def _answered(start: datetime, end: datetime) -> Select[Any]:
    query = _work().add_columns(Interaction.created_at, Interaction.answered_at)
    return query.join(Segment, Segment.interaction_id == Interaction.id).where(
        Segment.kind == SegmentKind.QUEUE,
        Segment.outcome == "answered",
        Segment.ended_at == Interaction.answered_at,
        Segment.ended_at >= start,
        Segment.ended_at < end,
    )


def _closed(start: datetime, end: datetime) -> Select[Any]:
    """Answered ones only. Whatever part was the last ended with the interaction."""
    last = select(Segment.interaction_id).where(
        Segment.ended_at == Interaction.ended_at, Segment.ended_at >= start, Segment.ended_at < end
    )
    return (
        _work()
        .add_columns(Interaction.created_at, Interaction.ended_at)
        .where(
            Interaction.id.in_(last),
            Interaction.state == State.CLOSED,
            Interaction.answered_at.is_not(None),
            Interaction.ended_at >= start,
            Interaction.ended_at < end,
        )
    )


def _parked(start: datetime, end: datetime) -> Select[Any]:
    query = _work().add_columns(Segment.started_at, Segment.ended_at)
    return query.join(Segment, Segment.interaction_id == Interaction.id).where(
        Segment.kind == SegmentKind.PARKED, Segment.ended_at >= start, Segment.ended_at < end
    )


_QUERIES: Final = {
    Measure.FIRST_RESPONSE: _answered,
    Measure.RESOLUTION: _closed,
    Measure.PARKED: _parked,
}


def _said(start: datetime, end: datetime) -> Select[Any]:
    """What customers and agents wrote in everything that an agent had in hand meanwhile, in order of its
    arrival here."""
    in_hand = select(Segment.interaction_id).where(
        Segment.kind == SegmentKind.AGENT,
        Segment.channel.in_(WRITTEN),
        Segment.started_at < end,
        or_(Segment.ended_at.is_(None), Segment.ended_at >= start),
    )
    by_agent = (Touch.direction == "outbound") & (Touch.author["type"].as_string() == "agent")
    by_customer = (Touch.direction == "inbound") & Touch.kind.in_(("message", "form"))
    return (
        select(Interaction.id)
        .add_columns(*_work().selected_columns, Touch.created_at, Touch.direction)
        .join(Touch, Touch.interaction_id == Interaction.id)
        .where(Interaction.id.in_(in_hand), by_agent | by_customer)
        .order_by(Interaction.id, Touch.created_at, Touch.id)
    )
