"""Messaging platforms: files and messages that are fetched apart, and answers that a colleague gave in the
platform's own app."""

from datetime import timedelta
from typing import Any

import pytest

from app.clock import new_id
from app.events import Address, Attachment, FetchAsked, MessageReceived, MessageSentElsewhere, UnknownReceived
from tests.intake.house import NOON, House

WANG = Address(kind="phone", value="+8613800138000")


def said(house: House, text: str, minute: int = 0, **facts: Any) -> Any:
    event = MessageReceived(
        external_id=facts.pop("external_id", new_id().hex),
        conversation=WANG.value,
        address=WANG,
        occurred_at=NOON + timedelta(minutes=minute),
        text=text,
        **facts,
    )
    return house.envelope("messenger", event)


def answered(house: House, text: str, minute: int = 0, **facts: Any) -> Any:
    event = MessageSentElsewhere(
        external_id=facts.pop("external_id", new_id().hex),
        conversation=WANG.value,
        address=WANG,
        occurred_at=NOON + timedelta(minutes=minute),
        text=text,
        **facts,
    )
    return house.envelope("messenger", event)


def asked(house: House, about: str | None = None, **hint: Any) -> Any:
    return house.envelope("messenger", FetchAsked(external_id=new_id().hex, conversation=about, hint=hint))


class TestFilesThatThePlatformKeeps:
    PHOTO = Attachment(name="photo.jpg", content_type="image/jpeg", size=0, media={"id": "m1"})

    async def test_are_pending_on_the_touch_and_a_delivery_each(self, house: House) -> None:
        second = self.PHOTO.model_copy(update={"media": {"id": "m2"}, "name": "second.jpg"})
        await house.feed(said(house, "look", attachments=(self.PHOTO, second)))
        (touch,) = await house.rows("SELECT id, attachments FROM touch")
        assert [item["state"] for item in touch["attachments"]] == ["pending", "pending"]
        assert "id" not in touch["attachments"][0]
        rows = await house.rows("SELECT * FROM delivery WHERE kind = 'media' ORDER BY id")
        assert [row["payload"]["reference"] for row in rows] == [{"id": "m1"}, {"id": "m2"}]
        assert [row["payload"]["index"] for row in rows] == [0, 1]
        assert {row["touch_id"] for row in rows} == {touch["id"]}
        assert len({row["conversation"] for row in rows}) == 2, "they are fetched beside each other"

    async def test_told_twice_are_fetched_once(self, house: House) -> None:
        twice = said(house, "look", attachments=(self.PHOTO,), external_id="m")
        await house.feed(twice, twice)
        await house.feed(twice)
        assert await house.value("SELECT count(*) FROM delivery") == 1


class TestFetchAsked:
    async def fetches(self, house: House) -> list[Any]:
        return [
            (row["state"], row["payload"]["hint"])
            for row in await house.rows("SELECT * FROM delivery WHERE kind = 'fetch' ORDER BY id")
        ]

    async def test_becomes_a_delivery_of_the_endpoint(self, house: House) -> None:
        await house.feed(asked(house, token="t1"))
        (row,) = await house.rows("SELECT * FROM delivery")
        endpoint = house.endpoints["messenger"].id
        assert (row["kind"], row["endpoint_id"], row["state"]) == ("fetch", endpoint, "pending")
        assert row["conversation"] == f"{endpoint}/fetch"

    async def test_one_that_nobody_has_begun_takes_the_newer_hint(self, house: House) -> None:
        await house.feed(asked(house, token="t1"), asked(house, token="t2"))
        await house.feed(asked(house, token="t3"))
        assert await self.fetches(house) == [("pending", {"token": "t3"})]

    async def test_about_something_else_is_another(self, house: House) -> None:
        await house.feed(asked(house, "first", n=1), asked(house, "second", n=2), asked(house, "first", n=3))
        assert sorted(hint["n"] for _, hint in await self.fetches(house)) == [2, 3]

    async def test_one_under_way_is_followed_by_another(self, house: House) -> None:
        await house.feed(asked(house, token="t1"))
        await house.execute("UPDATE delivery SET state = 'claimed'")
        await house.feed(asked(house, token="t2"))
        assert await self.fetches(house) == [("claimed", {"token": "t1"}), ("pending", {"token": "t2"})]


class TestUnknownKind:
    async def test_is_kept_for_the_administrator_and_not_on_the_timeline(self, house: House) -> None:
        payload = {"type": "sticker_pack", "token": "abc", "card": "kept as the adapter gave it"}
        event = UnknownReceived(external_id="u1", kind="sticker_pack", payload=payload)
        told = house.envelope("messenger", event)
        await house.feed(told, told)
        await house.feed(told)
        (row,) = await house.rows("SELECT * FROM exchange")
        assert (row["direction"], row["outcome"], row["reason"]) == ("in", "unknown", "sticker_pack")
        assert row["endpoint_id"] == house.endpoints["messenger"].id
        assert "abc" not in row["request"] and "sticker_pack" in row["request"]
        assert await house.value("SELECT count(*) FROM touch") == 0


class TestAnsweredElsewhere:
    async def test_stands_on_the_timeline_and_nobody_waits_any_more(self, house: House) -> None:
        await house.feed(said(house, "help"))
        await house.feed(answered(house, "done", 5, author="Colleague Han"))
        (work,) = await house.rows("SELECT id, state, end_cause, answered_at FROM interaction")
        assert (work["state"], work["end_cause"]) == ("closed", "answered_elsewhere")
        (touch,) = await house.rows("SELECT * FROM touch WHERE direction = 'outbound'")
        assert (touch["text"], touch["author"]["name"]) == ("done", "Colleague Han")
        assert (touch["interaction_id"], touch["delivery_state"]) == (work["id"], "sent")
        assert await house.value("SELECT outcome FROM segment WHERE kind = 'queue'") == "answered"

    async def test_in_one_batch_with_the_question(self, house: House) -> None:
        await house.feed(answered(house, "done", 5), said(house, "help"))
        assert await house.value("SELECT state FROM interaction") == "closed"

    async def test_what_the_customer_wrote_after_it_still_waits(self, house: House) -> None:
        await house.feed(said(house, "help"), said(house, "and one thing more", 9))
        await house.feed(answered(house, "done", 5))
        assert await house.value("SELECT state FROM interaction") == "queued"

    async def test_the_next_question_follows(self, house: House) -> None:
        await house.feed(said(house, "help"))
        await house.feed(answered(house, "done", 5))
        await house.feed(said(house, "thanks, and now?", 9))
        first, second = await house.rows("SELECT id, state, follows_id FROM interaction ORDER BY id")
        assert (second["state"], second["follows_id"]) == ("queued", first["id"])

    async def test_work_in_an_agents_hands_stays_there(self, house: House) -> None:
        await house.feed(said(house, "help"))
        await house.hand_over()
        await house.feed(answered(house, "done", 5))
        assert await house.value("SELECT state FROM interaction") == "active"

    async def test_without_any_work_it_stands_on_the_customers_timeline(self, house: House) -> None:
        await house.feed(answered(house, "good morning", author="Han"))
        (touch,) = await house.rows("SELECT interaction_id, address_id FROM touch")
        assert touch["interaction_id"] is None and touch["address_id"] is not None
        assert await house.value("SELECT count(*) FROM interaction") == 0

    async def test_told_twice_is_one_touch(self, house: House) -> None:
        twice = answered(house, "done", external_id="x")
        await house.feed(twice, twice)
        await house.feed(twice)
        assert await house.value("SELECT count(*) FROM touch") == 1


class TestOurOwnMessageTold:
    @pytest.fixture
    async def sent(self, house: House) -> None:
        """Our answer, which a sender has in hand."""
        await house.feed(said(house, "help"))
        await house.hand_over()
        await house.execute(
            "INSERT INTO touch (tenant_id, id, interaction_id, address_id, endpoint_id, at, direction, kind, "
            "channel, text, payload, attachments, author, delivery_state, delivery_hops, version) "
            "SELECT tenant_id, :id, id, address_id, endpoint_id, clock_timestamp(), 'outbound', 'message', "
            "channel, 'hi', '{}', '[]', '{}', 'pending', '[]', 1 FROM interaction",
            id=(touch_id := new_id()),
        )
        await house.execute(
            "INSERT INTO delivery (id, tenant_id, kind, endpoint_id, interaction_id, touch_id, conversation, "
            "payload, provider_key, state, attempts) SELECT :id, tenant_id, 'message', endpoint_id, id, :id, "
            "endpoint_id || '/' || conversation, jsonb_build_object('conversation', conversation), 'k', "
            "'claimed', 1 FROM interaction",
            id=touch_id,
        )

    async def test_before_its_id_is_recorded(self, house: House, sent: None) -> None:
        await house.feed(answered(house, "hi"))
        assert await house.value("SELECT count(*) FROM touch WHERE direction = 'outbound'") == 1

    async def test_afterwards(self, house: House, sent: None) -> None:
        await house.execute("UPDATE touch SET provider_id = 'x1' WHERE direction = 'outbound'")
        await house.execute("UPDATE delivery SET state = 'sent'")
        await house.feed(answered(house, "hi", external_id="x1"))
        assert await house.value("SELECT count(*) FROM touch WHERE direction = 'outbound'") == 1

    async def test_the_same_words_later_are_another_message(self, house: House, sent: None) -> None:
        await house.execute("UPDATE touch SET provider_id = 'x1' WHERE direction = 'outbound'")
        await house.execute("UPDATE delivery SET state = 'sent'")
        await house.feed(answered(house, "hi", external_id="x2"))
        assert await house.value("SELECT count(*) FROM touch WHERE direction = 'outbound'") == 2
