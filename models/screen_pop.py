"""What a desktop shows of an offer before it is accepted: who it is and where they come from."""

from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.driver import ask

CANDIDATES_MAX: Final = 10
_PARTS: Final = ("address", "customer", "endpoint")

_QUERY: Final = """
    SELECT i.id,
      CASE WHEN a.id IS NULL THEN NULL
           ELSE jsonb_build_object('kind', a.kind, 'value', a.value, 'name', a.display_name) END AS address,
      jsonb_build_object('id', c.id, 'name', coalesce(c.name, a.display_name), 'tier', i.tier,
                         'candidates', coalesce(k.candidates, '[]'::jsonb)) AS customer,
      CASE WHEN e.id IS NULL THEN NULL
           ELSE jsonb_build_object('key', e.key, 'adapter', e.adapter) END AS endpoint
    FROM interaction i
    LEFT JOIN endpoint e ON e.id = i.endpoint_id
    LEFT JOIN address a ON a.id = i.address_id
    LEFT JOIN customer c ON c.id = coalesce(i.picked_customer_id, i.customer_id)
    LEFT JOIN LATERAL (
      SELECT jsonb_agg(jsonb_build_object('id', m.id, 'name', m.name, 'tier', m.tier) ORDER BY m.id)
             AS candidates
      FROM (SELECT cu.id, cu.name, cu.tier FROM customer_address l JOIN customer cu ON cu.id = l.customer_id
            WHERE l.address_id = i.address_id AND l.unlinked_at IS NULL ORDER BY cu.id LIMIT $2) m
    ) k ON c.id IS NULL
    WHERE i.id = ANY($1)
    """


async def screen_pops(session: AsyncSession, interaction_ids: Collection[UUID]) -> dict[UUID, dict[str, Any]]:
    """`{address, customer: {id, name, tier, candidates}, endpoint: {key, adapter}}` by interaction.
    Candidates are listed where nobody has said yet which of several customers it is."""
    if not interaction_ids:
        return {}
    rows = await ask(session, _QUERY, list(interaction_ids), CANDIDATES_MAX)
    return {row["id"]: {name: row[name] for name in _PARTS} for row in rows}
