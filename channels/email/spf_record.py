"""What an SPF record says (RFC 7208 §4.6, §7): read whole before anything of it is believed."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

DOMAIN_MAX: Final = 253
_DIRECTIVE: Final = re.compile(r"([-+?~]?)(all|include|a|mx|ptr|ip4|ip6|exists)(?=$|[:/])(.*)", re.IGNORECASE)
_MODIFIER: Final = re.compile(r"([a-z][a-z0-9._-]*)=(.*)", re.IGNORECASE)
_PREFIXES: Final = re.compile(r"^(.*?)(?:/(0|[1-9]\d{0,2}))?(?://(0|[1-9]\d{0,2}))?$")
_MACRO: Final = re.compile(r"%(?:\{([slodiphv])(\d{0,3})(r?)([.\-+,/_=]*)\}|([%_-]))", re.IGNORECASE)
_PLAIN: Final = re.compile(r"[!-$&-~]*")
_END: Final = re.compile(r"(?:\}|%[%_-]|\.(?=[^.]*[a-z-])[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.?)$", re.IGNORECASE)
"""A domain ends in a macro, or in a label that no address could end in."""

_NETWORK: Final = re.compile(r":([0-9a-f.:]+(?:/(?:0|[1-9]\d{0,2}))?)", re.IGNORECASE)
_ESCAPED: Final = {"%": "%", "_": " ", "-": "%20"}
_NEEDS_PLACE: Final = frozenset({"include", "exists"})
_DOMAINS: Final = frozenset({"redirect", "exp"})
"""Modifiers that name one."""


class BadRecord(Exception):
    """The domain's own fault: permerror."""


@dataclass(frozen=True, slots=True)
class Who:
    """Whose right to send is asked for."""

    ip: Ip
    sender: str
    helo: str

    @property
    def kind(self) -> str:
        """The records that name such addresses."""
        return "A" if self.ip.version == 4 else "AAAA"

    def is_at(self, address: str, directive: "Directive") -> bool:
        prefix = directive.prefix4 if self.ip.version == 4 else directive.prefix6
        return self.ip in ipaddress.ip_network(f"{address}/{prefix}", strict=False)

    def letters(self, domain: str) -> dict[str, str]:
        """§7.2."""
        local, _, own = self.sender.rpartition("@")
        dotted = str(self.ip) if self.ip.version == 4 else ".".join(self.ip.exploded.replace(":", ""))
        return {
            "s": f"{local or 'postmaster'}@{own}",
            "l": local or "postmaster",
            "o": own,
            "d": domain,
            "i": dotted,
            "p": "unknown",
            "h": self.helo,
            "v": "in-addr" if self.ip.version == 4 else "ip6",
        }


@dataclass(frozen=True, slots=True)
class Place:
    """A domain, perhaps with macros in it."""

    text: str

    def __post_init__(self) -> None:
        _check_macros(self.text)
        if not _END.search(self.text):
            raise BadRecord(f"no domain: {self.text[:80]!r}")

    def expanded(self, who: Who, domain: str) -> str:
        """Too long a name loses its first labels."""
        letters = who.letters(domain)
        name = _MACRO.sub(lambda macro: _expanded(macro, letters), self.text).rstrip(".")
        while len(name) > DOMAIN_MAX and "." in name:
            name = name.partition(".")[2]
        return name


@dataclass(frozen=True, slots=True)
class Directive:
    """`network` of ip4 and ip6; `place` None: the domain itself."""

    qualifier: str
    name: str
    place: Place | None = None
    network: Network | None = None
    prefix4: int = 32
    prefix6: int = 128


@dataclass(frozen=True, slots=True)
class Record:
    directives: tuple[Directive, ...]
    redirect: Place | None


def read(text: str) -> Record:
    """Raises BadRecord."""
    directives, modifiers = [], dict[str, str]()
    for term in text.split(" ")[1:]:
        if not term:
            continue
        if (said := _DIRECTIVE.fullmatch(term)) is not None:
            directives.append(_directive(said[1] or "+", said[2].lower(), said[3]))
        elif (said := _MODIFIER.fullmatch(term)) is not None:
            modifier = said[1].lower()
            if modifier in modifiers and modifier in _DOMAINS:
                raise BadRecord(f"{modifier} twice")
            modifiers[modifier] = said[2]
            _check_macros(said[2])
        else:
            raise BadRecord(f"neither mechanism nor modifier: {term[:80]!r}")
    places = {name: Place(text) for name, text in modifiers.items() if name in _DOMAINS}
    return Record(tuple(directives), places.get("redirect"))


def _directive(qualifier: str, name: str, rest: str) -> Directive:
    if name in ("ip4", "ip6"):
        return Directive(qualifier, name, network=_network(name, rest))
    if name == "all":
        if rest:
            raise BadRecord("all takes nothing")
        return Directive(qualifier, name)
    place, prefix4, prefix6 = rest, 32, 128
    if name in ("a", "mx"):
        place, prefix4, prefix6 = _prefixes(rest)
    if (place and not place.startswith(":")) or (not place and name in _NEEDS_PLACE):
        raise BadRecord(f"{name} names no domain")
    return Directive(qualifier, name, Place(place[1:]) if place else None, None, prefix4, prefix6)


def _prefixes(rest: str) -> tuple[str, int, int]:
    found = _PREFIXES.fullmatch(rest)
    assert found is not None, "its first part takes anything"
    prefix4, prefix6 = int(found[2] or 32), int(found[3] or 128)
    if prefix4 > 32 or prefix6 > 128:
        raise BadRecord("a prefix longer than the address")
    return found[1], prefix4, prefix6


def _network(name: str, rest: str) -> Network:
    kind = ipaddress.IPv4Network if name == "ip4" else ipaddress.IPv6Network
    written = _NETWORK.fullmatch(rest)
    try:
        return kind(written[1] if written else "", strict=False)
    except ValueError:
        raise BadRecord(f"no network: {rest[:80]!r}") from None


def _check_macros(text: str) -> None:
    if not _PLAIN.fullmatch(_MACRO.sub("", text)):
        raise BadRecord(f"no macros that are known: {text[:80]!r}")


def _expanded(macro: re.Match[str], letters: dict[str, str]) -> str:
    if macro[5]:
        return _ESCAPED[macro[5]]
    value = letters[macro[1].lower()]
    parts = re.split(f"[{re.escape(macro[4] or '.')}]", value)
    if macro[3]:
        parts.reverse()
    if macro[2]:
        parts = parts[-max(int(macro[2]), 1) :]
    joined = ".".join(parts)
    return quote(joined, safe="") if macro[1].isupper() else joined
