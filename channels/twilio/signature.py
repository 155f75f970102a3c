"""Proof that Twilio sent a request, in both versions. Everything but a proof is BadSignature.

Classic: base64 HMAC-SHA1 under the account's auth token. Where a Webhooks Rule matches, the header
`X-Twilio-Webhooks-Signature-Settings: key=…,algorithm=HMAC_SHA256` names the algorithm, and the secret is the
rule's SharedKey. Signed is the address with the form's fields, sorted by name, appended without separators; a
body that is no form is covered by its SHA-256 in the address (`bodySHA256`).

Source: twilio-python 9.13, `request_validator.py`; twilio.com/docs/usage/webhooks/webhooks-security.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from app.errors import BadSignature
from channels.base import WireRequest
from channels.twilio.form import Pairs, pairs_of, query_of

HEADER: Final = "x-twilio-signature"
SETTINGS_HEADER: Final = "x-twilio-webhooks-signature-settings"
_ALGORITHMS: Final = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}
_PORTS: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Keys:
    """Several of a kind while one is changed."""

    auth_tokens: Sequence[bytes]
    shared_keys: Sequence[bytes] = ()


def verify(keys: Keys, request: WireRequest) -> None:
    """Raises BadSignature unless one of the keys proves the request."""
    given = request.headers.get(HEADER, "").encode("utf-8", "replace")
    if not given:
        raise BadSignature(f"{HEADER} is missing")
    secrets, algorithm = _chosen(keys, request.headers.get(SETTINGS_HEADER))
    fields = _covered(request)
    for url in _spellings(request.url):
        for secret in secrets:
            if hmac.compare_digest(_digest(secret, url + fields, algorithm), given):
                return
    raise BadSignature("the signature does not fit")


def sign(secret: bytes, url: str, pairs: Pairs, algorithm: str = "sha1") -> str:
    """What Twilio would send with a form of these fields."""
    return _digest(secret, url + _appended(pairs), algorithm).decode()


def _chosen(keys: Keys, settings: str | None) -> tuple[Sequence[bytes], str]:
    if settings is None:
        return keys.auth_tokens, "sha1"
    named = dict(part.strip().partition("=")[::2] for part in settings.split(","))
    algorithm = _ALGORITHMS.get(named.get("algorithm", ""))
    if algorithm is None:
        raise BadSignature(f"{SETTINGS_HEADER} names no algorithm that we know")
    return keys.shared_keys, algorithm


def _covered(request: WireRequest) -> str:
    """What of the body is signed beside the address."""
    body_hash = query_of(request.url).get("bodySHA256")
    if body_hash is not None:
        if not hmac.compare_digest(_sha256(request.body), body_hash.lower().encode("utf-8", "replace")):
            raise BadSignature("the body is not the one that was signed")
        return ""
    kind = request.headers.get("content-type", "application/x-www-form-urlencoded")
    if request.body and not kind.lower().startswith("application/x-www-form-urlencoded"):
        raise BadSignature("no signature covers this body")
    try:
        return _appended(pairs_of(request.body))
    except ValueError:
        raise BadSignature("the body is no form") from None


def _appended(pairs: Pairs) -> str:
    """By name, then value; the same twice counts once."""
    return "".join(name + value for name, value in sorted(set(pairs)))


def _spellings(url: str) -> list[str]:
    """Twilio signs the address with or without its port, and does not say which."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        raise BadSignature("the address is malformed") from None
    host = parts.netloc.removesuffix(f":{port}")
    return [url, *(parts._replace(netloc=netloc).geturl() for netloc in (host, f"{host}:{port}"))]


def _digest(secret: bytes, signed: str, algorithm: str) -> bytes:
    return base64.b64encode(hmac.digest(secret, signed.encode("utf-8", "surrogatepass"), algorithm))


def _sha256(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode()
