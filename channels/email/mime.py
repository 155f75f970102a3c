"""From a mail's bytes to the fields of ParsedMail. Runs in the parser process only (see worker.py)."""

import hashlib
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_tz
from typing import Any, Final

import orjson

from app.hiding.cards import mask_cards
from app.text import clean_line, clean_text
from channels.email.addresses import parse_addresses
from channels.email.authentication import written_down
from channels.email.bounces import bounce_of
from channels.email.charset import codec_of, decode_bytes, decode_header
from channels.email.files import Attached, file_of
from channels.email.html_text import cut_html, safe_html, text_of_html
from channels.email.limits import MailLimits
from channels.email.loops import LOOP_HEADER
from channels.email.parsed import MailRefused
from channels.email.quotes import reply_of
from channels.email.structure import Bodies, Part, bodies_of, content_of, kind_of, parse_parts

_MESSAGE_ID: Final = re.compile(r"<([^<>\s]{1,250})>")
_FOLD: Final = re.compile(r"\r?\n[ \t]*|\r")
_END_OF_HEADERS: Final = re.compile(rb"\r?\n\r?\n")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def parse_mail(raw: bytes, limits: MailLimits, fallback: str) -> tuple[dict[str, Any], list[Attached]]:
    """ParsedMail's members without attachments, and these apart. `fallback`: the charset to try last.

    Raises MailRefused past a limit.
    """
    try:
        return _members(raw, parse_parts(raw, limits), limits, fallback)
    except RecursionError:
        raise MailRefused("parts nested too deeply") from None


def _members(
    raw: bytes, root: Part, limits: MailLimits, fallback: str
) -> tuple[dict[str, Any], list[Attached]]:
    bodies = bodies_of(root, limits)
    headers = Headers(root, limits, _charset_of_headers(bodies, fallback))
    files = [file_of(part, fallback) for part in bodies.attached[: limits.attachments]]
    members = {
        "delivery_key": _delivery_key(raw, headers),
        **_addresses(headers),
        **_thread(headers),
        **_automatic(headers),
        **_body(raw, root, bodies, limits, fallback),
        "date": _date(headers.first("date")),
        "subject": mask_cards(clean_line(headers.decoded("subject")))[:1000],
        "bounce": bounce_of(root, headers.first("from"), headers.first("x-failed-recipients")),
    }
    return members, files


class Headers:
    """The mail's own headers by lower-case name, unfolded, with their 8-bit bytes as surrogates."""

    def __init__(self, root: Part, limits: MailLimits, fallback: str) -> None:
        self.limits, self.fallback = limits, fallback
        self._values: dict[str, list[str]] = {}
        for name, value in root.raw_items():
            self._values.setdefault(name.lower(), []).append(_FOLD.sub(" ", str(value)).strip())

    def all(self, name: str) -> list[str]:
        return self._values.get(name, [])

    def first(self, name: str) -> str | None:
        return next(iter(self.all(name)), None)

    def decoded(self, name: str) -> str:
        return decode_header(self.first(name) or "", self.fallback)

    def word(self, name: str) -> str | None:
        """Its value in lower case up to parameters, without comments."""
        value = self.first(name)
        return None if value is None else re.split(r"[;(]", clean_line(value).lower()[:200])[0].strip()

    def mailboxes(self, *names: str) -> list[dict[str, str]]:
        found: list[dict[str, str]] = []
        for value in (value for name in names for value in self.all(name)):
            found.extend(parse_addresses(value, self.fallback, self.limits.addresses))
        return found[: self.limits.addresses]

    def message_ids(self, name: str) -> list[str]:
        """Newest last; of a long list the newest stay."""
        ids = [found for value in self.all(name) for found in _MESSAGE_ID.findall(value)]
        return [clean_line(found) for found in ids[-self.limits.references :]]


def _addresses(headers: Headers) -> dict[str, Any]:
    senders = headers.mailboxes("from") or headers.mailboxes("sender")
    delivered = headers.mailboxes("delivered-to", "x-original-to", "envelope-to", "x-envelope-to")
    return {
        "sender": senders[0] if senders else None,
        "from_name": "" if senders else _name_alone(headers.decoded("from")),
        "reply_to": headers.mailboxes("reply-to"),
        "to": headers.mailboxes("to"),
        "cc": headers.mailboxes("cc"),
        "delivered_to": [mailbox["address"] for mailbox in delivered],
    }


def _name_alone(value: str) -> str:
    """What From says without an address in it."""
    return mask_cards(clean_line(value.partition("<")[0])).strip(' "')[:200]


def _thread(headers: Headers) -> dict[str, Any]:
    own = headers.first("message-id")
    bracketed = _MESSAGE_ID.search(own or "")
    return {
        "message_id": clean_line(bracketed[1] if bracketed else own or "")[:250] or None,
        "references": headers.message_ids("references"),
        "in_reply_to": headers.message_ids("in-reply-to"),
    }


def _automatic(headers: Headers) -> dict[str, Any]:
    answering = headers.first("x-autoreply") or headers.first("x-autorespond")
    list_id, loop = headers.first("list-id"), headers.first(LOOP_HEADER.lower())
    return {
        "auto_submitted": headers.word("auto-submitted") or ("auto-replied" if answering else None),
        "precedence": headers.word("precedence"),
        "list_id": None if list_id is None else clean_line(list_id)[:500],
        "loop": None if loop is None else clean_line(loop)[:200],
        "authentication": written_down(headers.all("authentication-results")),
        "return_path": _return_path(headers.first("return-path")),
    }


def _return_path(value: str | None) -> str | None:
    return None if value is None else clean_line(value.strip("<> "))[:254]


def _body(raw: bytes, root: Part, bodies: Bodies, limits: MailLimits, fallback: str) -> dict[str, Any]:
    text = "\n\n".join(filter(None, (_text_of(part, limits, fallback) for part in bodies.text)))
    text = text or _hidden_text(raw, root, bodies, limits, fallback)
    pages = [part for part in bodies.html if kind_of(part) == "text/html"]
    html = "\n".join(_bounded_html(_decoded(part, fallback), limits) for part in pages)
    kept = mask_cards(text[: limits.text_chars])
    return {
        "text": kept,
        "reply": reply_of(kept, limits.reply_chars),
        "html": safe_html(_bounded_html(html, limits)) if html.strip() else None,
        "truncated": len(text) > limits.text_chars or len(html) >= limits.html_chars,
    }


def _text_of(part: Part, limits: MailLimits, fallback: str) -> str:
    text = _decoded(part, fallback)
    if part.get_content_type() == "text/html":
        return text_of_html(_bounded_html(text, limits))
    return text.strip("\n")


def _hidden_text(raw: bytes, root: Part, bodies: Bodies, limits: MailLimits, fallback: str) -> str:
    """Text where the body has none: in an attached text, or in a mail that this one only wraps."""
    for part in root.walk():
        if part.get_content_maintype() == "text" and not part.is_multipart():
            text = _text_of(part, limits, fallback)
            if text.strip():
                return text
    return "" if bodies.attached else _below_headers(raw, limits, fallback)


def _below_headers(raw: bytes, limits: MailLimits, fallback: str) -> str:
    """All there is, where the structure is so broken that it names no text."""
    end = _END_OF_HEADERS.search(raw)
    body = raw[end.end() : end.end() + limits.text_chars] if end else b""
    return clean_text(decode_bytes(body, None, fallback)).strip("\n")


def _decoded(part: Part, fallback: str) -> str:
    return clean_text(decode_bytes(content_of(part), _charset_of(part), fallback))


def _charset_of(part: Part) -> str | None:
    charset = part.get_param("charset")
    return charset if isinstance(charset, str) else charset[2] if charset else None


def _charset_of_headers(bodies: Bodies, fallback: str) -> str:
    """Raw 8-bit headers are mostly written in the charset of the text below them."""
    for part in (*bodies.text, *bodies.html):
        codec = codec_of(_charset_of(part))
        if codec not in (None, "utf-8"):
            return str(codec)
    return fallback


def _bounded_html(html: str, limits: MailLimits) -> str:
    return cut_html(html, limits.html_chars, limits.html_depth)


def _date(value: str | None) -> str | None:
    try:
        fields = parsedate_tz(value or "")
        if fields is None:
            return None
        local = datetime(*fields[:6], tzinfo=UTC)
        return (local - timedelta(seconds=fields[9] or 0)).isoformat()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def _delivery_key(raw: bytes, headers: Headers) -> str:
    """The same mail by another way is the same: sha256 of Message-ID, From, Date and body."""
    end = _END_OF_HEADERS.search(raw)
    body = raw[end.end() :] if end else b""
    digest = hashlib.sha256(body.replace(b"\r\n", b"\n").rstrip()).hexdigest()
    named = [clean_line(headers.first(name) or "") for name in ("message-id", "from", "date")]
    return hashlib.sha256(orjson.dumps([*named, digest])).hexdigest()
