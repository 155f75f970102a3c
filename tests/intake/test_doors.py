"""Doors: opening hours, nobody signed in, emergency closure; live work is turned away, mails wait inside."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

from sqlalchemy import update

from app.clock import new_id
from app.events import Address, CallBridged, CallEnded, CallIncoming
from models import Queue
from tests.intake.house import House
from tests.intake.test_mails import mail

SLOW: dict[str, Any] = {
    "key": "slow",
    "teams": [{"key": "support"}],
    "channels": {"chat": {"expected_handle_seconds": 600}},
    "full": {"max_estimated_wait_seconds": 1000, "queue": "sales"},
}


async def send_to(house: House, endpoint: str, queue: str) -> None:
    await house.execute(
        "UPDATE endpoint SET queue = :queue WHERE id = :id", queue=queue, id=house.endpoints[endpoint].id
    )


async def close(house: House, queue: str, **facts: Any) -> None:
    async with house.api.transaction(house.tenant_id) as session:
        closure = {"reason": "fire", **facts}
        await session.execute(update(Queue).where(Queue.key == queue).values(closure=closure))


def call(house: House, number: str | None = "+8613900001111", **facts: Any) -> Any:
    address = None if number is None else Address(kind="phone", value=number)
    told = {"external_id": new_id().hex, "conversation": new_id().hex, "address": address, **facts}
    return house.envelope("hotline", CallIncoming(occurred_at=datetime.now(UTC), **told))


class TestClosedByItsHours:
    async def test_a_chat_is_told_and_closed_and_never_offered(self, house: House) -> None:
        await send_to(house, "site-chat", "night")
        await house.feed(house.said(await house.visitor(), "anybody?"))
        (row,) = await house.rows("SELECT * FROM interaction")
        assert (row["state"], row["end_cause"]) == ("closed", "closed")
        segments = await house.rows("SELECT kind, outcome, started_at = ended_at AS short FROM segment")
        assert segments == [{"kind": "closed_door", "outcome": "closed", "short": True}]
        (answer,) = await house.rows("SELECT * FROM touch WHERE direction = 'outbound'")
        assert (answer["text"], answer["author"]["type"]) == ("We are closed.", "system")
        told = await house.rows("SELECT data FROM event_log WHERE type = 'touchpoint.touch.created.v1'")
        assert all(b"visitor_id" in row["data"] for row in told)

    async def test_a_mail_waits_inside_and_its_sender_is_told_once(self, house: House) -> None:
        await send_to(house, "support-mail", "night")
        await house.feed(await house.mail(mail(text="one")))
        await house.feed(await house.mail(mail(text="two")))
        assert await house.value("SELECT count(*) FROM interaction WHERE state = 'queued'") == 2
        (delivery,) = await house.rows("SELECT * FROM delivery")
        assert delivery["payload"]["automatic"] is True

    async def test_a_call_hears_the_announcement_and_is_over(self, house: House) -> None:
        await house.feed(call(house, queue="night"))
        assert await house.value("SELECT state FROM interaction") == "closed"
        (order,) = await house.rows("SELECT * FROM delivery")
        assert order["payload"]["command"] == "call.play"
        assert order["payload"]["arguments"] == {"announcement": "We are closed.", "then": "end"}

    async def test_work_goes_where_the_door_sends_it(self, house: House) -> None:
        await send_to(house, "site-chat", "moved")
        await house.feed(house.said(await house.visitor(), "hello"))
        (row,) = await house.rows("SELECT * FROM interaction")
        assert (row["state"], row["queue"]) == ("queued", "sales")
        entries = await house.rows("SELECT queue, outcome FROM segment ORDER BY id")
        assert entries == [{"queue": "moved", "outcome": "flowed_out"}, {"queue": "sales", "outcome": None}]


class TestNobodySignedIn:
    async def test_turns_a_chat_away_until_somebody_is(self, house: House) -> None:
        await send_to(house, "site-chat", "empty")
        await house.feed(house.said(await house.visitor(), "hello"))
        assert await house.value("SELECT end_cause FROM interaction") == "nobody_signed_in"
        await house.execute("UPDATE agent SET signed_in = true")  # a desktop is open, its agent offline
        await house.feed(house.said(await house.visitor(), "hello"))
        assert await house.value("SELECT count(*) FROM interaction WHERE state = 'queued'") == 0
        await house.execute("UPDATE agent SET presence = 'break'")
        await house.feed(house.said(await house.visitor(), "hello"))
        assert await house.value("SELECT count(*) FROM interaction WHERE state = 'queued'") == 1


class TestFull:
    async def test_turns_the_next_chat_away(self, house: House) -> None:
        await send_to(house, "site-chat", "small")
        for _ in range(3):
            await house.feed(house.said(await house.visitor(), "hello"))
        states = await house.rows("SELECT state, end_cause FROM interaction ORDER BY id")
        assert [(row["state"], row["end_cause"]) for row in states] == [
            ("queued", None),
            ("queued", None),
            ("closed", "full"),
        ]
        told = await house.value("SELECT text FROM touch WHERE direction = 'outbound'")
        assert told == "All lines are busy."
        found = await house.figures("small")
        assert (found["offered"], found["waiting"], found["closed"]) == (2, 2, 1)

    async def test_counts_those_who_come_in_one_batch(self, house: House) -> None:
        await send_to(house, "site-chat", "small")
        await house.feed(*[house.said(await house.visitor(), "hello") for _ in range(5)])
        assert await house.value("SELECT count(*) FROM interaction WHERE state = 'queued'") == 2

    async def test_gives_the_last_place_to_one_of_those_who_come_at_once(self, house: House) -> None:
        await send_to(house, "site-chat", "small")
        said = [house.said(await house.visitor(), "hello") for _ in range(8)]
        await asyncio.gather(*(house.feed(one) for one in said))
        assert await house.value("SELECT count(*) FROM interaction WHERE state = 'queued'") == 2

    async def test_mails_wait_inside_and_turn_no_chat_away(self, house: House) -> None:
        await send_to(house, "site-chat", "small")
        await send_to(house, "support-mail", "small")
        for number in range(3):
            await house.feed(await house.mail(mail(text=str(number))))
        await house.feed(house.said(await house.visitor(), "hello"))
        assert await house.value("SELECT count(*) FROM interaction WHERE state = 'queued'") == 4

    async def test_has_room_again_once_somebody_is_served(self, house: House) -> None:
        await send_to(house, "site-chat", "small")
        await house.feed(*[house.said(await house.visitor(), "hello") for _ in range(2)])
        await house.hand_over()
        await house.feed(house.said(await house.visitor(), "hello"))
        assert await house.value("SELECT count(*) FROM interaction WHERE state = 'queued'") == 1

    async def test_by_the_estimated_wait_goes_where_the_door_sends_it(self, house: House) -> None:
        """One agent with room for one chat, 600 s each: the second in line waits 1007 s, every other time."""
        await house.execute(
            "UPDATE agent SET signed_in = true, presence = 'available', channel_max = '{\"chat\": 1}'"
        )
        await house.publish(SLOW)
        await send_to(house, "site-chat", "slow")
        for _ in range(2):
            await house.feed(house.said(await house.visitor(), "hello"))
        queues = await house.rows("SELECT queue FROM interaction ORDER BY id")
        assert [row["queue"] for row in queues] == ["slow", "sales"]


class TestACallback:
    """Of the queue `popular`, which is always full, but open."""

    async def test_is_promised_to_a_caller_instead_of_being_turned_away(self, house: House) -> None:
        await house.feed(call(house, queue="popular"))
        (row,) = await house.rows("SELECT * FROM interaction")
        assert (row["state"], row["queue"]) == ("callback_waiting", "popular")
        assert row["callback_to"] == "+8613900001111"
        (order,) = await house.rows("SELECT * FROM delivery")
        assert order["payload"]["arguments"] == {"announcement": "We call you.", "then": "end"}
        found = await house.figures("popular")
        assert (found["offered"], found["callback_requested"], found["closed"]) == (1, 1, 0)
        (touch,) = await house.rows("SELECT * FROM touch")
        assert touch["payload"]["call_id"]

    async def test_is_not_promised_where_nobody_can_be_called(self, house: House) -> None:
        """A withheld number; a queue that never opens again."""
        await house.feed(call(house, None, queue="popular"))
        await house.feed(call(house, queue="patient"))
        causes = await house.rows("SELECT state, end_cause FROM interaction ORDER BY id")
        assert [(row["state"], row["end_cause"]) for row in causes] == [
            ("closed", "full"),
            ("closed", "closed"),
        ]

    async def test_is_promised_once(self, house: House) -> None:
        await house.feed(call(house, queue="popular"))
        await house.feed(call(house, queue="popular"))
        states = await house.rows("SELECT state FROM interaction ORDER BY id")
        assert [row["state"] for row in states] == ["callback_waiting", "closed"]

    async def test_a_chat_is_turned_away(self, house: House) -> None:
        await send_to(house, "site-chat", "popular")
        await house.feed(house.said(await house.visitor(), "hello"))
        assert await house.value("SELECT state FROM interaction") == "closed"


class TestEmergencyClosure:
    async def test_works_on_the_next_arrival_and_ends_by_itself(self, house: House) -> None:
        await close(house, "billing", announcement="Fire drill.")
        await house.feed(house.said(await house.visitor(), "hello"))
        assert await house.value("SELECT end_cause FROM interaction") == "closure"
        assert await house.value("SELECT text FROM touch WHERE direction = 'outbound'") == "Fire drill."
        await close(house, "billing", until=(datetime.now(UTC) - timedelta(seconds=1)).isoformat())
        await house.feed(house.said(await house.visitor(), "hello"))
        assert await house.value("SELECT count(*) FROM interaction WHERE state = 'queued'") == 1

    async def test_leaves_who_waits_inside(self, house: House) -> None:
        visitor = await house.visitor()
        await house.feed(house.said(visitor, "hello"))
        await close(house, "billing")
        await house.feed(house.said(visitor, "still there?"))
        assert await house.value("SELECT state FROM interaction") == "queued"


class TestACall:
    async def test_stands_on_the_timeline_and_waits(self, house: House) -> None:
        await house.feed(call(house, queue="sales", collected_digits="42"))
        (row,) = await house.rows("SELECT * FROM interaction")
        assert (row["channel"], row["state"], row["queue"]) == ("voice", "queued", "sales")
        (touch,) = await house.rows("SELECT * FROM touch")
        assert (touch["kind"], touch["payload"]["collected_digits"]) == ("call", "42")

    async def test_for_an_unknown_queue_goes_to_the_endpoints(self, house: House) -> None:
        await house.feed(call(house, queue="nowhere"))
        assert await house.value("SELECT queue FROM interaction") == "billing"

    async def test_of_withheld_numbers_are_never_one_customer(self, house: House) -> None:
        await house.feed(call(house, None), call(house, None))
        await house.feed(call(house, None))
        addresses = await house.rows("SELECT DISTINCT address_id FROM interaction")
        assert len(addresses) == 3
        assert await house.value("SELECT count(*) FROM customer") == 0

    async def test_of_one_number_is_one_customer(self, house: House) -> None:
        await house.feed(call(house), call(house))
        await house.feed(call(house))
        assert await house.value("SELECT count(*) FROM customer") == 1
        assert await house.value("SELECT count(*) FROM interaction") == 3


class TestTheEndOfACall:
    async def test_stands_on_its_touch_in_whatever_order_it_was_told(self, house: House) -> None:
        seen = []
        for order in permutations(range(3)):
            call_id, start = new_id().hex, datetime(2026, 11, 20, 12, tzinfo=UTC)
            facts = [
                CallIncoming(occurred_at=start),
                CallBridged(occurred_at=start + timedelta(seconds=10)),
                CallEnded(occurred_at=start + timedelta(seconds=70), by="customer"),
            ]
            names = [{"external_id": new_id().hex, "conversation": call_id} for _ in facts]
            told = [
                house.envelope("hotline", fact.model_copy(update=name))
                for fact, name in zip(facts, names, strict=True)
            ]
            await house.feed_one_by_one([told[index] for index in order])
            (touch,) = await house.rows(
                "SELECT t.payload FROM touch t JOIN interaction i ON i.id = t.interaction_id "
                "WHERE i.conversation = :call",
                call=call_id,
            )
            seen.append({**touch["payload"], "call_id": None})
        assert all(payload == seen[0] for payload in seen)
        assert (seen[0]["outcome"], seen[0]["duration_seconds"]) == ("answered", 60)

    async def test_without_a_talk_is_abandoned(self, house: House) -> None:
        start = call(house)
        ended = CallEnded(external_id="e", conversation=start.key.rpartition("/")[2], by="customer")
        await house.feed(start)
        await house.feed(house.envelope("hotline", ended))
        (touch,) = await house.rows("SELECT * FROM touch")
        assert (touch["payload"]["outcome"], touch["version"]) == ("abandoned", 2)
