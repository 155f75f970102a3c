"""A customer's timeline in one statement: touches of their addresses, unless an agent said that the
interaction is somebody else's, and touches of interactions that an agent said are theirs.

The database writes each touch's JSON: fifty of them cost less there than to be read and written again here.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

Place = tuple[datetime, UUID]
"""(at, id) of a touch: timelines go by it."""

NEWEST: Final[Place] = (datetime(9999, 1, 1, tzinfo=UTC), UUID(int=2**128 - 1))
OLDEST: Final[Place] = (datetime(1, 1, 2, tzinfo=UTC), UUID(int=0))


class Window(NamedTuple):
    """Touches between two places, both left out; `as_of`: nothing later. Filters are None for all."""

    older_than: Place = NEWEST
    newer_than: Place = OLDEST
    oldest_first: bool = False
    channel: str | None = None
    kind: str | None = None
    as_of: datetime = NEWEST[0]
    limit: int = 50


class Row(NamedTuple):
    """`item` is the JSON of `Touch.item`."""

    at: datetime
    id: UUID
    channel: str
    direction: str
    item: str


ITEM: Final = """json_build_object(
  'id', p.id, 'at', to_char(p.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
  'direction', p.direction, 'kind', p.kind, 'channel', p.channel,
  'address', CASE WHEN p.of IS NOT NULL THEN json_build_object('kind', p.of, 'value', p.address) END,
  'subject', p.subject, 'text', p.text, 'html', p.html, 'payload', p.payload, 'attachments', p.attachments,
  'author', p.author, 'interaction_id', p.interaction_id,
  'delivery', CASE WHEN p.delivery_state IS NOT NULL THEN
    json_build_object('state', p.delivery_state, 'hops', p.delivery_hops) END,
  'sealed_numbers', coalesce(cardinality(p.sealed_numbers), 0), 'version', p.version)::text"""


def _page(order: str) -> TextClause:
    """Each address and each interaction gives its own first rows by index; the page is the first of those."""
    wanted = f"""
          AND (t.at, t.id) < (:older_at, :older_id) AND (t.at, t.id) > (:newer_at, :newer_id)
          AND t.at <= :as_of AND (CAST(:channel AS text) IS NULL OR t.channel = :channel)
          AND (CAST(:kind AS text) IS NULL OR t.kind = :kind)
        ORDER BY t.at {order}, t.id {order} LIMIT :limit"""
    return text(
        f"""
        WITH own AS MATERIALIZED (
          SELECT a.id, a.kind AS of, a.value AS address
          FROM own_addresses(:customer, :as_of) AS o (id) JOIN address a ON a.id = o.id),
        p AS (
          SELECT f.*, own.of, own.address FROM own CROSS JOIN LATERAL (
            SELECT t.* FROM touch t
            WHERE t.address_id = own.id
              AND (t.interaction_id IS NULL OR t.interaction_id <> ALL (ARRAY(
                     SELECT i.id FROM own JOIN interaction i ON i.address_id = own.id
                     WHERE i.picked_customer_id IS NOT NULL)))
          {wanted}) f
          UNION ALL
          SELECT f.*, ad.kind, ad.value FROM interaction i CROSS JOIN LATERAL (
            SELECT t.* FROM touch t WHERE t.interaction_id = i.id {wanted}) f
          LEFT JOIN address ad ON ad.id = f.address_id
          WHERE i.picked_customer_id = :customer
          ORDER BY at {order}, id {order} LIMIT :limit
        )
        SELECT p.at, p.id, p.channel, p.direction, {ITEM}
        FROM p ORDER BY p.at {order}, p.id {order}
        """  # noqa: S608 - `order` and the columns are ours
    )


_NEWEST_FIRST: Final = _page("DESC")
_OLDEST_FIRST: Final = _page("ASC")
_SEARCH: Final = text(
    f"""
    SELECT p.at, p.id, p.channel, p.direction, {ITEM}
    FROM (SELECT t.*, a.kind AS of, a.value AS address
          FROM touch t LEFT JOIN address a ON a.id = t.address_id) p
    WHERE p.id = ANY (ARRAY(
      SELECT search_touches(:words, :fragment, :customer, :channel, :kind, :older_at, :older_id, :as_of,
                            :limit)))
    ORDER BY p.at DESC, p.id DESC
    """  # noqa: S608 - the columns are ours
)


async def touches(session: AsyncSession, customer_id: UUID, window: Window) -> Sequence[Row]:
    """One page, in the window's order."""
    statement = _OLDEST_FIRST if window.oldest_first else _NEWEST_FIRST
    values = {
        **_values(customer_id, window),
        "newer_at": window.newer_than[0],
        "newer_id": window.newer_than[1],
    }
    return [Row(*row) for row in await session.execute(statement, values)]


async def found(
    session: AsyncSession,
    customer_id: UUID,
    window: Window,
    *,
    words: str | None = None,
    fragment: str | None = None,
) -> Sequence[Row]:
    """Those of the page that hold all `words`, or the `fragment` (an ILIKE pattern); newest first."""
    values = {**_values(customer_id, window), "words": words, "fragment": fragment}
    return [Row(*row) for row in await session.execute(_SEARCH, values)]


def _values(customer_id: UUID, window: Window) -> dict[str, Any]:
    return {
        "customer": customer_id,
        "older_at": window.older_than[0],
        "older_id": window.older_than[1],
        "as_of": window.as_of,
        "channel": window.channel,
        "kind": window.kind,
        "limit": window.limit,
    }
