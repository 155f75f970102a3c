"""Who waits at closing time: served for `drain_seconds` more, then turned away at the door."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from app.clock import SystemClock
from insights.figures import Exit
from interactions.agents.messages import tell, warn_of_silence
from interactions.life.facts import microseconds
from interactions.life.pace import PaceBook
from interactions.routed.draining import drained
from interactions.routed.timers import Timers
from tests.intake.house import House
from tests.intake.test_doors import call, send_to
from tests.intake.test_mails import mail


async def sweep(house: House) -> None:
    """What the worker does every 200 ms."""
    paces = PaceBook(house.policies, SystemClock())
    timers = Timers(house.policies, paces, warn_of_silence, partial(tell, house))
    now = await house.value("SELECT clock_timestamp()")
    async with house.worker.transaction(house.tenant_id) as session:
        policy = await house.policies.current(session, house.tenant_id)
    async with house.worker.transaction() as session:
        gone = drained(house.tenant_id, policy, microseconds(now))
        due = await timers.find(session, [house.tenant_id], gone)
    async with house.worker.transaction(house.tenant_id) as session:
        await timers.fire(session, house.tenant_id, due)


async def wait_in(house: House, queue: str, seconds: int) -> None:
    """Everything waits in this queue, and has for so long; its door is not asked again."""
    await house.execute("UPDATE interaction SET queue = :queue", queue=queue)
    await house.execute("UPDATE segment SET queue = :queue", queue=queue)
    await house.execute(
        "UPDATE interaction SET queue_entered_at = clock_timestamp() - make_interval(secs => :s)", s=seconds
    )


async def only(house: House, query: str) -> dict[str, Any]:
    (row,) = await house.rows(query)
    return row


class TestAChat:
    async def test_is_told_and_ended_by_us(self, house: House) -> None:
        await house.feed(house.said(await house.visitor(), "hello"))
        await wait_in(house, "evening", 601)
        await sweep(house)
        row = await only(house, "SELECT * FROM interaction")
        assert (row["state"], row["end_cause"], row["ended_by"]) == ("closed", "closed", "platform")
        assert (await only(house, "SELECT * FROM segment"))["outcome"] == "ended_by_us"
        assert await house.value("SELECT text FROM touch WHERE direction = 'outbound'") == "Good night."

    async def test_counts_as_offered_and_ended_by_us(self, house: House) -> None:
        await house.feed(house.said(await house.visitor(), "hello"))
        await wait_in(house, "evening", 601)
        await sweep(house)
        await send_to(house, "site-chat", "evening")
        await house.feed(house.said(await house.visitor(), "too late"))
        found = await house.figures("evening")
        assert (found["offered"], found["ended_by_us"], found["closed"]) == (1, 1, 1)
        assert sum(found[kind.value] for kind in Exit) == found["offered"]

    async def test_is_served_until_then(self, house: House) -> None:
        await house.feed(house.said(await house.visitor(), "hello"))
        await wait_in(house, "evening", 590)
        await sweep(house)
        assert await house.value("SELECT state FROM interaction") == "queued"

    async def test_waits_on_while_the_queue_is_open(self, house: House) -> None:
        await house.feed(house.said(await house.visitor(), "hello"))
        await wait_in(house, "day", 10_000)
        await sweep(house)
        assert await house.value("SELECT state FROM interaction") == "queued"

    async def test_waits_until_the_queue_is_empty_where_there_is_no_limit(self, house: House) -> None:
        await house.feed(house.said(await house.visitor(), "hello"))
        await wait_in(house, "night", 10_000)
        await sweep(house)
        assert await house.value("SELECT state FROM interaction") == "queued"

    async def test_goes_where_the_closed_door_sends_it(self, house: House) -> None:
        await house.feed(house.said(await house.visitor(), "hello"))
        await wait_in(house, "late", 601)
        await sweep(house)
        entries = await house.rows("SELECT queue, outcome FROM segment ORDER BY id")
        assert entries == [{"queue": "late", "outcome": "flowed_out"}, {"queue": "sales", "outcome": None}]

    async def test_in_an_agents_hands_stays(self, house: House) -> None:
        await house.feed(house.said(await house.visitor(), "hello"))
        await house.hand_over()
        await wait_in(house, "evening", 10_000)
        await sweep(house)
        assert await house.value("SELECT state FROM interaction") == "active"


class TestOthers:
    async def test_a_call_hears_the_announcement(self, house: House) -> None:
        await house.feed(call(house))
        await wait_in(house, "evening", 601)
        await sweep(house)
        order = await only(house, "SELECT * FROM delivery WHERE payload ->> 'command' = 'call.play'")
        assert order["payload"]["arguments"] == {"announcement": "Good night.", "then": "end"}
        assert await house.value("SELECT state FROM interaction") == "closed"

    async def test_a_caller_is_promised_a_callback_where_the_door_offers_one(self, house: House) -> None:
        """The queue opens in two days, for one afternoon."""
        opens = (datetime.now(UTC) + timedelta(days=2)).date()
        await house.publish(
            {
                "key": "soon",
                "hours": "once",
                "drain_seconds": 600,
                "closed": {"callback": True, "announcement": "We call you."},
            },
            calendars=[{"key": "once", "dates": {str(opens): ["12:00-18:00"]}}],
        )
        await house.feed(call(house))
        await wait_in(house, "soon", 601)
        await sweep(house)
        row = await only(house, "SELECT * FROM interaction")
        assert (row["state"], row["callback_at"].isoformat()) == (
            "callback_waiting",
            f"{opens}T12:00:00+00:00",
        )
        await sweep(house)
        assert await house.value("SELECT state FROM interaction") == "callback_waiting"

    async def test_a_mail_waits_for_the_morning(self, house: House) -> None:
        await house.feed(await house.mail(mail(text="one")))
        await wait_in(house, "evening", 100_000)
        await sweep(house)
        assert await house.value("SELECT state FROM interaction") == "queued"
