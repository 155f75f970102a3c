"""SPF (RFC 7208): whether a server may send for a domain, by what the domain says in DNS.

Evaluated as §4 and §5 have it, within §4.6.4's limits. `exp` is not followed: nobody reads it.
"""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from channels.email.lookups import Lookups, NoAnswerNow
from channels.email.spf_record import BadRecord, Directive, Ip, Record, Who, read

ASKING_MAX: Final = 10
"""Terms that ask DNS, in all records together; also the hosts of one `mx` or `ptr`."""

VOID_MAX: Final = 2
"""Answers without anything."""

RESULTS: Final = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}


@dataclass(frozen=True, slots=True)
class Peer:
    """Who handed us the mail: its address ("": not told), what it calls itself, and the envelope's sender
    ("": null)."""

    ip: str
    helo: str
    mail_from: str

    @property
    def is_outside(self) -> bool:
        """A server of the internet; others are the company's own, which SPF knows nothing of."""
        return _address(self.ip).is_global

    @property
    def sender(self) -> str:
        """§2.4: without a sender it is the server itself that is asked about."""
        return self.mail_from if "@" in self.mail_from else f"postmaster@{self.helo}"

    @property
    def domain(self) -> str:
        return self.sender.rpartition("@")[2].lower().rstrip(".")


def evaluate(peer: Peer, lookups: Lookups) -> str:
    """pass, fail, softfail, neutral, none, temperror or permerror."""
    who = Who(_address(peer.ip), peer.sender, peer.helo)
    try:
        return _Evaluation(who, lookups).of(peer.domain)
    except NoAnswerNow:
        return "temperror"
    except BadRecord:
        return "permerror"


@dataclass
class _Evaluation:
    """`asking` and `void` count over all records."""

    who: Who
    lookups: Lookups
    asking: int = field(default=0, init=False)
    void: int = field(default=0, init=False)

    def of(self, domain: str) -> str:
        """check_host(). Raises NoAnswerNow, BadRecord."""
        record = self._record(domain)
        if record is None:
            return "none"
        for directive in record.directives:
            if self._matches(directive, domain):
                return RESULTS[directive.qualifier]
        if record.redirect is None:
            return "neutral"
        self._ask()
        result = self.of(record.redirect.expanded(self.who, domain))
        if result == "none":
            raise BadRecord("redirected to a domain without a record")
        return result

    def _record(self, domain: str) -> Record | None:
        if not _is_domain(domain):
            return None
        texts = [text for text in self.lookups.texts(domain) if _says_spf(text)]
        if len(texts) > 1:
            raise BadRecord("more than one record")
        return read(texts[0]) if texts else None

    def _matches(self, directive: Directive, domain: str) -> bool:
        if directive.network is not None:
            return self.who.ip in directive.network
        if directive.name == "all":
            return True
        self._ask()
        place = directive.place.expanded(self.who, domain) if directive.place else domain
        match directive.name:
            case "include":
                return self._included(place)
            case "exists":
                return bool(self._found(self.lookups.addresses(place, "A")))
            case "ptr":
                return any(_below(name, place) for name in self._own_names())
        hosts = [place] if directive.name == "a" else self._exchanges(place)
        return any(self.who.is_at(found, directive) for host in hosts for found in self._addresses(host))

    def _included(self, domain: str) -> bool:
        result = self.of(domain)
        if result == "none":
            raise BadRecord("includes a domain without a record")
        return result == "pass"

    def _exchanges(self, domain: str) -> list[str]:
        found = self._found(self.lookups.exchanges(domain))
        if len(found) > ASKING_MAX:
            raise BadRecord("too many mail exchangers")
        return found

    def _own_names(self) -> Iterator[str]:
        """§5.5: the names of the address that lead back to it."""
        try:
            names = self._found(self.lookups.names(self.who.ip.reverse_pointer))
            for name in names[:ASKING_MAX]:
                if str(self.who.ip) in self.lookups.addresses(name, self.who.kind):
                    yield name
        except NoAnswerNow:
            return

    def _addresses(self, host: str) -> list[str]:
        return self._found(self.lookups.addresses(host, self.who.kind))

    def _found(self, answers: list[str]) -> list[str]:
        self.void += not answers
        if self.void > VOID_MAX:
            raise BadRecord("too many lookups without an answer")
        return answers

    def _ask(self) -> None:
        self.asking += 1
        if self.asking > ASKING_MAX:
            raise BadRecord("too many lookups")


def _address(text: str) -> Ip:
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _says_spf(text: str) -> bool:
    return text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")


def _is_domain(domain: str) -> bool:
    labels = domain.split(".")
    return len(labels) > 1 and len(domain) <= 253 and all(0 < len(label) <= 63 for label in labels)


def _below(name: str, domain: str) -> bool:
    return name == domain.lower() or name.endswith(f".{domain.lower()}")
