"""A queue's door that takes messages: what a caller says is work of the queue, and never a live call."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from app.clock import new_id
from app.events import Address, CallBridged, CallEnded, CallEvent, CallIncoming, LegAnswered, RecordingReady
from tests.intake.house import House
from tests.intake.test_doors import send_to

SILENT: dict[str, Any] = {
    "key": "silent",
    "teams": [{"key": "support"}],
    "hours": "never",
    "closed": {"announcement": "closed", "voicemail": True},
}
WANG = Address(kind="phone", value="+8613900001111")


@pytest.fixture
async def night(house: House) -> House:
    """The hotline's queue takes messages."""
    await house.publish(SILENT, calendars=[{"key": "never", "weekly": {}}])
    await send_to(house, "hotline", "silent")
    return house


def told(number: int, model: type[CallEvent], call: str, **facts: Any) -> CallEvent:
    at = datetime.now(UTC) + timedelta(seconds=number)
    return model.model_validate(
        {"external_id": new_id().hex, "conversation": call, "occurred_at": at, "sequence": number} | facts
    )


def message(call: str, *, seconds: float | None = 12) -> list[CallEvent]:
    media = {"recording": f"touchpoint-message-{call}"}
    said = {"url": f"http://pbx/{call}.wav", "duration_seconds": seconds, "media": media}
    return [
        told(1, CallIncoming, call, address=WANG),
        told(2, RecordingReady, call, consent="announced", **said),
        told(3, CallEnded, call, by="customer"),
    ]


async def feed(house: House, events: Sequence[CallEvent]) -> None:
    await house.feed_one_by_one([house.envelope("hotline", event) for event in events])


async def work(house: House) -> list[dict[str, Any]]:
    return await house.rows("SELECT * FROM interaction WHERE channel = 'task'")


class TestMessage:
    async def test_the_platform_takes_it_after_the_announcement(self, night: House) -> None:
        await feed(night, message("c1")[:1])
        (delivery,) = await night.rows("SELECT payload FROM delivery")
        wish = delivery["payload"]
        assert wish["command"] == "call.play"
        assert wish["arguments"] == {"announcement": "closed", "then": "record"}
        (row,) = await night.rows("SELECT state, end_cause FROM interaction")
        assert (row["state"], row["end_cause"]) == ("closed", "closed")

    @pytest.mark.parametrize("order", list(permutations(range(3))))
    async def test_is_work_of_the_queue_in_whatever_order_it_is_told(
        self, night: House, order: Sequence[int]
    ) -> None:
        events = message("c1")
        await feed(night, [events[place] for place in order])
        await feed(night, events)
        (task,) = await work(night)
        assert (task["state"], task["queue"], task["subject"]) == ("queued", "silent", "Voicemail")
        assert task["follows_id"] is not None
        (touch,) = await night.rows("SELECT * FROM touch WHERE kind = 'message'")
        assert (touch["interaction_id"], touch["channel"]) == (task["id"], "voice")
        assert touch["payload"]["voicemail"] and touch["payload"]["duration_seconds"] == 12
        assert [file["state"] for file in touch["attachments"]] == ["pending"]
        (media,) = await night.rows("SELECT payload FROM delivery WHERE kind = 'media'")
        assert media["payload"]["reference"] == {"recording": "touchpoint-message-c1"}
        (call,) = await night.rows("SELECT payload, attachments FROM touch WHERE kind = 'call'")
        assert (call["payload"]["outcome"], call["attachments"]) == ("voicemail", [])
        assert "media" not in call["payload"]["recordings"][0]

    async def test_waits_and_is_counted_as_a_task(self, night: House) -> None:
        await feed(night, message("c1"))
        found = await night.figures("silent")
        assert (found["offered"], found["waiting"], found["closed"]) == (1, 1, 1)

    async def test_who_says_nothing_leaves_nothing(self, night: House) -> None:
        await feed(night, message("c1", seconds=0))
        assert await work(night) == []
        assert await night.value("SELECT payload->>'outcome' FROM touch") == "closed"

    async def test_a_talk_that_was_recorded_is_none(self, house: House) -> None:
        talk = message("c1")
        agent = {"leg": "agent", "leg_id": "l1"}
        talk[1:1] = [told(1, LegAnswered, "c1", **agent), told(1, CallBridged, "c1")]
        await feed(house, talk)
        assert await work(house) == []


class TestCopies:
    async def feed_talk(self, house: House, *, copied: bool) -> list[dict[str, Any]]:
        incoming, ready, ended = message("c1")
        ready = ready.model_copy(update={"copied": copied})
        again = told(5, RecordingReady, "c1", url="http://pbx/2.wav", media={"recording": "2"}, copied=copied)
        await feed(house, [incoming, told(1, CallBridged, "c1"), ready, ended, again])
        (call,) = await house.rows("SELECT * FROM touch WHERE kind = 'call'")
        assert len(call["payload"]["recordings"]) == 2
        return list(call["attachments"])

    async def test_hang_on_the_call_where_the_set_up_wants_them(self, house: House) -> None:
        files = await self.feed_talk(house, copied=True)
        assert [(file["name"], file["state"]) for file in files] == [
            ("recording-1.wav", "pending"),
            ("recording-2.wav", "pending"),
        ]
        rows = await house.rows("SELECT payload FROM delivery WHERE kind = 'media' ORDER BY id")
        assert [row["payload"]["index"] for row in rows] == [0, 1]

    async def test_stay_with_the_platform_where_it_does_not(self, house: House) -> None:
        assert await self.feed_talk(house, copied=False) == []
        assert await house.rows("SELECT id FROM delivery WHERE kind = 'media'") == []
