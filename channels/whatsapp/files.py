"""Files in both directions: what WhatsApp takes of ours, and how to fetch what customers sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from channels.abilities import Media, NotDone, Steps
from channels.base import OutboundAttachment, SendOutcome, Unsendable, WireResponse
from channels.whatsapp.answers import failure, object_of
from channels.whatsapp.graph import FILE_MAX_BYTES, Graph

MEGABYTE: Final = 1024 * 1024

_KINDS: Final = {
    "image/jpeg": "image",
    "image/png": "image",
    "video/mp4": "video",
    "video/3gpp": "video",
    "audio/aac": "audio",
    "audio/amr": "audio",
    "audio/mpeg": "audio",
    "audio/mp4": "audio",
    "audio/ogg": "audio",
}
_DOCUMENTS: Final = frozenset(
    {
        "text/plain",
        "application/pdf",
        "application/msword",
        "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    }
)
_MAX_BYTES: Final = {
    "image": 5 * MEGABYTE,
    "video": 16 * MEGABYTE,
    "audio": 16 * MEGABYTE,
    "document": FILE_MAX_BYTES,
}

CAPTIONED: Final = frozenset({"image", "video", "document"})


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file of ours that the platform keeps as `id`."""

    file: OutboundAttachment
    id: str


def plain_type(content_type: str) -> str:
    """Without parameters: `audio/ogg; codecs=opus` is `audio/ogg`."""
    return content_type.partition(";")[0].strip().lower()


def kind_of(file: OutboundAttachment) -> str:
    """image, video, audio, or document: what is none of the others, or too large for them."""
    kind = _KINDS.get(plain_type(file.content_type), "document")
    return kind if len(file.content) <= _MAX_BYTES[kind] else "document"


def check(file: OutboundAttachment) -> None:
    """Raises Unsendable for what the platform would not take."""
    if plain_type(file.content_type) not in (*_KINDS, *_DOCUMENTS):
        raise Unsendable(f"{file.name}: WhatsApp takes no files of type {file.content_type}")
    if not file.content:
        raise Unsendable(f"{file.name} is empty")
    if len(file.content) > FILE_MAX_BYTES:
        raise Unsendable(f"{file.name} is larger than {FILE_MAX_BYTES // MEGABYTE} MB")


def fetch(graph: Graph, reference: Mapping[str, Any]) -> Steps[Media]:
    """Two requests: the address, which lives for five minutes, then the bytes."""
    facts = _object((yield graph.file_facts(str(reference["id"]))))
    download = graph.download(str(facts.get("url") or ""))
    if download is None:
        raise Unsendable("WhatsApp named an address that is not its own")
    answer = yield download
    _check_had(answer)
    content_type = str(facts.get("mime_type") or answer.headers.get("content-type") or "")
    return Media(plain_type(content_type) or "application/octet-stream", answer.body)


def _object(answer: WireResponse) -> Mapping[str, Any]:
    _check_had(answer)
    return object_of(answer)


def _check_had(answer: WireResponse) -> None:
    """Raises NotDone where it may be had later, Unsendable where it is gone."""
    if answer.status == 200:
        return
    refused = failure(answer)
    if refused.outcome is not SendOutcome.REJECTED:
        raise NotDone(refused)
    raise Unsendable(refused.reason or f"HTTP {answer.status}")
