"""A queue's own templates, filled for the agent who begins a reply with one."""

from typing import Any
from uuid import UUID

import pytest

from app.clock import new_id
from interactions.intake.acknowledgement import reference
from models import Customer, Interaction
from tests.interactions.office import Office

THANKS = {
    "key": "thanks",
    "name": "Thanks",
    "language": "en",
    "text": "Dear {customer}, thank you for {subject}. {agent}, {queue} ({reference})",
}


async def of(office: Office, interaction_id: UUID) -> Any:
    return (await office.get("li", f"/interactions/{interaction_id}/templates"))["items"]


async def known_as(office: Office, interaction_id: UUID, name: str) -> None:
    async with office.container.database.transaction(office.tenant.id) as session:
        customer = Customer(id=new_id(), tenant_id=office.tenant.id, name=name)
        session.add(customer)
        await session.flush()
        row = await session.get_one(Interaction, interaction_id)
        row.customer_id, row.subject = customer.id, "a bill"


class TestTemplates:
    async def test_are_filled_with_who_writes_to_whom_about_what(self, office: Office) -> None:
        await office.publish(templates=[THANKS], name="Billing")
        held = await office.held()
        await known_as(office, held, "Wang {subject}")
        (found,) = await of(office, held)
        words = f"Dear Wang {{subject}}, thank you for a bill. Li, Billing ({reference(held)})"
        assert found == {
            "key": "thanks", "name": "Thanks", "language": "en", "text": words, "gaps": [], "approved": False,
        }  # fmt: skip

    async def test_ask_for_the_name_of_who_has_none(self, office: Office) -> None:
        await office.publish(templates=[{"key": "short", "text": "Dear {customer}!"}])
        (found,) = await of(office, await office.held())
        assert (found["name"], found["text"]) == ("short", "Dear {{customer}}!")
        assert found["gaps"] == ["customer"]

    async def test_are_those_of_the_queue_that_the_work_is_in(self, office: Office) -> None:
        await office.publish(templates=[THANKS])
        assert await of(office, await office.held(queue="sales")) == []


class TestSetUp:
    @pytest.mark.parametrize(
        "queue", [{"signature": "{customer}"}, {"templates": [{"key": "a", "text": "{agnet}"}]}]
    )
    async def test_names_a_place_that_is_not_known(self, office: Office, queue: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="is not known; there are"):
            await office.publish(**queue)
