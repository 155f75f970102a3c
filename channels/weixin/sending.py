"""One message of ours as what the platforms take: a text, and each file for itself, all files uploaded
first."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from channels.abilities import NotDone, Steps
from channels.base import (
    Button,
    ButtonRoom,
    OutboundAttachment,
    OutboundMessage,
    SendOutcome,
    SendResult,
    Unsendable,
    WireRequest,
    WireResponse,
)
from channels.weixin import api
from channels.weixin.multipart import upload

TEXT_MAX_BYTES: Final = 2048
"""A Chinese character takes 3 in UTF-8."""

MENU_TEXT_MAX_BYTES: Final = 1024
MENU_ITEM_MAX_BYTES: Final = 128
BUTTONS: Final = ButtonRoom(most=10, title_max=32, text_max=MENU_TEXT_MAX_BYTES)
"""What `msgmenu` takes; no 32 characters have more than 128 bytes."""

MEGABYTE: Final = 1024**2


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file that the platform shows: its content types (none named: any) and its size."""

    name: str
    content_types: frozenset[str]
    max_bytes: int

    def takes(self, file: OutboundAttachment) -> bool:
        return not self.content_types or file.content_type in self.content_types


PICTURES: Final = frozenset({"image/jpeg", "image/png", "image/gif"})
VOICES: Final = frozenset({"audio/amr", "audio/mpeg", "audio/mp3"})
FILMS: Final = frozenset({"video/mp4"})


def kind_of(file: OutboundAttachment, kinds: Sequence[FileKind]) -> FileKind:
    """Raises Unsendable for a file that the platform does not take."""
    kind = next((kind for kind in kinds if kind.takes(file)), None)
    if kind is None:
        raise Unsendable(f"{file.name} is {file.content_type}, which this platform does not take")
    if len(file.content) > kind.max_bytes:
        most = kind.max_bytes // MEGABYTE
        raise Unsendable(f"{file.name} is larger than the {most} MB that this platform takes as {kind.name}")
    return kind


def parts(
    message: OutboundMessage,
    kinds: Sequence[FileKind],
    platform: api.Api,
    codes: api.Codes,
    item: Callable[[Button], Mapping[str, Any]],
) -> Steps[Sequence[Mapping[str, Any]]]:
    """What is to be sent one by one; `item` is how the platform writes one of its menu's answers. Raises
    Unsendable, NotDone."""
    words = _words(message, item)
    chosen = [(file, kind_of(file, kinds)) for file in message.attachments]
    files: list[Mapping[str, Any]] = []
    for file, kind in chosen:
        media_id = yield from _uploaded(file, kind, platform, codes)
        files.append({"msgtype": kind.name, kind.name: {"media_id": media_id}})
    found = [*files, *words] if message.buttons else [*words, *files]
    if not found:
        raise Unsendable("there is nothing to send")
    return found


def _words(
    message: OutboundMessage, item: Callable[[Button], Mapping[str, Any]]
) -> Sequence[Mapping[str, Any]]:
    """A text; with ready answers a menu, which comes last so that they stand at the end."""
    text, buttons = message.text, message.buttons
    _check_size(text, MENU_TEXT_MAX_BYTES if buttons else TEXT_MAX_BYTES)
    if not buttons:
        return [{"msgtype": "text", "text": {"content": text}}] if text.strip() else []
    if not text.strip():
        raise Unsendable("ready answers need a question above them")
    if len(buttons) > BUTTONS.most:
        raise Unsendable(f"{len(buttons)} ready answers, and this platform takes {BUTTONS.most}")
    if any(len(part.encode()) > MENU_ITEM_MAX_BYTES for each in buttons for part in (each.id, each.title)):
        raise Unsendable(f"a ready answer has more than {MENU_ITEM_MAX_BYTES} bytes")
    return [{"msgtype": "msgmenu", "msgmenu": {"head_content": text, "list": [item(b) for b in buttons]}}]


def _check_size(text: str, most: int) -> None:
    size = len(text.encode())
    if size > most:
        raise Unsendable(f"the text has {size} bytes, 3 a Chinese character; this platform takes {most}")


def _uploaded(file: OutboundAttachment, kind: FileKind, platform: api.Api, codes: api.Codes) -> Steps[str]:
    answer = api.answered((yield upload(platform.url("media/upload", type=kind.name), file)), codes)
    media_id = answer.get("media_id")
    if not isinstance(media_id, str):
        raise NotDone(SendResult(SendOutcome.RETRY, reason="the upload's answer has no media_id"))
    return media_id


def one_by_one(
    requests: Iterable[WireRequest], interpret: Callable[[WireResponse], SendResult]
) -> Steps[SendResult]:
    """The first one's result, whose id is the message's. Where a later one failed it is a refusal: a repeat
    would send again what the customer has."""
    first: SendResult | None = None
    for request in requests:
        result = interpret((yield request))
        if first is not None and result.outcome is not SendOutcome.SENT:
            reason = f"a part of it was sent, the next was not: {result.reason}"
            return SendResult(SendOutcome.REJECTED, provider_id=first.provider_id, reason=reason)
        if result.outcome is not SendOutcome.SENT:
            return result
        first = first or result
    assert first is not None, "there is something to send"
    return first
