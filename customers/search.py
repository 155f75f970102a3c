"""Finding customers: by any word or letter of their name, in Chinese or English, or by any address."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.addresses import email_address, phone_address
from customers import profiles, words
from models.customer import ContactAddress, Customer, CustomerFilter

FRAGMENT_MIN_CHARACTERS: Final = 3
"""Trigrams find nothing shorter; words and Han characters do."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """`before`: the last id of the page before."""

    query: str | None = None
    address: str | None = None
    tier: str | None = None
    segment: str | None = None
    before: UUID | None = None
    limit: int = 50


async def page(session: AsyncSession, wanted: Wanted) -> dict[str, Any]:
    """Profiles, newest first."""
    ids = await _ids(session, wanted)
    items = await profiles.of(session, ids[: wanted.limit])
    more = len(ids) > wanted.limit
    return {"items": items, "next_cursor": str(ids[wanted.limit - 1]) if more else None}


async def _ids(session: AsyncSession, wanted: Wanted) -> list[UUID]:
    filters = CustomerFilter(wanted.tier, wanted.segment, wanted.before, wanted.limit + 1)
    if wanted.address:
        addresses = await ContactAddress.find(session, _forms(wanted.address))
        return await Customer.of_addresses(session, addresses, filters)
    query = (wanted.query or "").strip()
    if not query:
        return await Customer.listed(session, filters)
    fragment = words.fragment(query) if len(query) >= FRAGMENT_MIN_CHARACTERS else None
    return await Customer.search_for(session, words.prefixes(query), fragment, filters)


def _forms(raw: str) -> list[str]:
    """The address as given, and as it would be stored."""
    phone = phone_address(raw)
    forms = (raw.strip(), email_address(raw), phone.value if phone else None)
    return [form for form in dict.fromkeys(forms) if form]
