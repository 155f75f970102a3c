"""Whose an address is: the rule stands in Python for what arrives, and in SQL for timelines."""

import random
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from sqlalchemy import text

from app.clock import new_id
from customers.identity import parties, resolving
from models.customer import CustomerAddress, Link
from tests.intake.house import House, open_house

SEED = 20261122
CASES = 60


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    async with open_house(database_url) as opened:
        yield opened


async def scatter(house: House, chance: random.Random) -> tuple[list[UUID], list[UUID]]:
    """Three customers and three addresses, linked by chance, verified or claimed, some not any more."""
    customers, addresses = [new_id() for _ in range(3)], [new_id() for _ in range(3)]
    for customer in customers:
        await house.execute(
            "INSERT INTO customer (id, tenant_id, name, attributes, version) "
            "VALUES (:id, :tenant, 'x', '{}', 1)",
            id=customer,
            tenant=house.tenant_id,
        )
    for address in addresses:
        await house.execute(
            "INSERT INTO address (id, tenant_id, kind, value) VALUES (:id, :tenant, 'sip', :value)",
            id=address,
            tenant=house.tenant_id,
            value=str(address),
        )
        for customer in customers:
            if chance.random() < 0.5:
                ended = "clock_timestamp()" if chance.random() < 0.2 else "NULL"
                await house.execute(
                    "INSERT INTO customer_address (id, tenant_id, customer_id, address_id, verified, source, "
                    f"unlinked_at) VALUES (:id, :tenant, :customer, :address, :verified, 'agent', {ended})",
                    id=new_id(),
                    tenant=house.tenant_id,
                    customer=customer,
                    address=address,
                    verified=chance.random() < 0.5,
                )
    return customers, addresses


class TestTheRule:
    async def test_is_the_same_in_python_and_in_sql(self, house: House) -> None:
        chance = random.Random(SEED)
        found = 0
        for case in range(CASES):
            customers, addresses = await scatter(house, chance)
            async with house.worker.transaction(house.tenant_id) as session:
                links = await CustomerAddress.live(session, addresses)
                for customer in customers:
                    wanted = {a for a in addresses if _resolved(links, a) == [customer]}
                    own = text("SELECT own_addresses(:customer, 'infinity')")
                    got = set(await session.scalars(own, {"customer": customer}))
                    assert got == wanted, f"seed {SEED}, case {case}"
                    found += len(got)
        assert found > CASES / 4  # the cases are not all empty

    async def test_names_candidates_where_it_cannot_decide(self, house: House) -> None:
        chance = random.Random(SEED)
        for _ in range(10):
            _, addresses = await scatter(house, chance)
            async with house.worker.transaction(house.tenant_id) as session:
                links = await CustomerAddress.live(session, addresses)
                for address, party in (await parties(session, addresses)).items():
                    linked = {link.customer_id for link in links if link.address_id == address}
                    named = {candidate.id for candidate in party.candidates}
                    assert (party.customer is None) == (party.candidates != () or not linked)
                    assert named <= linked


def _resolved(links: list[Link], address: UUID) -> list[UUID]:
    return [link.customer_id for link in resolving(x for x in links if x.address_id == address)]
