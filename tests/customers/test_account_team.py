"""The account team of a customer, and whom a customer's new work knows (SEMANTICS §1.3, `prefer`)."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from app.events import Address
from app.setup.model import Document
from app.setup.policy import policy_document
from app.setup.service import published_policy
from models import Policy
from tests.customers.desk import Office
from tests.intake.house import SETUP

LI, HAN = "li@example.test", "han@example.test"
PHONE = Address(kind="phone", value="+8613900001111")


def names(team: dict[str, Any]) -> dict[str, str | None]:
    return {role: member and member["email"] for role, member in team.items()}


class TestTheTeam:
    async def test_is_given_with_the_customer_and_shown_in_the_screen_pop(self, office: Office) -> None:
        made = await office.customer("王芳", account_team={"account": LI, "delivery": HAN})
        assert names(made["account_team"]) == {"account": LI, "solution": None, "delivery": HAN}
        context = (await office.get(f"/v1/customers/{made['id']}/context")).json()
        assert context["account_team"] == made["account_team"]

    async def test_changes_by_role(self, office: Office) -> None:
        made = await office.customer("王芳", account_team={"account": LI, "delivery": HAN})
        path, change = f"/v1/customers/{made['id']}", {"account": HAN, "delivery": None}
        changed = (await office.send("PATCH", path, {"account_team": change})).json()
        assert names(changed["account_team"]) == {"account": HAN, "solution": None, "delivery": None}
        kept = (await office.send("PATCH", path, {"name": "Wang"})).json()
        assert kept["account_team"] == changed["account_team"]
        emptied = (await office.send("PATCH", path, {"account_team": None})).json()
        assert set(emptied["account_team"].values()) == {None}

    @pytest.mark.parametrize("agent", ["nobody@x.y", "0191d0a0-0000-7000-8000-000000000000", ""])
    async def test_of_who_is_not_there_is_refused(self, office: Office, agent: str) -> None:
        wish = {"name": "x", "account_team": {"solution": agent}}
        answer = await office.send("POST", "/v1/customers", wish)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"].startswith("/account_team/solution")


@pytest.fixture
async def preferring(office: Office) -> AsyncIterator[Office]:
    """Its queues prefer whom a customer knows."""
    prefer = {"last_agent": True, "account_team": True, "prefer_seconds": 20.0}
    queues = [{**queue, "prefer": prefer} for queue in SETUP["queues"]]
    document = Document.model_validate({**SETUP, "queues": queues})
    published = published_policy(policy_document(document), document)
    async with office.container.database.transaction(office.acme.id) as session:
        session.add(Policy(tenant_id=office.acme.id, version=10, document=published, digest="10"))
    yield office


async def knows(office: Office, interaction: dict[str, Any]) -> tuple[list[UUID], UUID | None]:
    """Account team and last agent."""
    [row] = await office.rows(
        "SELECT account_team, recent_agent_id FROM interaction WHERE id = :id", id=interaction["id"]
    )
    return row["account_team"], row["recent_agent_id"]


async def served(office: Office, address: Address, *, days_ago: int = 0) -> None:
    """Li has served somebody from this address."""
    earlier = await office.writes(address, "hello")
    await office.take(earlier["id"])
    assert (await office.send("POST", f"/v1/interactions/{earlier['id']}/end")).status_code == 202
    await office.execute(
        "UPDATE leg SET answered_at = clock_timestamp() - make_interval(days => :days)", days=days_ago
    )


class TestNewWork:
    async def test_knows_the_account_team_in_order_and_the_last_agent(self, preferring: Office) -> None:
        li, han = (preferring.acme.agents[name].id for name in ("li", "han"))
        team = {"delivery": LI, "account": HAN}
        await preferring.customer("王芳", (PHONE.kind, PHONE.value), account_team=team)
        await served(preferring, PHONE)
        assert await knows(preferring, await preferring.writes(PHONE, "again")) == ([han, li], li)

    async def test_knows_the_last_agent_of_another_address_of_the_customer(self, preferring: Office) -> None:
        mail = Address(kind="email", value="wang@example.test")
        await preferring.customer("王芳", (PHONE.kind, PHONE.value), (mail.kind, mail.value))
        await served(preferring, mail)
        li = preferring.acme.agents["li"].id
        assert await knows(preferring, await preferring.writes(PHONE, "again")) == ([], li)

    async def test_without_a_customer_the_address_counts(self, preferring: Office) -> None:
        for name in ("Li Na", "Zhang Wei"):
            await preferring.customer(name, (PHONE.kind, PHONE.value))
        await served(preferring, PHONE)
        li = preferring.acme.agents["li"].id
        assert await knows(preferring, await preferring.writes(PHONE, "again")) == ([], li)

    async def test_knows_nobody_after_fourteen_days(self, preferring: Office) -> None:
        await served(preferring, PHONE, days_ago=15)
        assert await knows(preferring, await preferring.writes(PHONE, "again")) == ([], None)

    async def test_knows_nobody_where_no_queue_asks(self, office: Office) -> None:
        await served(office, PHONE)
        assert await knows(office, await office.writes(PHONE, "again")) == ([], None)


class TestACorrectedCustomer:
    async def test_brings_their_team_and_last_agent(self, preferring: Office) -> None:
        other = Address(kind="phone", value="+8613900002222")
        wang = await preferring.customer("王芳", (other.kind, other.value), account_team={"solution": HAN})
        await served(preferring, other)
        waiting = await preferring.writes(PHONE, "hello")
        path = f"/v1/interactions/{waiting['id']}/customer"
        await preferring.send("PUT", path, {"customer_id": wang["id"]})
        li, han = (preferring.acme.agents[name].id for name in ("li", "han"))
        assert await knows(preferring, waiting) == ([han], li)
        await preferring.send("PUT", path, {"customer_id": None})
        assert await knows(preferring, waiting) == ([], None)


class TestAChangedTeam:
    async def test_counts_for_what_waits(self, preferring: Office) -> None:
        wang = await preferring.customer("王芳", (PHONE.kind, PHONE.value))
        waiting = await preferring.writes(PHONE, "hello")
        await preferring.send("PATCH", f"/v1/customers/{wang['id']}", {"account_team": {"account": LI}})
        assert await knows(preferring, waiting) == ([preferring.acme.agents["li"].id], None)
