"""Who has signed in at the tenant's site stands behind addresses that the site has verified (SEMANTICS §2).

They belong to the customer whom one of them leads to; the site's own id goes before mail and phone. What is
verified of somebody else already stays theirs: two customers become one by an agent's hand only.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bus.outbox import write_rows
from app.clock import new_id
from app.events import Address
from customers import words
from customers.identity import resolving
from models.customer import ContactAddress, Customer, CustomerAddress, Link, NewCustomer


async def attach(
    session: AsyncSession, tenant_id: UUID, visitor: Address, proven: Sequence[Address], name: str | None
) -> None:
    """`visitor` is their window's address, which nobody has yet; `proven` the site's word, best first."""
    held = await ContactAddress.hold(session, tenant_id, {visitor: name, **dict.fromkeys(proven)})
    ids = {address: one.id for address, one in held.items()}
    links = await CustomerAddress.live(session, [ids[address] for address in proven])
    customer_id = _whose([ids[address] for address in proven], links)
    if customer_id is None:
        customer_id = _new_customer(session, tenant_id, name or proven[-1].value, proven)
    taken = {link.address_id for link in links if link.verified and link.customer_id != customer_id}
    rows = [
        {
            "tenant_id": tenant_id,
            "customer_id": customer_id,
            "address_id": address_id,
            "verified": True,
            "source": "site",
        }
        for address_id in dict.fromkeys(ids[address] for address in (visitor, *proven))
        if address_id not in taken
    ]
    CustomerAddress.link(session, rows)
    await write_rows(session)  # who comes from these addresses in the same batch is theirs


def _whose(address_ids: Sequence[UUID], links: Sequence[Link]) -> UUID | None:
    """The one customer whom the first telling address leads to."""
    for address_id in address_ids:
        found = resolving(link for link in links if link.address_id == address_id)
        if len({link.customer_id for link in found}) == 1:
            return found[0].customer_id
    return None


def _new_customer(session: AsyncSession, tenant_id: UUID, name: str, addresses: Sequence[Address]) -> UUID:
    found_by = " ".join([words.of_name(name), *(address.value for address in addresses)])
    customer = NewCustomer(new_id(), tenant_id, name, found_by)
    Customer.insert_all(session, [customer])
    return customer.id
