"""At night a caller leaves a message at Twilio; an agent hears it as a task."""

from tests.running import Lane
from tests.twilio.conftest import NIGHT_LANE, Office
from tests.voice.sounds import is_played_to, offered_voicemail, sound_on, stands_on_the_timeline
from tests.waiting import eventually

CALLER = "+14158675322"


async def test_the_message_is_work_with_its_sound(office: Office) -> None:
    async with Lane(NIGHT_LANE, office.service).desktop() as desk:
        call = office.twilio.exchange.call(CALLER, "queue=night")
        await eventually(lambda: call.over, seconds=20)
        assert call.heard[-1] == "We are closed."
        x = await offered_voicemail(desk, CALLER)
        touch, file = await sound_on(desk, x, "message")
        assert touch["payload"]["voicemail"] and touch["payload"]["duration_seconds"] == 3
        assert await is_played_to(desk, file)
        assert await stands_on_the_timeline(desk, x, touch)
