"""What an exchange leaves in the log: the beginning of each body, without secrets, card numbers and identity
numbers."""

import re
from typing import Final
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from app.hiding.numbers import mask_numbers
from app.text import clean_text
from channels.base import MailEnvelope, WireRequest, WireResponse

KEPT_CHARACTERS: Final = 2_000
HIDDEN: Final = "…"
_READ_BYTES: Final = 8_000
_NAMES: Final = (
    r"[\w.-]*(?:token|secret|passw|pwd|signature|hmac|api_?key|authorization|credential|client_assertion"
    r"|private_?key|ticket)[\w.-]*"
)
"""What proves something is called like that."""

_PARAMETER: Final = re.compile(rf"{_NAMES}|sig|key|code|pin", re.IGNORECASE)
_MEMBER: Final = re.compile(rf'("(?:{_NAMES})"\s*:\s*)("(?:[^"\\]|\\.)*"?|[^\s",}}\]]+)', re.IGNORECASE)
_ELEMENT: Final = re.compile(rf"(<({_NAMES})>).*?(?=</|$)", re.IGNORECASE | re.DOTALL)
_LONG: Final = re.compile(r"[\w.~+/=-]{65,}")
"""A value that means nothing to people."""


def url_without_secrets(url: str) -> str:
    """Without user and password, and without the values of parameters that may prove something."""
    try:
        parts = urlsplit(url)
        place = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    except ValueError:
        return HIDDEN
    shown = "&".join(
        f"{name}={HIDDEN if _proves(name, value) else value}"
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    )
    return _masked(f"{place}?{shown}" if shown else place)


def request_beginning(request: WireRequest | MailEnvelope, secret: str | None = None) -> str:
    """Of a mail its header: the text stands on the timeline."""
    if isinstance(request, MailEnvelope):
        return _beginning(request.data.partition(b"\r\n\r\n")[0], "", secret)
    return _beginning(request.body, request.headers.get("content-type", ""), secret)


def response_beginning(response: WireResponse, secret: str | None = None) -> str:
    return _beginning(response.body, response.headers.get("content-type", ""), secret)


def without_secrets(text: str, secret: str | None = None) -> str:
    """`secret` is hidden wherever it stands; others by the names that they stand under."""
    if secret:
        text = text.replace(secret, HIDDEN)
    text = _MEMBER.sub(rf'\1"{HIDDEN}"', text)
    text = _ELEMENT.sub(rf"\1{HIDDEN}", text)
    return _masked(text)


def _masked(text: str) -> str:
    return mask_numbers(clean_text(text))[:KEPT_CHARACTERS]


def _beginning(body: bytes, content_type: str, secret: str | None) -> str:
    text = body[:_READ_BYTES].decode(errors="ignore")
    if "\x00" in text or len(text) < min(len(body), _READ_BYTES) / 4:
        return f"({len(body)} bytes)"
    if "form-urlencoded" in content_type:
        text = _form(text)
    return without_secrets(text, secret)


def _form(text: str) -> str:
    """A member a line, as it reads."""
    members = (pair.partition("=") for pair in text.split("&"))
    named = ((unquote_plus(name), unquote_plus(value)) for name, _, value in members)
    return "\n".join(f"{name}={HIDDEN if _proves(name, value) else value}" for name, value in named)


def _proves(name: str, value: str) -> bool:
    return _PARAMETER.fullmatch(name) is not None or _LONG.fullmatch(value) is not None
