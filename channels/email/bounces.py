"""Reports that a mail of ours did not arrive: RFC 3464, and the free forms that some servers write."""

import re
from email.message import Message
from itertools import islice
from typing import Any, Final

from app.addresses import email_address
from app.text import clean_line
from channels.email.charset import decode_bytes
from channels.email.structure import Part, content_of

_DAEMON: Final = re.compile(r"\b(?:mailer-daemon|postmaster|microsoftexchange[0-9a-f]{32})\b", re.IGNORECASE)
_OURS: Final = re.compile(r"\btp\.[0-9a-f]{40}@[A-Za-z0-9.-]{1,200}")
_STATUS: Final = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
TEXT_BYTES: Final = 100_000
_MESSAGE_ID: Final = re.compile(r"^Message-ID:\s*<([^<>\s]{1,250})>", re.IGNORECASE | re.MULTILINE)
_REFERRING: Final = ("in-reply-to", "references")
_REPORTS: Final = ("message/delivery-status", "message/global-delivery-status")
_ORIGINALS: Final = ("message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers")


def bounce_of(root: Part, sender: str | None, failed_recipients: str | None) -> dict[str, Any] | None:
    """Bounce's members if this mail is a report, else None."""
    report = next((part for part in root.walk() if part.get_content_type() in _REPORTS), None)
    if report is None and not (failed_recipients or _DAEMON.search(sender or "")):
        return None
    fields = {} if report is None else _fields(report)
    recipient = fields.get("final-recipient") or fields.get("original-recipient") or failed_recipients or ""
    words = "" if report is not None else _words(root)
    status = _STATUS.search(fields.get("status", "") or words)
    return {
        "original_message_id": _original_message_id(root) or _named(root, words),
        "recipient": email_address(recipient.rpartition(";")[2].split(",")[0]),
        "state": "delayed" if fields.get("action", "").strip().lower() == "delayed" else "failed",
        "status": status[0] if status else None,
    }


def _fields(report: Part) -> dict[str, str]:
    """The fields of the last recipient's block that has them."""
    blocks = report.get_payload()
    found: dict[str, str] = {}
    for block in blocks if isinstance(blocks, list) else []:
        if isinstance(block, Message):
            found.update((name.lower(), str(value)[:1000]) for name, value in block.raw_items())
    return found


def _original_message_id(root: Part) -> str | None:
    for part in root.walk():
        if part.get_content_type() not in _ORIGINALS:
            continue
        inner = part.get_payload(0) if part.is_multipart() else None
        text = str(inner.get("message-id", "")) if isinstance(inner, Message) else ""
        text = f"Message-ID: {text}" if text else decode_bytes(content_of(part)[:TEXT_BYTES], None, "latin-1")
        found = _MESSAGE_ID.search(text)
        if found:
            return clean_line(found[1])
    return None


def _named(root: Part, words: str) -> str | None:
    """The Message-ID of a mail of ours (`EmailAdapter.message_id`) that a report in free words names."""
    headers = " ".join(str(value)[:2_000] for name, value in root.raw_items() if name.lower() in _REFERRING)
    found = _OURS.search(headers) or _OURS.search(words)
    return found[0] if found else None


def _words(root: Part) -> str:
    """The beginning of what it says: QQ, NetEase and others write no RFC 3464."""
    texts = (part for part in root.walk() if part.get_content_maintype() == "text")
    return "\n".join(
        decode_bytes(content_of(part)[:TEXT_BYTES], None, "gb18030") for part in islice(texts, 5)
    )
