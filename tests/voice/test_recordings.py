"""What an exchange of the CTI format records: copied, on the timeline, played to whom may hear it."""

from demo.pbx.switch import CallState
from tests.running import HOTLINE, Lane, Service
from tests.voice.conftest import NIGHT_LANE
from tests.voice.sounds import (
    is_played_to,
    is_played_to_the_boss,
    offered_voicemail,
    sound_on,
    stands_on_the_timeline,
)
from tests.voice.test_races import accepted
from tests.waiting import eventually

CALLER = "+8613800138122"


async def test_a_message_left_at_night_is_work_with_its_sound(service: Service) -> None:
    async with Lane(NIGHT_LANE, service).desktop() as desk:
        call = service.exchange.switch.call(CALLER, HOTLINE, queue="night")
        await eventually(lambda: call.state == CallState.ENDED)
        x = await offered_voicemail(desk, CALLER)
        touch, file = await sound_on(desk, x, "message")
        assert touch["payload"]["voicemail"] and touch["payload"]["duration_seconds"] == 3
        assert await is_played_to(desk, file), "who works on it needs to hear it"
        assert await stands_on_the_timeline(desk, x, touch)


async def test_a_recorded_talk_is_copied_and_played_to_who_may_listen(lane: Lane) -> None:
    switch = lane.service.exchange.switch
    async with lane.desktop() as desk:
        switch.records = True
        try:
            call = lane.call()
            x = await accepted(desk)
            await desk.becomes(x, "active")
            switch.hang_up(call.id)
        finally:
            switch.records = False
        await desk.becomes(x, "wrap_up")
        touch, file = await sound_on(desk, x, "call")
        assert touch["payload"]["outcome"] == "answered"
        assert await stands_on_the_timeline(desk, x, touch)
        assert not await is_played_to(desk, file)
        assert await is_played_to_the_boss(lane, file)
