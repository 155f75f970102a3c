"""A customer's profile and addresses, as agents and integrations see and change them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.addresses import email_address, phone_address
from app.bus.outbox import append, write_rows
from app.clock import new_id, rfc3339
from app.errors import Invalid, NotFound, Stale
from app.events import Address, CustomerChanged
from app.text import clean_line, clean_value
from customers import account_team, words
from models.account_team import AccountTeamMember, Member
from models.customer import ContactAddress, Customer, CustomerAddress

AS_GIVEN: Final = frozenset({"sip", "extension", "short_code", "visitor", "external"})
ADDRESSES_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class NewProfile:
    name: str
    tier: str | None = None
    segment: str | None = None
    language: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    account_team: Mapping[str, str | None] = field(default_factory=dict)
    addresses: Sequence[Address] = ()


async def of(session: AsyncSession, ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """Profiles of those that there are, in this order."""
    known = await Customer.known(session, ids)
    links = await CustomerAddress.of_customers(session, ids)
    teams = await AccountTeamMember.of_customers(session, ids)
    found = [known[id_] for id_ in ids if id_ in known]
    return [
        _view(c, [pair for pair in links if pair[0].customer_id == c.id], teams.get(c.id, ())) for c in found
    ]


async def one(session: AsyncSession, customer_id: UUID) -> dict[str, Any]:
    """Raises NotFound."""
    found = await of(session, [customer_id])
    if not found:
        raise NotFound("There is no such customer.")
    return found[0]


async def create(session: AsyncSession, tenant_id: UUID, wanted: NewProfile) -> dict[str, Any]:
    """Raises Invalid for an address that nothing could reach, or an agent whom there is not."""
    addresses = [_readable(address, f"/addresses/{i}") for i, address in enumerate(wanted.addresses)]
    team = await account_team.read(session, wanted.account_team)
    customer = Customer(
        id=new_id(),
        tenant_id=tenant_id,
        name=_name(wanted.name),
        tier=wanted.tier,
        segment=wanted.segment,
        language=wanted.language,
        attributes=clean_value(dict(wanted.attributes)),
        version=0,
    )
    session.add(customer)
    await session.flush()
    await _link(session, customer, addresses)
    await AccountTeamMember.put(session, tenant_id, customer.id, team)
    return await _changed(session, customer)


async def change(
    session: AsyncSession, customer_id: UUID, changes: Mapping[str, Any], seen_version: int | None
) -> dict[str, Any]:
    """`changes`: columns of the profile, and `account_team`. Raises NotFound, Invalid, and Stale if
    `seen_version` is not the present."""
    customer = await _held(session, customer_id)
    if seen_version is not None and seen_version != customer.version:
        raise Stale(version=customer.version, missed=[await one(session, customer_id)])
    columns = {name: value for name, value in changes.items() if name != "account_team"}
    if len(columns) < len(changes):
        team = await account_team.read(session, changes["account_team"])
        await AccountTeamMember.put(session, customer.tenant_id, customer_id, team)
    for name, value in columns.items():
        setattr(customer, name, _name(value) if name == "name" else clean_value(value))
    return await _changed(session, customer)


async def link(session: AsyncSession, tenant_id: UUID, customer_id: UUID, address: Address) -> dict[str, Any]:
    """From now on this address is (also) theirs. Raises NotFound, Invalid."""
    readable = _readable(address, "")
    await ContactAddress.hold(session, tenant_id, {readable: None})  # before the customer, as intake does
    customer = await _held(session, customer_id)
    if len(await CustomerAddress.of_customers(session, [customer_id])) >= ADDRESSES_MAX:
        raise Invalid(f"A customer has at most {ADDRESSES_MAX} addresses.")
    await _link(session, customer, [readable])
    return await _changed(session, customer)


async def unlink(session: AsyncSession, customer_id: UUID, address_id: UUID) -> dict[str, Any]:
    """It was theirs until now; its touches go with it. Raises NotFound."""
    customer = await _held(session, customer_id)
    if not await CustomerAddress.unlink(session, customer_id, address_id):
        raise NotFound("This customer has no such address.")
    return await _changed(session, customer)


async def _held(session: AsyncSession, customer_id: UUID) -> Customer:
    customer = await Customer.hold(session, customer_id)
    if customer is None:
        raise NotFound("There is no such customer.")
    return customer


async def _link(session: AsyncSession, customer: Customer, addresses: Collection[Address]) -> None:
    held = await ContactAddress.hold(session, customer.tenant_id, dict.fromkeys(addresses))
    CustomerAddress.link(
        session,
        [
            {
                "tenant_id": customer.tenant_id,
                "customer_id": customer.id,
                "address_id": held[address].id,
                "verified": True,
                "source": "agent",
            }
            for address in dict.fromkeys(addresses)
        ],
    )
    await write_rows(session)  # the profile shows them


async def _changed(session: AsyncSession, customer: Customer) -> dict[str, Any]:
    """Raise the version, make it findable by what it says now, tell; the profile."""
    customer.version += 1
    await session.flush()
    links = await CustomerAddress.of_customers(session, [customer.id])
    values = " ".join(address.value for _, address in links)
    await Customer.index(session, customer.id, f"{words.of_name(customer.name)} {values}")
    team = (await AccountTeamMember.of_customers(session, [customer.id])).get(customer.id, ())
    view = _view(customer, links, team)
    event = CustomerChanged(
        entity=f"customer/{customer.id}", version=customer.version, customer_id=customer.id, data=view
    )
    append(session, event, key=str(customer.id))
    return view


def _view(
    customer: Customer,
    links: Sequence[tuple[CustomerAddress, ContactAddress]],
    team: Sequence[Member],
) -> dict[str, Any]:
    return {
        "id": str(customer.id),
        "version": customer.version,
        "name": customer.name,
        "tier": customer.tier,
        "segment": customer.segment,
        "language": customer.language,
        "attributes": customer.attributes,
        "account_team": account_team.shown(team),
        "created_at": rfc3339(customer.created_at),
        "addresses": [
            {
                "id": str(address.id),
                "kind": address.kind,
                "value": address.value,
                "verified": link.verified,
                "linked_at": rfc3339(link.linked_at),
            }
            for link, address in links
        ],
    }


def _name(name: str) -> str:
    cleaned = clean_line(name)
    if not cleaned:
        raise Invalid(errors=[{"pointer": "/name", "message": "must not be empty"}])
    return cleaned


def _readable(address: Address, pointer: str) -> Address:
    """In its one form."""
    found: Address | None = None
    if address.kind == "phone":
        found = phone_address(address.value)
    elif address.kind == "email":
        value = email_address(address.value)
        found = None if value is None else Address(kind="email", value=value)
    elif address.kind in AS_GIVEN and clean_line(address.value):
        found = Address(kind=address.kind, value=clean_line(address.value))
    if found is None:
        message = f"not an address of kind {address.kind!r}"
        raise Invalid(errors=[{"pointer": f"{pointer}/value", "message": message}])
    return found
