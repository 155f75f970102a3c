"""What agents did in an interval, read from presence and segments for `insights.occupancy`."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from insights.occupancy import AgentTime, Stretch, clipped
from models.agent import Agent, Presence
from models.leg import Leg
from models.presence_span import PresenceSpan
from models.segment import Segment, SegmentKind

HANDLING = frozenset({SegmentKind.AGENT, SegmentKind.CONSULT, SegmentKind.WRAP_UP})
BUSY = frozenset({SegmentKind.OFFER, SegmentKind.CONNECT})


@dataclass
class _Stretches:
    available: list[Stretch] = field(default_factory=list)
    handling: list[tuple[Stretch, int]] = field(default_factory=list)
    busy: list[Stretch] = field(default_factory=list)


async def agent_times(
    session: AsyncSession, agents: Collection[Agent], start: datetime, end: datetime
) -> list[AgentTime]:
    """Of each of these agents; two statements. `end` is not later than now."""
    found: dict[UUID, _Stretches] = defaultdict(_Stretches)
    ids = [agent.id for agent in agents]
    for span in await PresenceSpan.within(session, ids, start, end):
        stretch = clipped((span.started_at, span.ended_at), start, end)
        if stretch is not None and span.presence == Presence.AVAILABLE:
            found[span.agent_id].available.append(stretch)
    for agent_id, kind, units, stretch in await _worked(session, ids, start, end):
        if kind in HANDLING:
            found[agent_id].handling.append((stretch, units))
        else:
            found[agent_id].busy.append(stretch)
    return [_time(agent, found[agent.id]) for agent in agents]


async def _worked(
    session: AsyncSession, ids: Sequence[UUID], start: datetime, end: datetime
) -> list[tuple[UUID, SegmentKind, int, Stretch]]:
    query = (
        select(Segment.agent_id, Segment.kind, Leg.units, Segment.started_at, Segment.ended_at)
        .join(Leg, Leg.id == Segment.leg_id)
        .where(
            Segment.kind.in_(HANDLING | BUSY),
            Segment.agent_id.in_(ids),
            Segment.started_at < end,
            or_(Segment.ended_at.is_(None), Segment.ended_at > start),
        )
    )
    rows = await session.execute(query)
    clips = ((row, clipped((row.started_at, row.ended_at), start, end)) for row in rows)
    return [(row.agent_id, row.kind, row.units, stretch) for row, stretch in clips if stretch is not None]


def _time(agent: Agent, stretches: _Stretches) -> AgentTime:
    return AgentTime(
        teams=frozenset(agent.teams),
        units_max=agent.units_max,
        available=stretches.available,
        handling=stretches.handling,
        busy=stretches.busy,
    )
