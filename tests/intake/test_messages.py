"""Chat messages: one touch each, one conversation, one customer, in any order and however often."""

import asyncio
import json
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from app.clock import new_id
from app.events import Address, DeliveryUpdated, VisitorConnected, VisitorDisconnected
from app.text import clean_text
from tests.intake.house import NOON, House

STRANGE = [
    "\u202e\u2066",
    "Ω≈ç√∫˜µ",
    "<script>alert(1)</script>",
    "'; DROP TABLE touch; --",
    "👩\u200d👩\u200d👧",
    "ａ\u0301",
]


class TestFirstMessage:
    async def test_opens_an_interaction_that_waits_in_the_endpoints_queue(self, house: House) -> None:
        visitor = await house.visitor()
        await house.feed(house.said(visitor, "你好，我想退款", name="Wang"))
        (row,) = await house.rows("SELECT * FROM interaction")
        assert (row["state"], row["queue"], row["channel"]) == ("queued", "billing", "chat")
        assert (row["tier"], row["version"], row["preview"]) == ("standard", 1, "你好，我想退款")
        (customer,) = await house.rows("SELECT * FROM customer")
        assert customer["name"] == "Wang"
        (touch,) = await house.rows("SELECT * FROM touch")
        assert touch["text"] == "你好，我想退款"
        assert touch["interaction_id"] == row["id"]

    async def test_is_told_on_activity_and_to_the_router(self, house: House) -> None:
        visitor = await house.visitor()
        await house.feed(house.said(visitor, "hello"))
        told = {
            row["type"]: json.loads(row["data"])
            for row in await house.rows("SELECT type, data FROM event_log")
        }
        assert set(told) == {
            "touchpoint.interaction.changed.v1",
            "touchpoint.touch.created.v1",
            "touchpoint.work.changed.v1",
        }
        touch = told["touchpoint.touch.created.v1"]
        assert touch["visitor_id"] == str(visitor)
        assert touch["touch"]["text"] == "hello"
        assert touch["touch"]["address"] == {"kind": "visitor", "value": str(visitor)}

    async def test_names_the_customer_after_what_the_visitor_said_first(self, house: House) -> None:
        for order in (0, 1):
            visitor = await house.visitor()
            came = _connected(house, visitor, name="王芳")
            both = [came, house.said(visitor, "hello")]
            await house.feed_one_by_one(both[::-1] if order else both)
        names = [row["name"] for row in await house.rows("SELECT name FROM customer")]
        assert names == ["王芳", "王芳"]

    async def test_of_a_platinum_customer_has_their_tier(self, house: House) -> None:
        visitor = await house.visitor()
        await house.feed(house.said(visitor, "one"))
        await house.execute("UPDATE customer SET tier = 'platinum'")
        await house.execute("UPDATE interaction SET state = 'closed', ended_at = clock_timestamp()")
        await house.feed(house.said(visitor, "two"))
        assert await house.value("SELECT tier FROM interaction WHERE state = 'queued'") == "platinum"


class TestWhatNobodyMustAnswer:
    async def test_is_kept_and_opens_nothing(self, house: House) -> None:
        visitor = await house.visitor()
        await house.feed(house.said(visitor, "👍", wakes=False))
        assert await house.value("SELECT text FROM touch") == "👍"
        assert await house.value("SELECT count(*) FROM interaction") == 0

    async def test_does_not_bring_parked_work_back(self, house: House) -> None:
        visitor = await house.visitor()
        await house.feed(house.said(visitor, "hello"))
        await house.hand_over(park=True)
        await house.feed(house.said(visitor, "👍", wakes=False))
        (row,) = await house.rows("SELECT * FROM interaction")
        assert row["state"] == "parked"
        assert await house.value("SELECT count(*) FROM touch") == 2


class TestTheSameMessageAgain:
    async def test_in_one_batch_later_and_in_parallel_is_one_touch(self, house: House) -> None:
        visitor = await house.visitor()
        one = house.said(visitor, "hello", client_message_id="m1", at=NOON)
        await house.feed(one, one)
        again = house.said(visitor, "hello", client_message_id="m1", at=NOON)
        await asyncio.gather(*(house.feed(again) for _ in range(3)))
        assert await house.value("SELECT count(*) FROM touch") == 1
        assert await house.value("SELECT version FROM interaction") == 1

    async def test_of_another_visitor_is_another_message(self, house: House) -> None:
        for _ in range(2):
            await house.feed(house.said(await house.visitor(), "hello", client_message_id="1"))
        assert await house.value("SELECT count(*) FROM touch") == 2


class TestTwentyFirstMessages:
    async def test_of_one_visitor_are_one_customer_one_interaction_twenty_touches(self, house: House) -> None:
        visitor = await house.visitor()
        said = [house.said(visitor, f"message {number}") for number in range(20)]
        await asyncio.gather(*(house.feed(*said[start : start + 5]) for start in range(0, 20, 5)))
        counts = await house.rows(
            "SELECT (SELECT count(*) FROM customer) AS customers, (SELECT count(*) FROM touch) AS touches, "
            "(SELECT count(*) FROM interaction) AS interactions, (SELECT count(*) FROM address) AS addresses"
        )
        assert counts == [{"customers": 1, "touches": 20, "interactions": 1, "addresses": 1}]


class TestALaterMessage:
    async def test_on_work_in_hand_makes_the_agents_view_stale(self, house: House) -> None:
        visitor = await house.visitor()
        await house.feed(house.said(visitor, "one"))
        await house.hand_over()
        before = (await house.rows("SELECT * FROM interaction"))[0]
        await house.feed(house.said(visitor, "two"))
        (after,) = await house.rows("SELECT * FROM interaction")
        assert after["state"] == "active"
        assert after["relevant_version"] == after["version"] > before["version"]

    async def test_on_parked_work_brings_it_back_to_its_agent_first(self, house: House) -> None:
        visitor = await house.visitor()
        await house.feed(house.said(visitor, "one"))
        await house.hand_over(park=True)
        await house.feed(house.said(visitor, "two"))
        (row,) = await house.rows("SELECT * FROM interaction")
        assert (row["state"], row["entry_kind"]) == ("queued", "return")
        assert row["preferred_agent_id"] == house.agent.id

    @pytest.mark.parametrize(("hours", "follows"), [(71, True), (73, False)])
    async def test_on_closed_work_follows_it_for_three_days(
        self, house: House, hours: int, follows: bool
    ) -> None:
        visitor = await house.visitor()
        await house.feed(house.said(visitor, "one"))
        await house.execute(
            "UPDATE interaction SET state = 'closed', queue = 'sales', last_agent_id = :agent, "
            "ended_at = clock_timestamp() - make_interval(hours => :hours)",
            agent=house.agent.id,
            hours=hours,
        )
        await house.feed(house.said(visitor, "two"))
        (old,) = await house.rows("SELECT * FROM interaction WHERE state = 'closed'")
        (new,) = await house.rows("SELECT * FROM interaction WHERE state = 'queued'")
        assert new["follows_id"] == (old["id"] if follows else None)
        assert new["queue"] == ("sales" if follows else "billing")
        assert new["preferred_agent_id"] == (house.agent.id if follows else None)
        assert new["entry_kind"] == "new"

    async def test_while_the_agent_wraps_up_opens_what_follows(self, house: House) -> None:
        visitor = await house.visitor()
        await house.feed(house.said(visitor, "one"))
        await house.execute("UPDATE interaction SET state = 'wrap_up'")
        await house.feed(house.said(visitor, "two"), house.said(visitor, "three"))
        (new,) = await house.rows("SELECT * FROM interaction WHERE state = 'queued'")
        assert new["follows_id"] is not None
        touches = await house.value("SELECT count(*) FROM touch WHERE interaction_id = :id", id=new["id"])
        assert touches == 2


class TestAnyOrder:
    async def test_of_messages_and_sockets_gives_the_same_rows(self, house: House) -> None:
        seen = []
        for order in permutations(range(4)):
            visitor = await house.visitor()
            events = [
                _connected(house, visitor, at=NOON, name="Wang"),
                house.said(visitor, "one", at=NOON + timedelta(seconds=1)),
                house.said(visitor, "two", at=NOON + timedelta(seconds=2)),
                _gone(house, visitor, at=NOON + timedelta(seconds=3)),
            ]
            await house.feed_one_by_one([events[index] for index in order])
            seen.append(await _what_stands(house, visitor))
        assert all(rows == seen[0] for rows in seen)
        assert seen[0]["customer_gone_at"] == NOON + timedelta(seconds=3)

    async def test_of_receipts_and_the_sending_gives_the_same_delivery(self, house: House) -> None:
        seen = []
        for order in permutations(["sent", "delivered", "read"]):
            touch = await house.outbound()
            await house.feed_one_by_one(
                [_receipt(house, touch, state, minutes=len(state)) for state in order]
            )
            (row,) = await house.rows("SELECT * FROM touch WHERE id = :id", id=touch)
            seen.append((row["delivery_state"], row["delivery_hops"]))
        assert all(rows == seen[0] for rows in seen)
        assert seen[0][0] == "read"

    async def test_a_receipt_of_what_nobody_sent_yet_waits(self, house: House) -> None:
        await house.feed(_receipt(house, new_id(), "delivered"))
        assert await house.value("SELECT count(*) FROM receipt") == 1


class TestManyAtOnce:
    async def test_take_as_many_statements_as_few(self, house: House) -> None:
        await house.feed(house.said(await house.visitor(), "the policy is read once"))
        counted = []
        for size in (3, 60):
            visitors = [await house.visitor() for _ in range(size)]
            batch = [house.said(visitor, f"hello from {visitor}") for visitor in visitors]
            house.statements.clear()
            await house.feed(*batch)
            counted.append(len(house.statements))
        assert counted[0] == counted[1] <= 25

    async def test_of_known_visitors_too(self, house: House) -> None:
        visitors = [await house.visitor() for _ in range(40)]
        await house.feed(*(house.said(visitor, "one") for visitor in visitors))
        counted = []
        for some in (visitors[:3], visitors[3:]):
            house.statements.clear()
            await house.feed(*(house.said(visitor, "two") for visitor in some))
            counted.append(len(house.statements))
        assert counted[0] == counted[1] <= 25


class TestWhatWasSaid:
    @pytest.mark.parametrize("text", STRANGE)
    async def test_is_kept_exactly(self, house: House, text: str) -> None:
        await house.feed(house.said(await house.visitor(), text, name=text or None))
        assert await house.value("SELECT text FROM touch") == text

    async def test_is_kept_exactly_whatever_breaks_programs(self, house: House, shared_data: Path) -> None:
        strings: list[str] = json.loads((shared_data / "naughty_strings.json").read_text())
        visitor = await house.visitor()
        texts = [clean_text(text) for text in strings]
        await house.feed(*(house.said(visitor, text) for text in texts))
        stored = [row["text"] for row in await house.rows("SELECT text FROM touch ORDER BY id")]
        assert stored == texts


def _connected(house: House, visitor: Any, **facts: Any) -> Any:
    at = facts.pop("at", NOON)
    address = Address(kind="visitor", value=str(visitor))
    fact = VisitorConnected(conversation=str(visitor), address=address, occurred_at=at, **facts)
    return house.envelope("site-chat", fact)


def _gone(house: House, visitor: Any, at: Any) -> Any:
    address = Address(kind="visitor", value=str(visitor))
    fact = VisitorDisconnected(conversation=str(visitor), address=address, occurred_at=at)
    return house.envelope("site-chat", fact)


def _receipt(house: House, touch: Any, state: Any, minutes: int = 0) -> Any:
    at = NOON + timedelta(minutes=minutes)
    return house.envelope("site-chat", DeliveryUpdated(external_id=str(touch), state=state, occurred_at=at))


async def _what_stands(house: House, visitor: Any) -> dict[str, Any]:
    """The visitor's rows without ids and arrival times."""
    (row,) = await house.rows(
        "SELECT i.state, i.preview, i.customer_gone_at, i.last_customer_touch_at, i.last_touch_at, c.name, "
        "v.name AS visitor_name FROM interaction i JOIN customer c ON c.id = i.customer_id "
        "JOIN visitor v ON CAST(v.id AS text) = i.conversation WHERE i.conversation = :visitor",
        visitor=str(visitor),
    )
    touches = await house.rows(
        "SELECT t.at, t.text, t.direction FROM touch t JOIN interaction i ON i.id = t.interaction_id "
        "WHERE i.conversation = :visitor ORDER BY t.at",
        visitor=str(visitor),
    )
    return {**row, "touches": touches}
