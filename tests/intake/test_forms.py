"""Forms: work of their own; what they say about their sender is a claim and merges nobody."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from app.clock import new_id
from app.events import Address, FormSubmitted, MessageReceived
from tests.intake.house import House
from tests.intake.test_mails import mail

WANG = "wang@example.test"
PHONE = "+8613900001111"


def form(house: House, **facts: Any) -> Any:
    told = {"subject": "Refund", "text": "Please", "external_id": new_id().hex, **facts}
    email, phone = told.get("email"), told.get("phone")
    address = Address(kind="email", value=email) if email else None
    if address is None and phone:
        address = Address(kind="phone", value=phone)
    return house.envelope("contact-form", FormSubmitted(address=address, **told))


class TestAForm:
    async def test_with_a_mail_address_is_answered_from_the_queues_mailbox(self, house: House) -> None:
        await house.feed(form(house, email=WANG, name="Wang", fields={"order": "A1"}))
        (row,) = await house.rows("SELECT * FROM interaction")
        assert (row["channel"], row["queue"], row["subject"]) == ("email", "billing", "Refund")
        assert row["endpoint_id"] == house.endpoints["support-mail"].id
        (touch,) = await house.rows("SELECT * FROM touch")
        assert (touch["kind"], touch["payload"]["fields"]) == ("form", {"order": "A1"})
        assert touch["endpoint_id"] == house.endpoints["contact-form"].id  # through which it came

    async def test_without_one_is_a_task(self, house: House) -> None:
        await house.feed(form(house, phone=PHONE))
        (row,) = await house.rows("SELECT * FROM interaction")
        assert (row["channel"], row["endpoint_id"]) == ("task", house.endpoints["contact-form"].id)

    async def test_of_nobody_has_an_address_of_its_own(self, house: House) -> None:
        await house.feed(form(house), form(house))
        assert await house.value("SELECT count(*) FROM interaction") == 2
        assert await house.value("SELECT count(*) FROM address WHERE kind = 'anonymous'") == 2
        assert await house.value("SELECT count(*) FROM customer") == 0

    async def test_is_work_of_its_own_each_time(self, house: House) -> None:
        await house.feed(form(house, email=WANG), form(house, email=WANG))
        assert await house.value("SELECT count(*) FROM interaction") == 2
        assert await house.value("SELECT count(*) FROM customer") == 1


class TestAClaim:
    async def test_is_a_link_that_nothing_has_verified(self, house: House) -> None:
        await house.feed(form(house, email=WANG, phone=PHONE))
        links = await house.rows("SELECT verified, source FROM customer_address")
        assert links == [{"verified": False, "source": "claim"}] * 2

    async def test_is_proven_by_a_mail_from_there(self, house: House) -> None:
        await house.feed(form(house, email=WANG))
        await house.feed(await house.mail(mail()))
        assert await house.value("SELECT count(*) FROM customer") == 1
        assert await house.value("SELECT verified FROM customer_address") is True

    async def test_never_merges_two_customers(self, house: House) -> None:
        await house.feed(await house.mail(mail()))
        await house.feed(_text(house, PHONE))
        await house.feed(form(house, email=WANG, phone=PHONE))
        assert await house.value("SELECT count(*) FROM customer") == 2
        assert await house.value("SELECT count(*) FROM customer_address") == 2

    async def test_about_a_proven_customer_gives_nobody_their_name(self, house: House) -> None:
        await house.feed(form(house, email=WANG, phone=PHONE, name="Wang"))
        await house.feed(await house.mail(mail()))
        await house.feed(_text(house, PHONE))
        (row,) = await house.rows("SELECT * FROM interaction WHERE channel = 'chat'")
        assert row["customer_id"] is None  # a candidate: the agent decides


class TestANewAddress:
    async def test_seen_at_two_endpoints_at_once_is_one_customer(self, house: House) -> None:
        for number in range(5):
            address = Address(kind="phone", value=f"+861390000222{number}")
            events = [
                house.envelope(
                    endpoint, MessageReceived(external_id=new_id().hex, address=address, text="hi")
                )
                for endpoint in ("site-chat", "support-mail", "contact-form")
            ]
            await asyncio.gather(*(house.feed(event) for event in events))
        assert await house.value("SELECT count(*) FROM customer") == 5
        assert await house.value("SELECT count(*) FROM touch") == 15


class TestAnAddressOfSeveral:
    async def test_resolves_to_nobody_until_an_agent_picks(self, house: House) -> None:
        await house.feed(_text(house, PHONE))
        await house.execute(
            "INSERT INTO customer (id, tenant_id, name, attributes, version) "
            "VALUES (:id, :tenant, 'Li', '{}', 1)",
            id=(li := new_id()),
            tenant=house.tenant_id,
        )
        await house.execute(
            "INSERT INTO customer_address (id, tenant_id, customer_id, address_id, verified, source) "
            "SELECT :id, :tenant, :li, id, true, 'agent' FROM address",
            id=new_id(),
            tenant=house.tenant_id,
            li=li,
        )
        await house.execute("UPDATE interaction SET state = 'closed', ended_at = clock_timestamp()")
        await house.feed(_text(house, PHONE))
        (row,) = await house.rows("SELECT * FROM interaction WHERE state = 'queued'")
        assert row["customer_id"] is None


def _text(house: House, phone: str) -> Any:
    """A text message from a phone, through whatever endpoint."""
    address = Address(kind="phone", value=phone)
    return house.envelope("site-chat", MessageReceived(external_id=new_id().hex, address=address, text="hi"))


async def lives_where_it_is_noon(house: House) -> None:
    """Who has the phone may be called for hours to come."""
    offset = (12 - datetime.now(UTC).hour + 11) % 24 - 11
    zone = f"Etc/GMT{-offset:+d}"  # the sign of these zones is that of what is added to be at Greenwich
    for statement in (
        "INSERT INTO customer (id, tenant_id, name, attributes, version)"
        " VALUES (gen_random_uuid(), :t, 'Wang', jsonb_build_object('time_zone', CAST(:zone AS text)), 1)",
        "INSERT INTO address (id, tenant_id, kind, value) VALUES (gen_random_uuid(), :t, 'phone', :phone)",
        "INSERT INTO customer_address (id, tenant_id, customer_id, address_id, verified, source)"
        " SELECT gen_random_uuid(), :t, c.id, a.id, true, 'agent' FROM customer c, address a",
    ):
        given = {"t": house.tenant_id, "zone": zone, "phone": PHONE}
        await house.execute(statement, **{name: given[name] for name in given if f":{name}" in statement})


class TestACallWanted:
    async def wanted(self, house: House, **facts: Any) -> None:
        await house.feed(form(house, phone=PHONE, callback=True, **facts))

    async def test_waits_in_the_queue_like_a_caller_who_was_promised_one(self, house: House) -> None:
        await lives_where_it_is_noon(house)
        await self.wanted(house, email=WANG, name="Wang")
        (row,) = await house.rows("SELECT * FROM interaction")
        assert (row["channel"], row["state"], row["queue"]) == ("voice", "queued", "billing")
        assert (row["callback_to"], row["entry_kind"], row["conversation"]) == (PHONE, "callback", None)
        assert row["endpoint_id"] == house.endpoints["hotline"].id
        (touch,) = await house.rows("SELECT * FROM touch")
        assert (touch["kind"], touch["interaction_id"]) == ("form", row["id"])

    async def test_at_the_time_that_was_asked_for(self, house: House) -> None:
        await lives_where_it_is_noon(house)
        at = datetime.now(UTC) + timedelta(hours=3)
        await self.wanted(house, call_at=at)
        (row,) = await house.rows("SELECT * FROM interaction")
        assert (row["state"], row["callback_at"]) == ("scheduled", at)

    async def test_asked_for_again_is_moved(self, house: House) -> None:
        await lives_where_it_is_noon(house)
        at = datetime.now(UTC) + timedelta(hours=3)
        for call_at in (None, at):
            await self.wanted(house, call_at=call_at)
        (row,) = await house.rows("SELECT * FROM interaction")
        assert (row["state"], row["callback_at"]) == ("callback_waiting", at)
        assert await house.value("SELECT count(*) FROM touch") == 2

    async def test_is_work_by_hand_where_nothing_can_dial(self, house: House) -> None:
        await house.execute("UPDATE endpoint SET controls_calls = false")
        await self.wanted(house)
        (row,) = await house.rows("SELECT * FROM interaction")
        assert (row["channel"], row["callback_to"]) == ("task", None)
