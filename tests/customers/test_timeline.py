"""The timeline: one for all channels, newest first, as links and picks say."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import event

from app.clock import new_id
from app.events import Address
from tests.customers.desk import Office

PHONE = Address(kind="phone", value="+8613900001111")
MAIL = Address(kind="email", value="wang@example.test")


async def page(office: Office, customer_id: Any, query: str = "") -> dict[str, Any]:
    answer = await office.get(f"/v1/customers/{customer_id}/timeline?{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def texts(office: Office, customer_id: Any, query: str = "") -> list[str]:
    return [touch["text"] for touch in (await page(office, customer_id, query))["items"]]


async def wang(office: Office) -> UUID:
    """A customer with a phone and a mail address."""
    made = await office.customer("Wang", ("phone", PHONE.value), ("email", MAIL.value))
    return UUID(made["id"])


class TestPages:
    async def test_hold_all_addresses_in_order_and_link_up(self, office: Office) -> None:
        customer = await wang(office)
        for number in range(6):
            await office.writes(PHONE if number % 2 else MAIL, f"{number}")
        first = await page(office, customer, "limit=4")
        assert [touch["text"] for touch in first["items"]] == ["5", "4", "3", "2"]
        rest = await page(office, customer, f"limit=4&cursor={first['next_cursor']}")
        assert [touch["text"] for touch in rest["items"]] == ["1", "0"]
        assert rest["next_cursor"] is None
        newer = await texts(office, customer, f"limit=2&after={first['next_cursor']}")
        assert newer == ["4", "3"]

    async def test_show_a_touch_as_its_conversation_does(self, office: Office) -> None:
        customer = await wang(office)
        work = await office.writes(PHONE, "hello")
        await office.execute("UPDATE touch SET sealed_numbers = '{abc}'")
        conversation = (await office.get(f"/v1/interactions/{work['id']}/touches")).json()["items"]
        assert conversation[0]["sealed_numbers"] == 1
        for query in ("", "q=hello"):
            assert (await page(office, customer, query))["items"] == conversation

    async def test_are_filtered_by_channel_and_kind(self, office: Office) -> None:
        customer = await wang(office)
        await office.writes(PHONE, "a chat")
        await office.execute("UPDATE touch SET channel = 'voice', kind = 'call'")
        await office.writes(MAIL, "another")
        assert await texts(office, customer, "channel=voice") == ["a chat"]
        assert await texts(office, customer, "kind=message") == ["another"]
        assert await texts(office, customer, "kind=message&channel=voice") == []

    async def test_are_searched_in_chinese_and_english(self, office: Office) -> None:
        customer = await wang(office)
        await office.writes(PHONE, "我想查询订单的退款进度")
        await office.writes(MAIL, "My invoices are missing since 100% of Monday")
        assert await texts(office, customer, "q=退款") == ["我想查询订单的退款进度"]
        assert await texts(office, customer, "q=订单退款") == ["我想查询订单的退款进度"]
        assert await texts(office, customer, "q=invoice") == ["My invoices are missing since 100% of Monday"]
        assert await texts(office, customer, "q=00%25") == ["My invoices are missing since 100% of Monday"]
        assert await texts(office, customer, "q=nothing") == []

    async def test_as_of_a_time_are_as_they_were(self, office: Office) -> None:
        customer = await wang(office)
        await office.writes(PHONE, "before")
        then = datetime.now(UTC)
        await office.writes(MAIL, "after")
        address = (await office.rows("SELECT id FROM address WHERE kind = 'phone'"))[0]["id"]
        await office.send("DELETE", f"/v1/customers/{customer}/addresses/{address}")
        assert await texts(office, customer) == ["after"]
        as_of = then.isoformat().replace("+00:00", "Z")
        assert await texts(office, customer, f"as_of={as_of}") == ["before"]
        early = (then - timedelta(days=1)).isoformat().replace("+00:00", "Z")
        assert await texts(office, customer, f"as_of={early}") == []


class TestWhose:
    async def test_a_shared_address_is_nobodys_until_an_agent_says(self, office: Office) -> None:
        customer = await wang(office)
        chat = await office.writes(PHONE, "hello")
        li = await office.customer("Li", ("phone", PHONE.value))
        assert await texts(office, customer) == []
        assert await texts(office, li["id"]) == []
        await office.send("PUT", f"/v1/interactions/{chat['id']}/customer", {"customer_id": li["id"]})
        assert await texts(office, customer) == []
        assert await texts(office, li["id"]) == ["hello"]

    async def test_a_withheld_number_is_nobodys(self, office: Office) -> None:
        customer = await wang(office)
        await office.writes(PHONE, "hello")
        anonymous = Address(kind="anonymous", value=str(new_id()))
        await office.writes(anonymous, "who am I")
        assert await texts(office, customer) == ["hello"]

    async def test_an_unknown_customer_is_404(self, office: Office) -> None:
        assert (await office.get(f"/v1/customers/{new_id()}/timeline")).status_code == 404

    async def test_a_picked_interaction_appears_once(self, office: Office) -> None:
        customer = await wang(office)
        chat = await office.writes(PHONE, "hello")
        await office.send("PUT", f"/v1/interactions/{chat['id']}/customer", {"customer_id": str(customer)})
        assert await texts(office, customer) == ["hello"]


class TestOnePage:
    async def test_is_two_statements_whatever_stands_on_it(self, office: Office) -> None:
        customer = await wang(office)
        counted = []
        for size in (1, 30):
            for number in range(size):
                await office.writes(PHONE if number % 2 else MAIL, "hello")
            statements: list[str] = []

            def remember(_c: Any, _k: Any, statement: str, *_: Any, seen: list[str] = statements) -> None:
                seen.append(statement)

            engine = office.container.database.engine.sync_engine
            event.listen(engine, "before_cursor_execute", remember)
            await page(office, customer)
            event.remove(engine, "before_cursor_execute", remember)
            counted.append(len(statements))
        assert counted == [2, 2]  # for whom and read only; the page
