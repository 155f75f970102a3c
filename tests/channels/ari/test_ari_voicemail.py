"""A caller whom the door turned away speaks after the tone: Asterisk records, and gives us the file."""

from typing import Any

import pytest

from channels.base import Unsendable
from channels.steps import run_steps
from tests.channels.ari.desk import Desk, opened
from tests.platforms.ari.door import LOOPBACK
from tests.waiting import eventually


async def speaking(desk: Desk) -> str:
    """A call whose announcement is over; the tone has sounded."""
    call = desk.asterisk.call()
    await eventually(lambda: desk.asterisk.hears(call) == "music")
    await desk.order("call.play", call, announcement="closed", then="record")
    await eventually(lambda: desk.asterisk.channels[call].recording == f"touchpoint-message-{call}")
    return call


async def fetched(desk: Desk, reference: dict[str, str]) -> Any:
    async def exchange(request: Any) -> Any:
        return await desk.transport.exchange(request, allowed=LOOPBACK, seconds=2)

    return await run_steps(desk.adapter.media(reference), exchange)


class TestMessage:
    async def test_ends_with_a_key_and_the_caller_is_let_go(self, desk: Desk) -> None:
        call = await speaking(desk)
        assert desk.asterisk.channels[call].heard == ["sound:closed"]
        desk.asterisk.press(call, "#")
        await desk.told(call, "CallIncoming", "RecordingReady", "CallEnded")
        ready: Any = desk.door.of(call)[1]
        assert (ready.duration_seconds, ready.consent, ready.copied) == (3, "announced", False)
        assert ready.url == f"{desk.server.url}/recordings/stored/touchpoint-message-{call}/file"
        sound = await fetched(desk, ready.media)
        assert sound.content_type.startswith("audio/") and sound.content[:4] == b"RIFF"

    async def test_ends_with_the_call(self, desk: Desk) -> None:
        call = await speaking(desk)
        desk.asterisk.hang_up(call)
        await desk.told(call, "CallIncoming", "RecordingReady", "CallEnded")
        ended: Any = desk.door.of(call)[-1]
        assert ended.by == "customer"

    async def test_who_hangs_up_before_the_tone_leaves_none(self, desk: Desk) -> None:
        call = desk.asterisk.call()
        await eventually(lambda: desk.asterisk.hears(call) == "music")
        await desk.order("call.play", call, announcement="closed", then="record")
        desk.asterisk.hang_up(call)
        await desk.told(call, "CallIncoming", "CallEnded")
        assert desk.asterisk.stored == {}

    async def test_cannot_be_taken_and_the_caller_is_let_go(self, desk: Desk) -> None:
        call = desk.asterisk.call()
        await eventually(lambda: desk.asterisk.hears(call) == "music")
        desk.asterisk.refuses.add(f"POST channels/{call}/record")
        await desk.order("call.play", call, announcement="closed", then="record")
        await desk.told(call, "CallIncoming", "CallEnded")

    async def test_is_told_once_however_often_asterisk_tells_it(self, desk: Desk) -> None:
        desk.asterisk.copies = 2
        call = await speaking(desk)
        desk.asterisk.press(call, "#")
        await desk.hears_of(call, "RecordingReady", "CallEnded")
        keys = {event.external_id for event in desk.door.of(call) if type(event).__name__ == "RecordingReady"}
        assert len(keys) == 1


class TestCopies:
    async def test_the_set_up_says_so(self) -> None:
        async with opened(recording="announced", copy_recordings=True) as desk:
            await desk.listen()
            call, _ = await desk.talking()
            await eventually(lambda: desk.asterisk.bridge(f"tp-talk-{call}").recording)
            desk.asterisk.hang_up(call)
            await desk.hears_of(call, "RecordingReady")
            (ready,) = [e for e in desk.door.of(call) if type(e).__name__ == "RecordingReady"]
            assert ready.model_dump()["copied"]
            assert (await fetched(desk, ready.model_dump()["media"])).content

    async def test_a_file_that_is_gone(self, desk: Desk) -> None:
        with pytest.raises(Unsendable, match="404"):
            await fetched(desk, {"recording": "touchpoint-gone"})
