"""What callers said, as files on the timeline: who may hear them."""

from typing import Any

from demo.desk_client import desktop
from tests.running import PASSWORD, Desktop, Lane
from tests.waiting import eventually

FETCHED_SECONDS = 30


async def offered_voicemail(desk: Desktop, caller: str) -> str:
    """The interaction of the task that a message left at night has become."""
    offer = await desk.offer()
    assert (offer["channel"], offer["queue"], offer["subject"]) == ("task", "night", "Voicemail")
    assert offer["address"]["value"] == caller
    return str(offer["interaction_id"])


async def sound_on(desk: Desktop, interaction_id: str, kind: str) -> tuple[dict[str, Any], str]:
    """The interaction's one touch of that kind and the id of its file, once that is here."""

    async def found() -> tuple[dict[str, Any], str] | None:
        answer = await desk.client.http.get(f"/v1/interactions/{interaction_id}/touches")
        touches = [item for item in answer.json()["items"] if item["kind"] == kind]
        assert len(touches) <= 1, touches
        files = [file for touch in touches for file in touch["attachments"] if file.get("id")]
        assert len(files) <= 1, files
        assert all(file["type"].startswith("audio/") for file in files), "the desktop plays no other"
        return (touches[0], files[0]["id"]) if files else None

    seen = await eventually(found, seconds=FETCHED_SECONDS)
    assert seen is not None
    return seen


async def stands_on_the_timeline(desk: Desktop, interaction_id: str, touch: dict[str, Any]) -> bool:
    """That of the customer who called."""
    customer = (await desk.interaction(interaction_id))["customer"]["id"]
    page = (await desk.client.http.get(f"/v1/customers/{customer}/timeline")).json()
    return touch["id"] in [item["id"] for item in page["items"]]


async def is_played_to(desk: Desktop, file: str) -> bool:
    """False: they may not hear it."""
    answer = await desk.client.http.get(f"/v1/attachments/{file}")
    if answer.status_code == 403:
        return False
    assert (answer.status_code, answer.content[:4]) == (200, b"RIFF"), answer.headers
    return True


async def is_played_to_the_boss(lane: Lane, file: str) -> bool:
    async with desktop(lane.service.url, "acme", "boss@acme.test", PASSWORD) as boss:
        return await is_played_to(Desktop(boss), file)
