"""Who stands behind an address. Touches hang on addresses; dated links join addresses and customers.

A link is verified (the channel proved the address) or claimed (typed into a form). A claim never merges
anyone: it resolves only to a customer about whom nothing is proven yet, else the customer is a candidate.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bus.outbox import write_rows
from app.clock import new_id
from app.events import Address
from customers import words
from models.customer import ContactAddress, Customer, CustomerAddress, Link, NewCustomer

ANONYMOUS = "anonymous"
"""The kind of an address that is unique to one interaction."""

NAMELESS = {"visitor": "Visitor", "wechat": "WeChat", "wecom": "WeCom"}
"""Kinds whose addresses are ids, and what to call whoever has one."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """An address that somebody came from. `claimed`: nothing proves that it is theirs; `also`: further
    addresses that the same person claims. `known_only`: make no customer of it (automatic mail)."""

    address: Address
    name: str | None = None
    claimed: bool = False
    also: tuple[Address, ...] = ()
    known_only: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    id: UUID
    name: str
    tier: str | None


@dataclass(frozen=True, slots=True)
class Party:
    """Who stands behind an address: the customer, or candidates among whom an agent picks."""

    address_id: UUID
    address: Address
    customer: Candidate | None = None
    candidates: tuple[Candidate, ...] = ()


def anonymous(interaction_id: UUID) -> Address:
    """The address of who cannot be recognised: of this interaction alone, never resolved."""
    return Address(kind=ANONYMOUS, value=str(interaction_id))


def resolving(links: Iterable[Link]) -> list[Link]:
    """Of the live links of one address those that say whose it is."""
    listed = list(links)
    verified = [link for link in listed if link.verified]
    return verified or [link for link in listed if not link.proven]


async def resolve(
    session: AsyncSession, tenant_id: UUID, sightings: Sequence[Sighting]
) -> dict[Address, Party]:
    """The party behind each address, made where it is new. A fixed number of statements; the rows of the
    addresses stay locked, so of two that meet a new address one makes the customer."""
    book = _Book(tenant_id, _by_address(sightings))
    held = await ContactAddress.hold(session, tenant_id, book.names())
    book.ids = {address: one.id for address, one in held.items()}
    seen_before = [one.id for one in held.values() if not one.new]
    book.links = _by_address_id(await CustomerAddress.live(session, seen_before))
    parties = {address: book.party(sighting) for address, sighting in book.sightings.items()}
    Customer.insert_all(session, book.new_customers)
    CustomerAddress.link(session, book.new_links)
    await CustomerAddress.verify(session, book.proven_links)
    return parties


async def told_names(session: AsyncSession, names: Mapping[Address, str]) -> None:
    """Who stands behind these addresses has said their name: it takes the place of one that we made up."""
    rows = [
        {
            "kind": address.kind,
            "value": address.value,
            "placeholder": _name_of(address),
            "name": name,
            "words": f"{words.of_name(name)} {address.value}",
        }
        for address, name in names.items()
    ]
    if rows:
        await write_rows(session)
        await Customer.rename_all(session, rows)


async def parties(session: AsyncSession, address_ids: Collection[UUID]) -> dict[UUID, Party]:
    """Who stands behind these addresses now; nothing is made or locked."""
    addresses = await ContactAddress.known(session, address_ids)
    links = _by_address_id(await CustomerAddress.live(session, address_ids))
    return {id_: _party_of(id_, row.address, links.get(id_, [])) for id_, row in addresses.items()}


@dataclass
class _Book:
    """One batch of sightings, and what has to be written for it."""

    tenant_id: UUID
    sightings: dict[Address, Sighting]
    ids: dict[Address, UUID] = field(default_factory=dict)
    links: dict[UUID, list[Link]] = field(default_factory=dict)
    new_customers: list[NewCustomer] = field(default_factory=list)
    new_links: list[dict[str, Any]] = field(default_factory=list)
    proven_links: list[UUID] = field(default_factory=list)

    def names(self) -> dict[Address, str | None]:
        named: dict[Address, str | None] = {a: s.name for a, s in self.sightings.items()}
        claimed = {other: None for s in self.sightings.values() for other in s.also}
        return {**claimed, **named}

    def party(self, sighting: Sighting) -> Party:
        address_id = self.ids[sighting.address]
        links = self.links.get(address_id, [])
        anonymous_one = sighting.address.kind == ANONYMOUS
        if not links and not sighting.known_only and not anonymous_one:
            return self._new_customer(sighting)
        if not sighting.claimed and not sighting.known_only:
            self._prove(links)
        return _party_of(address_id, sighting.address, links)

    def _prove(self, links: Sequence[Link]) -> None:
        """The one customer who claimed this address, and of whom nothing is proven, has it now."""
        found = resolving(links)
        if len(found) == 1 and not found[0].verified:
            self.proven_links.append(found[0].id)

    def _new_customer(self, sighting: Sighting) -> Party:
        name = sighting.name or _name_of(sighting.address)
        customer = Candidate(new_id(), name, None)
        found_by = f"{words.of_name(name)} {sighting.address.value}"
        self.new_customers.append(NewCustomer(customer.id, self.tenant_id, name, found_by))
        self._link(customer.id, sighting.address, verified=not sighting.claimed)
        for other in dict.fromkeys(sighting.also):
            if other not in self.sightings and not self._is_linked(other):
                self._link(customer.id, other, verified=False)
        return Party(self.ids[sighting.address], sighting.address, customer)

    def _is_linked(self, address: Address) -> bool:
        return self.ids[address] in self.links

    def _link(self, customer_id: UUID, address: Address, *, verified: bool) -> None:
        self.new_links.append(
            {
                "tenant_id": self.tenant_id,
                "customer_id": customer_id,
                "address_id": self.ids[address],
                "verified": verified,
                "source": "channel" if verified else "claim",
            }
        )


def _by_address_id(links: Iterable[Link]) -> dict[UUID, list[Link]]:
    found: dict[UUID, list[Link]] = {}
    for link in links:
        found.setdefault(link.address_id, []).append(link)
    return found


def _by_address(sightings: Sequence[Sighting]) -> dict[Address, Sighting]:
    """One for each address: what one sighting proves or tells stands for all of it."""
    found: dict[Address, Sighting] = {}
    for new in sightings:
        old = found.get(new.address)
        found[new.address] = new if old is None else _both(old, new)
    return found


def _both(one: Sighting, other: Sighting) -> Sighting:
    return Sighting(
        address=one.address,
        name=one.name or other.name,
        claimed=one.claimed and other.claimed,
        also=(*one.also, *other.also),
        known_only=one.known_only and other.known_only,
    )


def _party_of(address_id: UUID, address: Address, links: Sequence[Link]) -> Party:
    found = resolving(links)
    if len(found) == 1:
        return Party(address_id, address, _candidate(found[0]))
    return Party(address_id, address, candidates=tuple(_candidate(link) for link in found or links))


def _candidate(link: Link) -> Candidate:
    return Candidate(link.customer_id, link.name, link.tier)


def _name_of(address: Address) -> str:
    """Until somebody tells: an id says nothing to people, so only its end is shown."""
    kind = NAMELESS.get(address.kind)
    return address.value if kind is None else f"{kind} {address.value[-6:]}"
