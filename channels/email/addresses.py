"""Address lists of real mails: tolerant, linear in their length, and the same on every Python."""

import re
from typing import Final

from app.addresses import email_address
from app.hiding.cards import mask_cards
from app.text import clean_line
from channels.email.charset import decode_header

NAME_CHARS: Final = 200

_TOKEN: Final = re.compile(
    r'(?P<quoted>"(?:[^"\\]|\\.)*+(?:"|\\?$))'
    r"|(?P<comment>\((?:[^()\\]|\\.)*+(?:\)|(?=\()|\\?$))"
    r"|(?P<angle><[^<>]*+(?:>|(?=<)|$))"
    r"|(?P<separator>[,;])"
    r'|(?P<plain>[^"(<,;]++)',
    re.DOTALL,
)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


def parse_addresses(value: str, fallback: str, limit: int) -> list[dict[str, str]]:
    """The first `limit` mailboxes of a raw header, as {name, address}; what is no address is left out."""
    found: list[dict[str, str]] = []
    words: dict[str, list[str]] = {}
    for token in _TOKEN.finditer(value):
        kind = str(token.lastgroup)
        if kind != "separator":
            words.setdefault(kind, []).append(token[0])
            continue
        found.extend(_mailbox(words, fallback))
        words = {}
        if len(found) >= limit:
            return found
    return [*found, *_mailbox(words, fallback)]


def _mailbox(words: dict[str, list[str]], fallback: str) -> list[dict[str, str]]:
    """One mailbox, or none. `group: a@b` leaves the group's name behind."""
    plain = "".join(words.get("plain", ())).strip()
    quoted = [_ESCAPED.sub(r"\1", part.strip('"')) for part in words.get("quoted", ())]
    comments = [part.strip("()") for part in words.get("comment", ())]
    for candidate in (*(part.strip("<> ") for part in words.get("angle", ())), plain.rpartition(":")[2]):
        address = email_address(_utf8(_without_route(candidate)))
        if address is not None:
            names = [*quoted, plain] if words.get("angle") else [*quoted, *comments]
            return [{"name": _name(names, fallback) or _name(comments, fallback), "address": address}]
    return []


def _name(words: list[str], fallback: str) -> str:
    name = decode_header(" ".join(word for word in words if word), fallback)
    return mask_cards(clean_line(name))[:NAME_CHARS]


def _utf8(address: str) -> str:
    """Raw bytes of an address are UTF-8 (RFC 6532) or none: a guess would be somebody else's."""
    try:
        return address.encode("utf-8", "surrogateescape").decode()
    except UnicodeError:
        return ""


def _without_route(address: str) -> str:
    """`@relay:user@host` is user@host; `mailto:user@host` too; blanks are never part of one."""
    return re.sub(r"\s+", "", address.rpartition(":")[2] if address.startswith(("@", "mailto:")) else address)
