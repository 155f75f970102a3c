"""Who served a customer last, on whatever channel: for many interactions in one statement."""

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

DAYS: Final = 14
"""For how long it counts (SEMANTICS §1.3)."""

LOOKED_AT: Final = 20
"""So many of the newest interactions: a customer's history may be long, the answer is near its end."""

_OF = """
    SELECT i.id, i.created_at FROM interaction i WHERE {condition} ORDER BY i.created_at DESC LIMIT :most
"""
_QUERY: Final = text(
    f"""
    SELECT w.id, served.agent_id
    FROM unnest(CAST(:ids AS uuid[]), CAST(:customers AS uuid[]), CAST(:addresses AS uuid[]))
      AS w (id, customer, address)
    CROSS JOIN LATERAL (
      SELECT l.agent_id FROM (
        ({_OF.format(condition="i.customer_id = w.customer AND i.picked_customer_id IS NULL")})
        UNION ALL ({_OF.format(condition="i.picked_customer_id = w.customer")})
        UNION ALL ({_OF.format(condition="w.customer IS NULL AND i.address_id = w.address")})) theirs
      JOIN leg l ON l.interaction_id = theirs.id
      JOIN agent a ON a.id = l.agent_id AND a.disabled_at IS NULL
      WHERE theirs.id <> w.id AND l.answered_at >= clock_timestamp() - make_interval(days => :days)
      ORDER BY l.answered_at DESC, l.id DESC LIMIT 1) served
    """  # noqa: S608 - the conditions are ours
)


class Whose(NamedTuple):
    """An interaction, its customer if known, and its address."""

    interaction_id: UUID
    customer_id: UUID | None
    address_id: UUID | None


async def recent_agents(session: AsyncSession, whose: Sequence[Whose]) -> dict[UUID, UUID]:
    """By interaction the agent who last answered the same customer, or without a customer the same address,
    within the last days; those without are left out."""
    if not whose:
        return {}
    given = {
        "ids": [entry.interaction_id for entry in whose],
        "customers": [entry.customer_id for entry in whose],
        "addresses": [entry.address_id for entry in whose],
        "days": DAYS,
        "most": LOOKED_AT,
    }
    return {row.id: row.agent_id for row in await session.execute(_QUERY, given)}
