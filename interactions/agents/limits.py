"""What a channel's platform takes at most: said to the agent at once, not by a message that failed."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import Invalid
from channels.base import ButtonRoom, Capabilities
from interactions.life.work import Work
from interactions.touches.outgoing import Draft
from models.touch import Touch

Error = dict[str, str]


def check_fits(draft: Draft, capabilities: Capabilities, public_url: str | None) -> None:
    """Raises Invalid, naming each part that does not fit."""
    buttons = draft.payload.get("buttons", ())
    room = capabilities.buttons if buttons else None
    errors = list(_text(draft.text, capabilities.text_max if room is None else _above(room, capabilities)))
    if draft.attachments and not capabilities.attachments:
        errors.append(_error("/attachments", "this channel carries no files"))
    elif draft.attachments and capabilities.fetches_files and public_url is None:
        errors.append(_error("/attachments", "this channel's files need the setting public_url"))
    if buttons:
        errors.extend(_buttons(buttons, draft.text, room))
    if "quotes" in draft.payload and not capabilities.quotes:
        errors.append(_error("/quotes", "this channel cannot show which message is answered"))
    if errors:
        raise Invalid(errors=errors)


async def check_quote(session: AsyncSession, work: Work, draft: Draft) -> None:
    """Raises Invalid unless what is quoted was said in this conversation, and the platform has a name for
    it."""
    quoted = draft.payload.get("quotes")
    if quoted is None:
        return
    touch = (await Touch.known(session, [UUID(quoted)])).get(UUID(quoted))
    here = touch is not None and touch.interaction_id == work.interaction.id
    if touch is None or not here or touch.kind != "message" or touch.direction == "internal":
        raise Invalid(errors=[_error("/quotes", "not a message of this conversation")])
    if touch.provider_id is None:
        raise Invalid(errors=[_error("/quotes", "the platform's id of this message is not known")])


def _above(room: ButtonRoom, capabilities: Capabilities) -> int | None:
    return capabilities.text_max if room.text_max is None else room.text_max


def _text(text: str, most: int | None) -> Iterator[Error]:
    if most is not None and len(text) > most:
        yield _error("/text", f"{len(text)} characters, and this channel takes {most}")


def _buttons(buttons: Sequence[Any], text: str, room: ButtonRoom | None) -> Iterator[Error]:
    if room is None:
        yield _error("/buttons", "this channel has no buttons")
        return
    if not text.strip():
        yield _error("/text", "say what the buttons answer")
    if len(buttons) > room.most:
        yield _error("/buttons", f"{len(buttons)} buttons, and this channel takes {room.most}")
    for place, button in enumerate(buttons):
        if len(button["title"]) > room.title_max:
            said = f"{len(button['title'])} characters, and this channel takes {room.title_max}"
            yield _error(f"/buttons/{place}/title", said)


def _error(pointer: str, message: str) -> Error:
    return {"pointer": pointer, "message": message}
