"""One message of ours as what the platforms take: a text, and each file for itself, all files uploaded
first."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from channels.abilities import NotDone, Steps
from channels.base import (
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
    message: OutboundMessage, kinds: Sequence[FileKind], platform: api.Api, codes: api.Codes
) -> Steps[Sequence[Mapping[str, Any]]]:
    """What is to be sent one by one. Raises Unsendable, NotDone."""
    if len(message.text.encode()) > TEXT_MAX_BYTES:
        size = len(message.text.encode())
        raise Unsendable(
            f"the text has {size} bytes, 3 a Chinese character; this platform takes {TEXT_MAX_BYTES}"
        )
    chosen = [(file, kind_of(file, kinds)) for file in message.attachments]
    found: list[Mapping[str, Any]] = []
    if message.text.strip():
        found.append({"msgtype": "text", "text": {"content": message.text}})
    for file, kind in chosen:
        media_id = yield from _uploaded(file, kind, platform, codes)
        found.append({"msgtype": kind.name, kind.name: {"media_id": media_id}})
    if not found:
        raise Unsendable("there is nothing to send")
    return found


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
