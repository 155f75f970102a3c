"""What is attached to a mail: its bytes under a name that is safe to show and to save."""

import re
from dataclasses import dataclass, field
from email.message import Message
from typing import Any, Final

from app.text import clean_line
from channels.email.charset import decode_header
from channels.email.structure import Part, content_of, kind_of

NAME_CHARS: Final = 150

_UNSAFE: Final = re.compile('[<>:"|?*\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]+')
_KIND: Final = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,60}")
_EXTENSIONS: Final = {
    "message/rfc822": ".eml",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "application/pdf": ".pdf",
    "text/plain": ".txt",
    "text/html": ".html",
    "text/calendar": ".ics",
    "text/csv": ".csv",
}


@dataclass(frozen=True, slots=True)
class Attached:
    """`head` holds MailAttachment's members but the content."""

    head: dict[str, Any]
    content: bytes = field(repr=False)


def file_of(part: Part, fallback: str) -> Attached:
    kind = kind_of(part)
    kind = kind if _KIND.fullmatch(kind) else "application/octet-stream"
    content_id = part.get("content-id")
    head = {
        "name": _name(part, kind, fallback),
        "content_type": kind,
        "content_id": clean_line(str(content_id)).strip("<> ")[:250] or None if content_id else None,
        "inline": part.get_content_disposition() == "inline" or bool(content_id),
    }
    return Attached(head, _bytes_of(part))


def _bytes_of(part: Part) -> bytes:
    """A forwarded mail as it was written, as far as stdlib can write it again."""
    if not part.is_multipart():
        return content_of(part)
    inner = part.get_payload(0) if part.get_content_maintype() == "message" else part
    try:
        return inner.as_bytes() if isinstance(inner, Message) else b""
    except (ValueError, LookupError, AttributeError, TypeError):
        return b""


def _name(part: Part, kind: str, fallback: str) -> str:
    try:
        given = part.get_filename() or ""
    except (ValueError, LookupError, TypeError):
        given = ""
    name = clean_name(decode_header(given, fallback))
    return name or f"attachment{_EXTENSIONS.get(kind, '')}"


def clean_name(name: str) -> str:
    """A file's name without folders, controls, characters that turn the text around, or leading dots."""
    last = re.split(r"[/\\]", clean_line(name))[-1]
    short = _UNSAFE.sub("_", last).strip(" .")
    if len(short) <= NAME_CHARS:
        return short
    stem, dot, extension = short.rpartition(".")
    return f"{stem[: NAME_CHARS - 12]}{dot}{extension[:10]}" if stem else short[:NAME_CHARS]
