"""Reply windows: opened by what the customer does, in whatever order it is told, and shown on their work."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from app.clock import new_id
from app.events import Address, InboundEvent, MessageReceived, ReplyWindow, ReplyWindowOpened
from tests.intake.house import House

WANG = Address(kind="wechat", value="wx1:openid")
TWO_DAYS = ReplyWindow(seconds=48 * 3600, messages=5)
A_MINUTE = ReplyWindow(seconds=60, messages=3)
A_DAY = ReplyWindow(seconds=24 * 3600)


def said(house: House, window: ReplyWindow | None, ago: float = 0, text: str = "hello") -> Any:
    return told(house, MessageReceived, ago, reply_window=window, text=text)


def clicked(house: House, ago: float = 0) -> Any:
    return told(house, ReplyWindowOpened, ago, reply_window=A_MINUTE)


def told(house: House, kind: type[InboundEvent], ago: float, **facts: Any) -> Any:
    return told_of(house, kind, datetime.now(UTC) - timedelta(seconds=ago), **facts)


def told_of(house: House, kind: type[InboundEvent], at: datetime, **facts: Any) -> Any:
    event = kind(external_id=new_id().hex, conversation=WANG.value, address=WANG, occurred_at=at, **facts)
    return house.envelope("messenger", event, at)


async def work(house: House) -> dict[str, Any]:
    (row,) = await house.rows("SELECT * FROM interaction WHERE state = 'queued'")
    return row


class TestMessage:
    async def test_opens_the_window_that_its_work_shows(self, house: House) -> None:
        await house.feed(said(house, TWO_DAYS))
        row = await work(house)
        left = row["reply_until"] - datetime.now(UTC)
        assert timedelta(hours=47, minutes=59) < left < timedelta(hours=48)
        assert row["replies_left"] == 5

    @pytest.mark.parametrize(
        ("window", "before_the_end"), [(A_DAY, 2 * 3600), (TWO_DAYS, 2 * 3600), (A_MINUTE, 12)]
    )
    async def test_its_work_is_overdue_two_hours_or_a_fifth_before_the_end(
        self, house: House, window: ReplyWindow, before_the_end: float
    ) -> None:
        await house.feed(said(house, window))
        row = await work(house)
        assert row["reply_until"] - row["reply_due_at"] == timedelta(seconds=before_the_end)
        due = await house.value(
            "SELECT convert_from(data, 'UTF8')::jsonb -> 'state' ->> 'due' FROM event_log "
            "WHERE type = 'touchpoint.work.changed.v1'"
        )
        assert int(due) == round(row["reply_due_at"].timestamp() * 1_000_000)

    async def test_a_later_one_opens_it_anew(self, house: House) -> None:
        await house.feed(said(house, TWO_DAYS, 3600))
        await house.execute("UPDATE reply_window SET messages_left = 1")
        await house.feed(said(house, TWO_DAYS))
        assert (await work(house))["replies_left"] == 5

    async def test_one_of_the_same_second_opens_it_anew(self, house: House) -> None:
        """Platforms that tell whole seconds: no answer may be refused because the customer wrote fast."""
        at = datetime.now(UTC).replace(microsecond=0)
        await house.feed(told_of(house, MessageReceived, at, reply_window=TWO_DAYS, text="hello"))
        await house.execute("UPDATE reply_window SET messages_left = 0")
        await house.feed(told_of(house, MessageReceived, at, reply_window=TWO_DAYS, text="again"))
        assert (await work(house))["replies_left"] == 5

    async def test_without_one_shows_none(self, house: House) -> None:
        await house.feed(said(house, None))
        row = await work(house)
        assert (row["reply_until"], row["reply_due_at"]) == (None, None)


class TestAnyOrder:
    async def test_gives_the_same_windows(self, house: House) -> None:
        events = [said(house, TWO_DAYS, 300), clicked(house, 200), said(house, TWO_DAYS, 100)]
        found = []
        for order in permutations(events):
            await house.execute("DELETE FROM reply_window")
            await house.execute("DELETE FROM delivery_key")
            for envelope in order:
                await house.feed(envelope)
            found.append(
                await house.rows("SELECT seconds, until, messages_left FROM reply_window ORDER BY seconds")
            )
        assert all(rows == found[0] for rows in found) and len(found[0]) == 2


class TestClick:
    async def test_opens_no_work_and_makes_no_customer(self, house: House) -> None:
        await house.feed(clicked(house))
        assert await house.value("SELECT count(*) FROM interaction") == 0
        assert await house.value("SELECT count(*) FROM customer") == 0
        assert await house.value("SELECT count(*) FROM touch") == 0
        assert await house.value("SELECT messages_left FROM reply_window") == 3

    async def test_stands_on_the_timeline_beside_the_work_there_is(self, house: House) -> None:
        payload = {"type": "event", "event": "menu_click", "key": "HOURS"}
        await house.feed(told(house, ReplyWindowOpened, 9, reply_window=A_MINUTE, payload=payload))
        await house.feed(said(house, TWO_DAYS, 5))
        await house.feed(told(house, ReplyWindowOpened, 1, reply_window=A_MINUTE, payload=payload))
        rows = await house.rows("SELECT kind, direction, payload, interaction_id FROM touch ORDER BY at")
        assert [row["kind"] for row in rows] == ["system", "message", "system"]
        assert {row["direction"] for row in rows} == {"inbound"}
        assert rows[2]["payload"] == payload
        assert rows[0]["interaction_id"] is None
        assert rows[1]["interaction_id"] == rows[2]["interaction_id"] is not None

    async def test_when_the_longer_window_is_used_up_shows_its_own(self, house: House) -> None:
        await house.feed(said(house, TWO_DAYS, 60))
        await house.execute("UPDATE reply_window SET messages_left = 0")
        await house.feed(clicked(house))
        row = await work(house)
        assert row["replies_left"] == 3
        assert row["reply_until"] - datetime.now(UTC) < timedelta(seconds=61)

    async def test_does_not_hide_the_longer_one(self, house: House) -> None:
        await house.feed(said(house, TWO_DAYS, 60))
        await house.feed(clicked(house))
        assert (await work(house))["replies_left"] == 5


class TestAutomaticAnswer:
    async def test_uses_one_up(self, house: House) -> None:
        await house.execute("UPDATE endpoint SET queue = 'night' WHERE key = 'messenger'")
        await house.feed(said(house, TWO_DAYS))
        assert await house.value("SELECT count(*) FROM delivery") == 1
        assert await house.value("SELECT messages_left FROM reply_window") == 4

    async def test_is_not_sent_into_a_window_that_has_ended(self, house: House) -> None:
        await house.execute("UPDATE endpoint SET queue = 'night' WHERE key = 'messenger'")
        await house.feed(said(house, A_MINUTE, 90))
        assert await house.value("SELECT count(*) FROM delivery") == 0
