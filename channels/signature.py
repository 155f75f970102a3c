"""Standard Webhooks signatures (https://www.standardwebhooks.com): ours, constant-time, over raw bytes.

The official packages crash on malformed headers; here everything but a proof is BadSignature.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from app.errors import BadSignature

TOLERANCE_SECONDS: Final = 300
ID_MAX: Final = 256
SIGNATURES_MAX: Final = 20

_PREFIX: Final = "whsec_"


def secret_key(secret: str) -> bytes:
    """The key bytes of `whsec_<base64>` (the prefix may be missing). Raises ValueError if it is none."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("a secret is whsec_ followed by base64") from None
    if not key:
        raise ValueError("the secret is empty")
    return key


def verify(
    keys: Sequence[bytes], headers: Mapping[str, str], body: bytes, received_at: datetime | None
) -> str:
    """The message's `webhook-id` if any signature fits any key (several: rotation), else BadSignature.

    `headers` have lower-case names; the timestamp may be 5 minutes from `received_at` in either direction.
    """
    if not keys or received_at is None:
        raise BadSignature("no secret or no clock to check with")
    message_id, timestamp = _message_id(headers), _timestamp(headers, received_at)
    signatures = _signatures(headers)
    expected = [_digest(key, message_id, timestamp, body) for key in keys]
    fits = [hmac.compare_digest(mine, theirs) for mine in expected for theirs in signatures]
    if not any(fits):
        raise BadSignature("no signature fits")
    return message_id


def sign(key: bytes, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers that prove `body` came from us."""
    timestamp = str(int(at.timestamp()))
    signature = base64.b64encode(_digest(key, message_id, timestamp, body)).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{signature}",
    }


def _digest(key: bytes, message_id: str, timestamp: str, body: bytes) -> bytes:
    return hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, "sha256")


def _message_id(headers: Mapping[str, str]) -> str:
    message_id = headers.get("webhook-id", "")
    if not 0 < len(message_id) <= ID_MAX or not message_id.isascii() or not message_id.isprintable():
        raise BadSignature("webhook-id is missing or malformed")
    return message_id


def _timestamp(headers: Mapping[str, str], received_at: datetime) -> str:
    timestamp = headers.get("webhook-timestamp", "")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise BadSignature("webhook-timestamp is missing or malformed")
    if abs(received_at.timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
        raise BadSignature("webhook-timestamp is too old or in the future")
    return timestamp


def _signatures(headers: Mapping[str, str]) -> list[bytes]:
    """Every well-formed `v1` signature; other versions and rubbish are passed over."""
    found = []
    for part in headers.get("webhook-signature", "").split(" ")[:SIGNATURES_MAX]:
        version, _, value = part.partition(",")
        if version == "v1":
            try:
                found.append(base64.b64decode(value, validate=True))
            except (binascii.Error, ValueError):
                continue
    return found
