"""DNS for those who verify mails: within limits, at servers that can be named."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from dns.exception import DNSException, Timeout
from dns.resolver import NXDOMAIN, NoAnswer, NoNameservers, Resolver

LOOKUPS_MAX: Final = 20
SPF_LOOKUPS_MAX: Final = 60
LOOKUP_SECONDS: Final = 2.0
LOOKUPS_SECONDS: Final = 6.0


class NoAnswerNow(Exception):
    """DNS did not answer, or was asked too often: nothing is known."""


@dataclass
class Lookups:
    """`servers`: (address, port) to ask; empty: the system's. `left`: how many questions more; `until` by the
    monotonic clock."""

    servers: Sequence[tuple[str, int]] = ()
    left: int = LOOKUPS_MAX
    until: float = field(default_factory=lambda: time.monotonic() + LOOKUPS_SECONDS)
    _resolver: Resolver = field(init=False)

    def __post_init__(self) -> None:
        self._resolver = Resolver(configure=not self.servers)
        if self.servers:
            self._resolver.nameservers = [address for address, _ in self.servers]
            self._resolver.nameserver_ports = dict(self.servers)

    def for_spf(self) -> "Lookups":
        """As many more as one evaluation may take, within the same time."""
        return Lookups(self.servers, SPF_LOOKUPS_MAX, self.until)

    def texts(self, name: str) -> list[str]:
        """Its TXT records. Raises NoAnswerNow."""
        return [b"".join(record.strings).decode("ascii", "replace") for record in self._ask(name, "TXT")]

    def addresses(self, name: str, kind: str) -> list[str]:
        """Its A or AAAA records. Raises NoAnswerNow."""
        return [str(record.address) for record in self._ask(name, kind)]

    def exchanges(self, name: str) -> list[str]:
        """The hosts of its MX records, the preferred first. Raises NoAnswerNow."""
        records = sorted(self._ask(name, "MX"), key=lambda record: int(record.preference))
        return [record.exchange.to_text(omit_final_dot=True) for record in records]

    def names(self, reverse: str) -> list[str]:
        """The PTR records of an address. Raises NoAnswerNow."""
        return [record.target.to_text(omit_final_dot=True).lower() for record in self._ask(reverse, "PTR")]

    def dkim_key(self, name: bytes, timeout: int = 5) -> bytes | None:
        """As dkimpy asks."""
        found = self.texts(name.decode("ascii", "replace"))
        return found[0].encode() if found else None

    def _ask(self, name: str, kind: str) -> list[Any]:
        """Empty: there is no such name, or nothing of that kind at it."""
        self.left -= 1
        rest = self.until - time.monotonic()
        if self.left < 0 or rest <= 0:
            raise NoAnswerNow
        try:
            answer = self._resolver.resolve(name, kind, search=False, lifetime=min(LOOKUP_SECONDS, rest))
        except (NXDOMAIN, NoAnswer):
            return []
        except (Timeout, NoNameservers):
            raise NoAnswerNow from None
        except (DNSException, ValueError):
            return []
        return list(answer)
