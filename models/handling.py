"""What estimates of waiting rest on: who is there to work, and how long agents' parts took lately."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from models.agent import Agent, Presence

DECAY_SECONDS = 900
"""A part that ended so long ago weighs 1/e of one that ends now."""

LOOK_BACK_SECONDS = 4 * DECAY_SECONDS
"""What ended before weighs less than 2 % and is left out."""


class Staffed(NamedTuple):
    """An agent who is signed in and not on break. `key` is the e-mail."""

    id: UUID
    key: str
    teams: Sequence[str]
    channels: Sequence[str]
    skills: Mapping[str, int]
    units_max: int
    channel_max: Mapping[str, int]
    presence: str
    presence_at: datetime


class HandleTime(NamedTuple):
    queue: str
    channel: str
    samples: int
    mean_us: int


async def staffed(session: AsyncSession) -> list[Staffed]:
    """All of the tenant, not responding ones included: they have signed in and chosen no break."""
    columns = (Agent.id, Agent.email, Agent.teams, Agent.channels, Agent.skills, Agent.units_max)
    query = select(*columns, Agent.channel_max, Agent.presence, Agent.presence_at).where(
        Agent.disabled_at.is_(None), Agent.presence.in_((Presence.AVAILABLE, Presence.NOT_RESPONDING))
    )
    return [Staffed(*row) for row in await session.execute(query)]


async def handle_times(session: AsyncSession, now: datetime) -> list[HandleTime]:
    """Of agents' parts that have ended, wrap-up included, as in AHT: active + hold + wrap-up, less the time
    in which a call held it. An exponentially weighted mean; one statement for all queues."""
    times = {"now": now, "decay": DECAY_SECONDS, "back": LOOK_BACK_SECONDS}
    return [HandleTime(*row) for row in await session.execute(_HANDLE_TIMES, times)]


_HANDLE_TIMES = text(
    """
    WITH part AS (
      SELECT a.queue, a.channel, coalesce(w.ended_at, a.ended_at) AS ended_at,
             extract(epoch FROM a.ended_at - a.started_at)
               + coalesce(extract(epoch FROM w.ended_at - w.started_at), 0)
               - CASE WHEN a.channel = 'voice' THEN 0 ELSE coalesce((
                   SELECT sum(extract(epoch FROM h.ended_at - h.started_at)) FROM segment h
                   WHERE h.interaction_id = a.interaction_id AND h.leg_id = a.leg_id AND h.kind = 'hold'), 0)
                 END AS seconds
      FROM segment a
      LEFT JOIN segment w ON w.leg_id = a.leg_id AND w.kind = 'wrap_up'
        AND (w.ended_at IS NULL OR w.ended_at >= CAST(:now AS timestamptz) - make_interval(secs => :back))
      WHERE a.kind = 'agent' AND a.ended_at >= CAST(:now AS timestamptz) - make_interval(secs => :back)
        AND (w.id IS NULL OR w.ended_at IS NOT NULL)),
    weighed AS (
      SELECT queue, channel, CAST(seconds AS float8) AS seconds,
             exp(-CAST(extract(epoch FROM CAST(:now AS timestamptz) - ended_at) AS float8) / :decay) AS weight
      FROM part)
    SELECT queue, channel, count(*), CAST(round(sum(seconds * weight) / sum(weight) * 1000000) AS bigint)
    FROM weighed GROUP BY queue, channel
    """
)
