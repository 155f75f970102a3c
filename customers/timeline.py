"""One timeline for a customer, over all channels: touches hang on addresses, these are linked to customers.

An address that several customers share stands on nobody's timeline, but for the interactions of which an
agent said whose they are. A claimed address counts only while nothing is proven about its customer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import rfc3339
from app.errors import NotFound
from customers import words
from customers.identity import resolving
from customers.paging import Place, page_of
from models import timeline
from models.customer import Customer, CustomerAddress, Link
from models.timeline import NEWEST, OLDEST, Window


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
    """Touches, newest first. `as_of`: as it stood then. Raises NotFound."""
    links = await CustomerAddress.around(session, customer_id, wanted.as_of)
    if not links and await session.get(Customer, customer_id) is None:
        raise NotFound("There is no such customer.")
    addresses = own_addresses(customer_id, links)
    rows = await _rows(session, customer_id, addresses, wanted)
    places = [(row["at"], row["id"]) for row in rows]
    return page_of([_item(row) for row in rows], places, wanted.limit)


def own_addresses(customer_id: UUID, links: Iterable[Link]) -> list[UUID]:
    """The addresses that resolve to this customer alone. `links`: all live ones of their addresses."""
    by_address: dict[UUID, list[Link]] = {}
    for link in links:
        by_address.setdefault(link.address_id, []).append(link)
    return [
        address_id
        for address_id, shared in by_address.items()
        if [link.customer_id for link in resolving(shared)] == [customer_id]
    ]


async def _rows(
    session: AsyncSession, customer_id: UUID, addresses: Sequence[UUID], wanted: Wanted
) -> Sequence[RowMapping]:
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
        return await _found(session, customer_id, addresses, window, wanted.query)
    rows = await timeline.touches(session, customer_id, addresses, window)
    return rows[wanted.limit - 1 :: -1] if window.oldest_first else rows


async def _found(
    session: AsyncSession, customer_id: UUID, addresses: Sequence[UUID], window: Window, query: str
) -> Sequence[RowMapping]:
    """By words; by the very letters where no word is found."""
    searched = words.of_text(query)
    rows = await timeline.found(session, customer_id, addresses, window, words=searched)
    if rows:
        return rows
    return await timeline.found(session, customer_id, addresses, window, fragment=words.fragment(query))


def _item(row: RowMapping) -> dict[str, Any]:
    state, interaction_id = row["delivery_state"], row["interaction_id"]
    return {
        "id": str(row["id"]),
        "at": rfc3339(row["at"]),
        "direction": row["direction"],
        "kind": row["kind"],
        "channel": row["channel"],
        "address": _address(row),
        "subject": row["subject"],
        "text": row["text"],
        "html": row["html"],
        "payload": row["payload"],
        "attachments": row["attachments"],
        "author": row["author"],
        "interaction_id": None if interaction_id is None else str(interaction_id),
        "delivery": None if state is None else {"state": state, "hops": row["delivery_hops"]},
        "version": row["version"],
    }


def _address(row: RowMapping) -> dict[str, str] | None:
    if row["address_kind"] is None:
        return None
    return {"kind": row["address_kind"], "value": row["address_value"]}
