"""The address book: whom outside agents find in the directory, and dial from there."""

from typing import Any

from app.setup.model import Document
from app.setup.policy import policy_document
from app.setup.service import published_policy
from models import Policy
from tests.interactions.office import TWO_QUEUES, Office
from tests.interactions.test_calls import deliveries

BOOK = [
    {"name": "顺丰快递", "address": "+86 138-0013-8000"},
    {"name": "Head office", "address": "SIP:front@Office.Example"},
    {"name": "Porter", "address": "1001"},
]


async def found(office: Office, q: str = "") -> list[tuple[str, str]]:
    items: list[dict[str, Any]] = (await office.get("li", "/directory", q=q))["items"]
    return [(item["name"], item["key"]) for item in items if item["type"] == "address"]


async def publish(office: Office) -> None:
    document = Document.model_validate({**TWO_QUEUES, "address_book": BOOK})
    published = published_policy(policy_document(document), document)
    async with office.container.database.transaction(office.tenant.id) as session:
        session.add(Policy(tenant_id=office.tenant.id, version=3, document=published, digest="3"))


class TestAddressBook:
    async def test_stands_in_the_directory_in_the_order_of_the_file(self, office: Office) -> None:
        assert await found(office) == []
        await publish(office)
        assert await found(office) == [
            ("顺丰快递", "+8613800138000"),
            ("Head office", "sip:front@office.example"),
            ("Porter", "1001"),
        ]

    async def test_is_found_by_part_of_a_name_or_a_number_however_spaced(self, office: Office) -> None:
        await publish(office)
        for q, name in (("快递", "顺丰快递"), ("138 0013", "顺丰快递"), ("HEAD", "Head office")):
            assert [name for name, _ in await found(office, q)] == [name]
        assert await found(office, "nobody at all") == []

    async def test_what_it_holds_can_be_dialled(self, office: Office) -> None:
        await publish(office)
        await office.phone("li")
        call = await office.held("li", "voice")
        [(_, number)] = await found(office, "快递")
        to = {"address": {"kind": "phone", "value": number}}
        asked = await office.act("li", call, "consult", {"to": to})
        assert asked.status_code == 200, asked.text
        assert (await deliveries(office))[-1].payload["arguments"]["to"] == "+8613800138000"
