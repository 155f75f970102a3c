"""Whether a mail is from whom it says: DKIM (RFC 6376), ARC (RFC 8617) and DMARC (RFC 7489), verified here,
in a parser process; or as a server that is believed has written it down (RFC 8601).

SPF is only known to the server that the sender spoke to, so it is never checked here.
"""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import dkim
from dns.exception import DNSException, Timeout
from dns.resolver import NXDOMAIN, NoAnswer, NoNameservers, Resolver

METHODS: Final = ("dkim", "spf", "dmarc", "arc")
VERIFIED_HERE: Final = "touchpoint"
SIGNATURES_MAX: Final = 3
LOOKUPS_MAX: Final = 20
LOOKUP_SECONDS: Final = 2.0
LOOKUPS_SECONDS: Final = 6.0
HEADERS_BYTES: Final = 256 * 1024

_SERVER: Final = re.compile(r"\s*([^\s;()]{1,255})[^;]{0,200};")
_RESULT: Final = re.compile(r"(?:^|;)\s*(dkim|spf|dmarc|arc)\s*=\s*([a-z]{1,20})", re.IGNORECASE)
_COMMENT: Final = re.compile(r"\([^()]{0,1000}\)")
_SIGNED_BY: Final = re.compile(rb"(?:^|;)\s*d\s*=\s*([^\s;]{1,253})", re.IGNORECASE)
_POLICY: Final = re.compile(r"v\s*=\s*DMARC1\s*(?:;|$)", re.IGNORECASE)
_STRICT: Final = re.compile(r";\s*adkim\s*=\s*s\s*(?:;|$)", re.IGNORECASE)


class _NoAnswerNow(Exception):
    """DNS did not answer, or was asked too often: nothing is known."""


@dataclass
class Lookups:
    """TXT records, within limits. `servers`: (address, port) to ask; empty: the system's."""

    servers: Sequence[tuple[str, int]] = ()
    left: int = LOOKUPS_MAX
    until: float = field(default_factory=lambda: time.monotonic() + LOOKUPS_SECONDS)
    _resolver: Resolver = field(init=False)

    def __post_init__(self) -> None:
        self._resolver = Resolver(configure=not self.servers)
        if self.servers:
            self._resolver.nameservers = [address for address, _ in self.servers]
            self._resolver.nameserver_ports = dict(self.servers)

    def txt(self, name: str) -> str | None:
        """None: there is none. Raises _NoAnswerNow."""
        self.left -= 1
        rest = self.until - time.monotonic()
        if self.left < 0 or rest <= 0:
            raise _NoAnswerNow
        try:
            answer = self._resolver.resolve(name, "TXT", search=False, lifetime=min(LOOKUP_SECONDS, rest))
        except (NXDOMAIN, NoAnswer):
            return None
        except (Timeout, NoNameservers):
            raise _NoAnswerNow from None
        except (DNSException, ValueError):
            return None
        return b"".join(next(iter(answer)).strings).decode("ascii", "replace")

    def dkim_key(self, name: bytes, timeout: int = 5) -> bytes | None:
        """As dkimpy asks."""
        found = self.txt(name.decode("ascii", "replace"))
        return None if found is None else found.encode()


def is_signed(raw: bytes) -> bool:
    """Whether there is anything to verify."""
    above = raw[:HEADERS_BYTES].lower()
    return any(above.startswith(name) or b"\n" + name in above for name in (b"dkim-signature:", b"arc-seal:"))


def verified(raw: bytes, from_domain: str, lookups: Lookups) -> dict[str, str]:
    """Results by method, in RFC 8601's words. DMARC is only said where DKIM decides it."""
    try:
        signatures = _signatures(raw, lookups)
        results = {"dkim": _best([result for _, result in signatures]), "arc": _arc(raw, lookups)}
    except (dkim.DKIMException, ValueError, IndexError, TypeError):
        return {"dkim": "permerror"}
    results["dmarc"] = _dmarc(from_domain, signatures, lookups)
    return {method: result for method, result in results.items() if result}


def _signatures(raw: bytes, lookups: Lookups) -> list[tuple[str, str]]:
    """(domain, result) of the first signatures."""
    checked = dkim.DKIM(raw)
    signed = [value for name, value in checked.headers if name.lower() == b"dkim-signature"]
    found = []
    for index, value in enumerate(signed[:SIGNATURES_MAX]):
        domain = _SIGNED_BY.search(value)
        name = domain[1].decode("ascii", "replace").lower() if domain else ""
        found.append((name, _signature(checked, index, lookups)))
    return found


def _signature(checked: dkim.DKIM, index: int, lookups: Lookups) -> str:
    keys: list[bytes | None] = []

    def key(name: bytes, timeout: int = 5) -> bytes | None:
        keys.append(lookups.dkim_key(name))
        return keys[-1]

    try:
        good = checked.verify(index, dnsfunc=key)
    except _NoAnswerNow:
        return "temperror"
    except dkim.ValidationError:
        return "fail" if keys else "permerror"
    except (dkim.DKIMException, ValueError, TypeError):
        return "permerror"
    return "pass" if good else "permerror" if None in keys else "fail"


def _best(results: Sequence[str]) -> str:
    """One good signature is enough."""
    return next((good for good in ("pass", "fail", "temperror", "permerror") if good in results), "none")


def _arc(raw: bytes, lookups: Lookups) -> str:
    try:
        result, _, _ = dkim.ARC(raw).verify(dnsfunc=lookups.dkim_key)
    except _NoAnswerNow:
        return "temperror"
    return "fail" if result is None else result.decode()


def _dmarc(from_domain: str, signatures: Sequence[tuple[str, str]], lookups: Lookups) -> str:
    """`pass` where a good signature is aligned with From; `fail` where an aligned one is bad; else empty: SPF
    could decide, which we do not know."""
    aligned = [(domain, result) for domain, result in signatures if _related(domain, from_domain)]
    if not from_domain or not aligned:
        return ""
    try:
        policy = _dmarc_policy(from_domain, lookups)
    except _NoAnswerNow:
        return "temperror"
    if policy is None:
        return "none"
    if _STRICT.search(policy):
        aligned = [(domain, result) for domain, result in aligned if domain == from_domain]
    results = [result for _, result in aligned]
    return "pass" if "pass" in results else "fail" if "fail" in results else ""


def _dmarc_policy(domain: str, lookups: Lookups) -> str | None:
    """The domain's own, else that of the nearest domain above it that has one."""
    labels = domain.split(".")
    for start in range(max(1, min(len(labels) - 1, 5))):
        found = lookups.txt("_dmarc." + ".".join(labels[start:]))
        if found is not None and _POLICY.match(found.strip()):
            return found
    return None


def _related(one: str, other: str) -> bool:
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def written_down(headers: Sequence[str]) -> list[dict[str, str]]:
    """Each Authentication-Results, the topmost first: its `by` and the results by method."""
    found = []
    for value in headers[:10]:
        bare = _COMMENT.sub(" ", value[:4_000])
        server = _SERVER.match(bare)
        if server is not None:
            results = {m[1].lower(): m[2].lower() for m in reversed([*_RESULT.finditer(bare)])}
            found.append({"by": server[1].lower(), **results})
    return found


def believed(written: Sequence[dict[str, str]], server: str) -> dict[str, str]:
    """What the server that we believe wrote down, which stands above what came with the mail."""
    return next((results for results in written if results["by"] == server.lower()), {})
