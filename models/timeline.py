"""A customer's timeline in one statement: touches of their addresses, unless an agent said that the
interaction is somebody else's, and touches of interactions that an agent said are theirs."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import RowMapping, TextClause, text
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


def _page(order: str) -> TextClause:
    """Each address and each interaction gives its own first rows by index; the page is the first of those."""
    columns = (
        "t.id, t.at, t.direction, t.kind, t.channel, t.address_id, t.subject, t.text, t.html, t.payload, "
        "t.attachments, t.author, t.interaction_id, t.delivery_state, t.delivery_hops, t.version"
    )
    wanted = f"""
        AND (t.at, t.id) < (:older_at, :older_id) AND (t.at, t.id) > (:newer_at, :newer_id)
        AND t.at <= :as_of AND (CAST(:channel AS text) IS NULL OR t.channel = :channel)
        AND (CAST(:kind AS text) IS NULL OR t.kind = :kind)
      ORDER BY t.at {order}, t.id {order} LIMIT :limit"""
    return text(
        f"""
        SELECT p.*, ad.kind AS address_kind, ad.value AS address_value FROM (
          SELECT f.* FROM unnest(CAST(:addresses AS uuid[])) AS a (id) CROSS JOIN LATERAL (
            SELECT {columns} FROM touch t
            WHERE t.address_id = a.id
              AND (t.interaction_id IS NULL OR t.interaction_id <> ALL (ARRAY(
                     SELECT i.id FROM interaction i
                     WHERE i.address_id = ANY (CAST(:addresses AS uuid[]))
                       AND i.picked_customer_id IS NOT NULL)))
            {wanted}) f
          UNION ALL
          SELECT f.* FROM interaction i CROSS JOIN LATERAL (
            SELECT {columns} FROM touch t WHERE t.interaction_id = i.id {wanted}) f
          WHERE i.picked_customer_id = :customer
        ) p LEFT JOIN address ad ON ad.id = p.address_id
        ORDER BY p.at {order}, p.id {order} LIMIT :limit
        """  # noqa: S608 - `order` and the columns are ours
    )


_NEWEST_FIRST: Final = _page("DESC")
_OLDEST_FIRST: Final = _page("ASC")
_BY_ID: Final = text(
    """
    SELECT t.id, t.at, t.direction, t.kind, t.channel, t.address_id, t.subject, t.text, t.html, t.payload,
           t.attachments, t.author, t.interaction_id, t.delivery_state, t.delivery_hops, t.version,
           ad.kind AS address_kind, ad.value AS address_value
    FROM touch t LEFT JOIN address ad ON ad.id = t.address_id
    WHERE t.id = ANY (CAST(:ids AS uuid[])) ORDER BY t.at DESC, t.id DESC
    """
)
_SEARCH: Final = text(
    """
    SELECT * FROM search_touches(:words, :fragment, :addresses, :customer, :channel, :kind, :older_at,
                                 :older_id, :as_of, :limit)
    """
)


async def touches(
    session: AsyncSession, customer_id: UUID, address_ids: Collection[UUID], window: Window
) -> Sequence[RowMapping]:
    """One page, in the window's order."""
    statement = _OLDEST_FIRST if window.oldest_first else _NEWEST_FIRST
    return (await session.execute(statement, _values(customer_id, address_ids, window))).mappings().all()


async def found(
    session: AsyncSession,
    customer_id: UUID,
    address_ids: Collection[UUID],
    window: Window,
    *,
    words: str | None = None,
    fragment: str | None = None,
) -> Sequence[RowMapping]:
    """Those of the page that hold all `words`, or the `fragment` (an ILIKE pattern); newest first."""
    values = {**_values(customer_id, address_ids, window), "words": words, "fragment": fragment}
    for unused in ("newer_at", "newer_id"):
        del values[unused]
    ids = list(await session.scalars(_SEARCH, values))
    if not ids:
        return ()
    return (await session.execute(_BY_ID, {"ids": ids})).mappings().all()


def _values(customer_id: UUID, address_ids: Collection[UUID], window: Window) -> dict[str, Any]:
    return {
        "customer": customer_id,
        "addresses": list(address_ids),
        "older_at": window.older_than[0],
        "older_id": window.older_than[1],
        "newer_at": window.newer_than[0],
        "newer_id": window.newer_than[1],
        "as_of": window.as_of,
        "channel": window.channel,
        "kind": window.kind,
        "limit": window.limit,
    }
