"""Whether a mail is from whom it says: DKIM (RFC 6376), ARC (RFC 8617), SPF and DMARC (RFC 7489), verified
here, in a parser process; or as a server that is believed has written it down (RFC 8601).

SPF is about the server that the sender spoke to: it is checked where that is our door.
"""

import re
from collections.abc import Sequence
from typing import Final

import dkim

from channels.email import spf
from channels.email.lookups import Lookups, NoAnswerNow

METHODS: Final = ("dkim", "spf", "dmarc", "arc")
VERIFIED_HERE: Final = "touchpoint"
SIGNATURES_MAX: Final = 3
HEADERS_BYTES: Final = 256 * 1024

_SERVER: Final = re.compile(r"\s*([^\s;()]{1,255})[^;]{0,200};")
_RESULT: Final = re.compile(r"(?:^|;)\s*(dkim|spf|dmarc|arc)\s*=\s*([a-z]{1,20})", re.IGNORECASE)
_COMMENT: Final = re.compile(r"\([^()]{0,1000}\)")
_SIGNED_BY: Final = re.compile(rb"(?:^|;)\s*d\s*=\s*([^\s;]{1,253})", re.IGNORECASE)
_POLICY: Final = re.compile(r"v\s*=\s*DMARC1\s*(?:;|$)", re.IGNORECASE)
_STRICT_DKIM: Final = re.compile(r";\s*adkim\s*=\s*s\s*(?:;|$)", re.IGNORECASE)
_STRICT_SPF: Final = re.compile(r";\s*aspf\s*=\s*s\s*(?:;|$)", re.IGNORECASE)

Said = tuple[str, str]
"""A domain that vouches for the mail, and the result."""


def is_signed(raw: bytes) -> bool:
    """Whether there is anything to verify."""
    above = raw[:HEADERS_BYTES].lower()
    return any(above.startswith(name) or b"\n" + name in above for name in (b"dkim-signature:", b"arc-seal:"))


def verified(raw: bytes, from_domain: str, lookups: Lookups, peer: spf.Peer | None = None) -> dict[str, str]:
    """Results by method, in RFC 8601's words. `peer` None: who handed the mail to our side is not known, and
    DMARC is only said where DKIM decides it."""
    sender = None if peer is None else (peer.domain, spf.evaluate(peer, lookups.for_spf()))
    signatures, results = _signed(raw, lookups)
    if sender is not None:
        results["spf"] = sender[1]
    results["dmarc"] = _dmarc(from_domain, signatures, sender, lookups)
    return {method: result for method, result in results.items() if result}


def _signed(raw: bytes, lookups: Lookups) -> tuple[list[Said], dict[str, str]]:
    """What the signatures say, each and together."""
    try:
        signatures = _signatures(raw, lookups)
        return signatures, {"dkim": _best([result for _, result in signatures]), "arc": _arc(raw, lookups)}
    except (dkim.DKIMException, ValueError, IndexError, TypeError):
        return [], {"dkim": "permerror"}


def _signatures(raw: bytes, lookups: Lookups) -> list[Said]:
    """Of the first signatures."""
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
    except NoAnswerNow:
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
    except NoAnswerNow:
        return "temperror"
    return "fail" if result is None else result.decode()


def _dmarc(from_domain: str, signatures: Sequence[Said], sender: Said | None, lookups: Lookups) -> str:
    """`pass` where a good signature or SPF is aligned with From. `fail` where both are known and neither is;
    without SPF where an aligned signature is bad. Else empty: what we do not know could decide."""
    senders = [sender] if sender else []
    if not from_domain or not (senders or any(_related(domain, from_domain) for domain, _ in signatures)):
        return ""
    try:
        policy = _dmarc_policy(from_domain, lookups)
    except NoAnswerNow:
        return "temperror"
    if policy is None:
        return "none"
    by_dkim = _aligned(from_domain, signatures, strict=bool(_STRICT_DKIM.search(policy)))
    by_spf = _aligned(from_domain, senders, strict=bool(_STRICT_SPF.search(policy)))
    if "pass" in (*by_dkim, *by_spf):
        return "pass"
    if sender is None:
        return "fail" if "fail" in by_dkim else ""
    return _not_passed(from_domain, [*signatures, sender])


def _not_passed(from_domain: str, said: Sequence[Said]) -> str:
    """Without the public suffix list nobody says that two domains of one suffix are strangers."""
    if any(result == "temperror" for _, result in said):
        return "temperror"
    suffix = from_domain.split(".")[-2:]
    is_near = any(result == "pass" and domain.split(".")[-2:] == suffix for domain, result in said)
    return "" if is_near else "fail"


def _aligned(from_domain: str, said: Sequence[Said], *, strict: bool) -> list[str]:
    """The results of domains that stand for From's."""
    return [
        result
        for domain, result in said
        if domain == from_domain or (not strict and _related(domain, from_domain))
    ]


def _dmarc_policy(domain: str, lookups: Lookups) -> str | None:
    """The domain's own, else that of the nearest domain above it that has one."""
    labels = domain.split(".")
    for start in range(max(1, min(len(labels) - 1, 5))):
        for found in lookups.texts("_dmarc." + ".".join(labels[start:])):
            if _POLICY.match(found.strip()):
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
