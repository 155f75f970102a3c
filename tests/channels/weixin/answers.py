"""What an agent answers, with files, and what became of it; files that customers sent."""

from typing import Any

from tests.platforms.talk import Talk
from tests.waiting import eventually

SECONDS = 45
"""Retries wait 2, 4, 8 s, half as long again at most."""

File = tuple[str, str, bytes]
"""Name, content type, content."""


async def reply(talk: Talk, text: str, *files: File) -> str:
    """The touch's id; it is on its way out."""
    attachments = [await talk.upload(*file) for file in files]
    touch: str = (await talk.reply(text, attachments=attachments))["id"]
    return touch


async def sent(talk: Talk, text: str, *files: File) -> dict[str, Any]:
    """The touch, once the platform has it."""
    (touch,) = await talk.becomes("sent", await reply(talk, text, *files), seconds=SECONDS)
    return touch


async def failed(talk: Talk, text: str) -> str:
    """Why it could not be sent."""
    (touch,) = await talk.becomes("failed", await reply(talk, text), seconds=SECONDS)
    return str(touch["delivery"]["hops"][-1]["reason"])


async def file(talk: Talk, name: str) -> bytes:
    """A customer's file, once it has been fetched."""

    async def found() -> dict[str, Any] | None:
        files = [file for touch in await talk.touches("inbound") for file in touch["attachments"]]
        return next((file for file in files if file["name"] == name and file.get("id")), None)

    item = await eventually(found, seconds=SECONDS)
    assert item is not None
    answer = await talk.desk.client.http.get(f"/v1/attachments/{item['id']}")
    answer.raise_for_status()
    return answer.content
