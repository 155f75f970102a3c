"""What came in at endpoints and went out from them, and what their usual pace lets one expect."""

from collections.abc import Collection
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

WEEKS: Final = 4
"""So many of the last weeks tell an endpoint's usual pace."""


class Arrived(NamedTuple):
    """`lag_seconds`: the median of the last hour, from when it happened until it stood on the timeline.
    `expected`: how much came, on the average of the last weeks, in the same hours as those since `last_at`
    (at most seven days); None: it is not known for a week yet."""

    last_at: datetime | None
    in_last_hour: int
    lag_seconds: float | None
    expected: float | None


class Attempted(NamedTuple):
    """What was tried in the last hour, and how much of it failed; when something worked last. An order that
    comes after the caller has left did not fail."""

    last_sent_at: datetime | None
    attempts: int
    failed: int


async def arrivals(
    session: AsyncSession, endpoint_ids: Collection[UUID], now: datetime
) -> dict[UUID, Arrived]:
    rows = await session.execute(_ARRIVALS, {"ids": list(endpoint_ids), "now": now, "weeks": WEEKS})
    return {row[0]: Arrived(*row[1:]) for row in rows}


async def attempts(
    session: AsyncSession, endpoint_ids: Collection[UUID], now: datetime
) -> dict[UUID, Attempted]:
    rows = await session.execute(_ATTEMPTS, {"ids": list(endpoint_ids), "now": now})
    return {row[0]: Attempted(*row[1:]) for row in rows}


_ARRIVALS = text(
    """
    SELECT e.id, last.at, hour.number, hour.lag,
           CASE WHEN first.at IS NOT NULL AND known.weeks >= 1 THEN usual.number::float8 / known.weeks END
    FROM unnest(CAST(:ids AS uuid[])) AS e (id)
    LEFT JOIN LATERAL (SELECT t.at FROM touch t WHERE t.endpoint_id = e.id AND t.direction = 'inbound'
                       ORDER BY t.at DESC LIMIT 1) last ON true
    LEFT JOIN LATERAL (SELECT t.at FROM touch t WHERE t.endpoint_id = e.id AND t.direction = 'inbound'
                       ORDER BY t.at LIMIT 1) first ON true
    CROSS JOIN LATERAL (
      SELECT least(:weeks, floor(extract(epoch FROM CAST(:now AS timestamptz) - first.at) / 604800))::int
               AS weeks,
             greatest(last.at, CAST(:now AS timestamptz) - interval '7 days') AS since) known
    CROSS JOIN LATERAL (
      SELECT count(*) AS number,
             percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM t.created_at - t.at))
               FILTER (WHERE t.kind <> 'call') AS lag
      FROM touch t WHERE t.endpoint_id = e.id AND t.direction = 'inbound'
        AND t.at > CAST(:now AS timestamptz) - interval '1 hour') hour
    CROSS JOIN LATERAL (
      SELECT count(*) AS number FROM generate_series(1, known.weeks) AS ago
      JOIN touch t ON t.endpoint_id = e.id AND t.direction = 'inbound'
        AND t.at > known.since - ago * interval '7 days'
        AND t.at <= CAST(:now AS timestamptz) - ago * interval '7 days') usual
    """
)
_ATTEMPTS = text(
    """
    SELECT e.id, sent.at, hour.attempts, hour.failed
    FROM unnest(CAST(:ids AS uuid[])) AS e (id)
    LEFT JOIN LATERAL (SELECT x.at FROM exchange x WHERE x.endpoint_id = e.id AND x.direction = 'out'
                       AND x.outcome = 'sent' ORDER BY x.at DESC LIMIT 1) sent ON true
    CROSS JOIN LATERAL (
      SELECT count(*) AS attempts,
             count(*) FILTER (WHERE x.outcome <> 'sent' AND x.reason IS DISTINCT FROM 'call_ended') AS failed
      FROM exchange x WHERE x.endpoint_id = e.id AND x.direction = 'out' AND x.outcome IS NOT NULL
        AND x.at > CAST(:now AS timestamptz) - interval '1 hour') hour
    """
)
