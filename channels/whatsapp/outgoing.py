"""What we say, in the Cloud API's words: text, ready answers, files."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from channels.base import Button, OutboundMessage, Unsendable
from channels.whatsapp.files import CAPTIONED, Uploaded, kind_of

TEXT_MAX: Final = 4096
CAPTION_MAX: Final = 1024
BUTTONS_MAX: Final = 3
BUTTON_TITLE_MAX: Final = 20
ROWS_MAX: Final = 10
ROW_TITLE_MAX: Final = 24
LIST_LABEL: Final = "☰"
"""What opens the list of ready answers, in every language."""


def head(message: OutboundMessage) -> dict[str, Any]:
    """To whom, and what comes back with the receipts. Somebody who hides their number has an id instead."""
    address = message.address
    to = {"recipient": address.value} if address.kind == "custom" else {"to": address.value.removeprefix("+")}
    quoted = {"context": {"message_id": message.reply_to}} if message.reply_to else {}
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **to,
        **quoted,
        "biz_opaque_callback_data": message.provider_key,
    }


def contents(message: OutboundMessage, uploaded: Sequence[Uploaded]) -> Sequence[Mapping[str, Any]]:
    """One for each message that it takes. A text goes under the first file where it can; longer ones, and
    those over an audio file, go before it. Raises Unsendable."""
    text = message.text.strip()
    _check_length(text, TEXT_MAX, "characters")
    if message.buttons:
        return [*(_file(file) for file in uploaded), _interactive(text, message.buttons)]
    if text and uploaded and len(text) <= CAPTION_MAX and kind_of(uploaded[0].file) in CAPTIONED:
        return [_file(uploaded[0], text), *(_file(file) for file in uploaded[1:])]
    words = [{"type": "text", "text": {"body": text, "preview_url": True}}] if text else []
    found = [*words, *(_file(file) for file in uploaded)]
    if not found:
        raise Unsendable("there is nothing to send")
    return found


def _check_length(text: str, most: int, of_what: str) -> None:
    if len(text) > most:
        raise Unsendable(f"{len(text)} {of_what}, and WhatsApp takes {most}: shorten it, or send it in parts")


def _file(uploaded: Uploaded, caption: str | None = None) -> dict[str, Any]:
    kind = kind_of(uploaded.file)
    content = {"id": uploaded.id}
    if caption:
        content["caption"] = caption
    if kind == "document":
        content["filename"] = uploaded.file.name
    return {"type": kind, kind: content}


def _interactive(text: str, buttons: Sequence[Button]) -> dict[str, Any]:
    if not text:
        raise Unsendable("ready answers need a question above them")
    _check_length(text, CAPTION_MAX, "characters above ready answers")
    if len(buttons) <= BUTTONS_MAX and all(len(each.title) <= BUTTON_TITLE_MAX for each in buttons):
        replies = [{"type": "reply", "reply": {"id": each.id, "title": each.title}} for each in buttons]
        return _asked("button", text, {"buttons": replies})
    _check_length("x" * len(buttons), ROWS_MAX, "ready answers")
    for each in buttons:
        _check_length(each.title, ROW_TITLE_MAX, "characters in a ready answer")
    rows = [{"id": each.id, "title": each.title} for each in buttons]
    return _asked("list", text, {"button": LIST_LABEL, "sections": [{"rows": rows}]})


def _asked(kind: str, text: str, action: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "interactive", "interactive": {"type": kind, "body": {"text": text}, "action": action}}
