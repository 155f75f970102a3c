"""One timeline for a customer, over all channels: touches hang on addresses, these are linked to customers.

An address that several customers share stands on nobody's timeline, but for the interactions of which an
agent said whose they are. A claimed address counts only while nothing is proven about its customer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import NotFound
from customers import words
from customers.paging import Place, cursor_of
from models import timeline
from models.customer import Customer
from models.timeline import NEWEST, OLDEST, Row, Window


@dataclass(frozen=True, slots=True)
class Wanted:
    """`before` and `after` are places on the timeline; `query` searches the texts, Chinese too."""

    before: Place | None = None
    after: Place | None = None
    channel: str | None = None
    kind: str | None = None
    query: str | None = None
    as_of: datetime | None = None
    limit: int = 50


async def page(session: AsyncSession, customer_id: UUID, wanted: Wanted) -> dict[str, Any]:
    """Touches as JSON fragments, newest first. `as_of`: as it stood then. Raises NotFound."""
    found = await rows(session, customer_id, wanted)
    more = len(found) > wanted.limit
    shown = found[: wanted.limit]
    return {
        "items": [orjson.Fragment(row.item) for row in shown],
        "next_cursor": cursor_of((shown[-1].at, shown[-1].id)) if more else None,
    }


async def rows(session: AsyncSession, customer_id: UUID, wanted: Wanted) -> Sequence[Row]:
    """One more than the limit, if there is one. Raises NotFound."""
    found = await _rows(session, customer_id, wanted)
    if not found and await session.get(Customer, customer_id) is None:
        raise NotFound("There is no such customer.")
    return found


async def _rows(session: AsyncSession, customer_id: UUID, wanted: Wanted) -> Sequence[Row]:
    window = Window(
        older_than=wanted.before or NEWEST,
        newer_than=wanted.after or OLDEST,
        oldest_first=wanted.after is not None and wanted.before is None and wanted.query is None,
        channel=wanted.channel,
        kind=wanted.kind,
        as_of=wanted.as_of or NEWEST[0],
        limit=wanted.limit + 1,
    )
    if wanted.query:
        return await _found(session, customer_id, window, wanted.query)
    found = await timeline.touches(session, customer_id, window)
    return found[wanted.limit - 1 :: -1] if window.oldest_first else found


async def _found(session: AsyncSession, customer_id: UUID, window: Window, query: str) -> Sequence[Row]:
    """By words; by the very letters where no word is found."""
    found = await timeline.found(session, customer_id, window, words=words.of_text(query))
    if found:
        return found
    return await timeline.found(session, customer_id, window, fragment=words.fragment(query))
