"""The form-encoded bodies of Twilio's requests, decoded once for the signature and the events."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl, unquote_plus

from app.errors import MalformedPayload
from channels.base import WireRequest

FIELDS_MAX: Final = 500

Pairs = tuple[tuple[str, str], ...]


@lru_cache(maxsize=64)
def pairs_of(body: bytes) -> Pairs:
    """Name and value of each field, as they stand. Raises ValueError for what is no form."""
    if not body:
        return ()
    parts = body.decode("utf-8").split("&")
    if len(parts) > FIELDS_MAX:
        raise ValueError("too many fields")
    return tuple(_pair(part) for part in parts if part)


def fields_of(request: WireRequest) -> Mapping[str, str]:
    """The fields that have a value. Raises MalformedPayload."""
    try:
        return {name: value for name, value in pairs_of(request.body) if value}
    except ValueError as error:
        raise MalformedPayload(f"no form: {error}") from None


def needed(fields: Mapping[str, str], name: str, max_length: int = 200) -> str:
    """Raises MalformedPayload where the field is missing or no id."""
    value = fields.get(name, "")
    if not value:
        raise MalformedPayload("this field is required", f"/{name}")
    if len(value) > max_length or not value.isprintable():
        raise MalformedPayload("this is no id", f"/{name}")
    return value


def query_of(url: str) -> dict[str, str]:
    """What we wrote into the address that Twilio was to call."""
    query = url.partition("?")[2].partition("#")[0]
    return dict(parse_qsl(query, keep_blank_values=True)) if query else {}


def _pair(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return _plain(name), _plain(value)


def _plain(text: str) -> str:
    return unquote_plus(text, errors="strict") if "%" in text or "+" in text else text
