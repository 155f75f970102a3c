"""At night a caller leaves a message at the Asterisk; an agent hears it as a task."""

from typing import Any

from tests.asterisk.lane import NIGHT_LANE, AsteriskLane
from tests.running import Lane
from tests.waiting import eventually


async def test_the_message_is_work_with_its_sound(lane: AsteriskLane) -> None:
    asterisk = lane.asterisk
    async with Lane(NIGHT_LANE, lane.lane.service).desktop() as desk:
        call = asterisk.call("+8613800138111", "queue=night")
        await eventually(lambda: asterisk.channels[call].recording, seconds=20)
        asterisk.press(call, "#")
        await eventually(lambda: call not in asterisk.channels, seconds=20)
        offer = await desk.offer()
        assert (offer["channel"], offer["queue"], offer["subject"]) == ("task", "night", "Voicemail")
        assert offer["address"]["value"] == "+8613800138111"

        async def file() -> Any:
            answer = await desk.client.http.get(f"/v1/interactions/{offer['interaction_id']}/touches")
            (touch,) = answer.json()["items"]
            return touch["attachments"][0].get("id")

        sound = await desk.client.http.get(f"/v1/attachments/{await eventually(file, seconds=30)}")
        assert sound.content[:4] == b"RIFF"
