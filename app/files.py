"""Files that people send: named safely, typed by their content, stored sealed, given back without risk."""

import asyncio
import mimetypes
import re
from typing import Final
from urllib.parse import quote
from uuid import UUID

import puremagic
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import UploadFile
from starlette.responses import Response

from app.blobs import BlobStore
from app.clock import new_id
from app.errors import TooLarge
from app.hiding.numbers import mask_numbers
from app.text import clean_line
from models.attachment import Attachment

NAME_MAX_CHARACTERS: Final = 150
UNKNOWN: Final = "application/octet-stream"
SHOWN_INLINE: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""What a browser may show by itself. Never HTML or SVG: they carry scripts."""

_NO_SCRIPTS: Final = ("audio/", "video/", "application/pdf", "text/plain", "text/vcard", "text/x-vcard")
_SNIFFED_BYTES: Final = 64 * 1024
_UNSAFE: Final = re.compile('[\\\\/:*?"<>|\u061c\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]')
_DEVICE: Final = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)", re.IGNORECASE)
"""Names that Windows keeps for itself, whatever the ending."""

_CONTAINERS: Final = frozenset({"application/zip", "application/octet-stream", ""})


def clean_name(name: str | None) -> str:
    """A file's name without folders, controls, card and identity numbers, or letters that turn the text
    around."""
    last = re.split(r"[\\/]", clean_line(name or ""))[-1]
    kept = _UNSAFE.sub("", mask_numbers(last)).strip(". ")
    kept = f"_{kept}" if _DEVICE.match(kept) else kept
    stem, dot, extension = kept.rpartition(".")
    if len(kept) > NAME_MAX_CHARACTERS and dot:
        return f"{stem[: NAME_MAX_CHARACTERS - 1 - len(extension)]}.{extension}"[-NAME_MAX_CHARACTERS:]
    return kept[:NAME_MAX_CHARACTERS] or "file"


def content_type_of(content: bytes, name: str) -> str:
    """By its content; its name only tells kinds of text and of archives apart."""
    named = mimetypes.guess_type(name)[0] or ""
    try:
        sniffed: str = puremagic.from_string(content[:_SNIFFED_BYTES], mime=True, filename=name)
    except (puremagic.PureError, ValueError):
        sniffed = ""
    if sniffed in _CONTAINERS:
        return named if sniffed and _is_archive(named) else _textual(content, named)
    return sniffed


def _is_archive(named: str) -> bool:
    return named.startswith(("application/vnd.", "application/zip", "application/epub"))


def _textual(content: bytes, named: str) -> str:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return UNKNOWN
    if "\x00" in text:
        return UNKNOWN
    return named if named.startswith("text/") and named != "text/html" else "text/plain"


async def store(
    session: AsyncSession, blobs: BlobStore, upload: UploadFile, tenant_id: UUID, owner: str, limit_bytes: int
) -> Attachment:
    """Keep the file, then its row. `owner` (`agent/<id>`, `visitor/<id>`) may send it. Raises TooLarge."""
    if (upload.size or 0) > limit_bytes:
        raise TooLarge(f"At most {limit_bytes} bytes a file.", max_bytes=limit_bytes)
    content, name = await upload.read(), clean_name(upload.filename)
    attachment = Attachment(
        id=new_id(),
        tenant_id=tenant_id,
        owner=owner,
        name=name,
        content_type=await asyncio.to_thread(content_type_of, content, name),
        size=len(content),
        sha256=await blobs.put(tenant_id, content),
    )
    session.add(attachment)
    await session.flush()
    return attachment


def download(attachment: Attachment, content: bytes) -> Response:
    """Its bytes, so that no browser runs anything in them."""
    shown = attachment.content_type in SHOWN_INLINE
    return _answer(attachment, content, attachment.content_type if shown else UNKNOWN)


def hand_out(attachment: Attachment, content: bytes) -> Response:
    """As `download`, for a platform that wants to be told what it is."""
    kind = attachment.content_type
    harmless = kind in SHOWN_INLINE or kind.startswith(_NO_SCRIPTS)
    return _answer(attachment, content, kind if harmless else UNKNOWN)


def _answer(attachment: Attachment, content: bytes, content_type: str) -> Response:
    place = "inline" if content_type in SHOWN_INLINE else "attachment"
    headers = {
        "content-disposition": f"{place}; filename*=UTF-8''{quote(attachment.name, safe='')}",
        "content-security-policy": "default-src 'none'; sandbox",
        "cache-control": "private, max-age=3600",
    }
    return Response(content, media_type=content_type, headers=headers)
