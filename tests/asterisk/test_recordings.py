"""What an Asterisk records: copied, on the timeline, played to whom may hear it."""

from tests.asterisk.lane import NIGHT_LANE, AsteriskLane
from tests.running import Lane
from tests.voice.sounds import (
    is_played_to,
    is_played_to_the_boss,
    offered_voicemail,
    sound_on,
    stands_on_the_timeline,
)
from tests.voice.test_races import accepted
from tests.waiting import eventually

CALLER = "+8613800138111"


async def test_a_message_left_at_night_is_work_with_its_sound(lane: AsteriskLane) -> None:
    asterisk = lane.asterisk
    async with Lane(NIGHT_LANE, lane.lane.service).desktop() as desk:
        call = asterisk.call(CALLER, "queue=night")
        await eventually(lambda: asterisk.channels[call].recording, seconds=20)
        asterisk.press(call, "#")
        await eventually(lambda: call not in asterisk.channels, seconds=20)
        x = await offered_voicemail(desk, CALLER)
        touch, file = await sound_on(desk, x, "message")
        assert await is_played_to(desk, file)
        assert await stands_on_the_timeline(desk, x, touch)


async def test_a_recorded_talk_is_copied_and_played_to_who_may_listen(lane: AsteriskLane) -> None:
    async with lane.desktop() as desk:
        call = lane.call("+8613800138112", "consent=yes")
        x = await accepted(desk)
        await desk.becomes(x, "active")
        await eventually(lambda: lane.asterisk.bridge(f"tp-talk-{call}").recording)
        lane.asterisk.hang_up(call)
        await desk.becomes(x, "wrap_up")
        touch, file = await sound_on(desk, x, "call")
        assert [told["consent"] for told in touch["payload"]["recordings"]] == ["opt_in"]
        assert await stands_on_the_timeline(desk, x, touch)
        assert not await is_played_to(desk, file)
        assert await is_played_to_the_boss(lane.lane, file)
