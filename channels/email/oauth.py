"""Access tokens for mail servers that take no passwords: RFC 6749 §6, a refresh token for a fresh one."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from channels.base import WireRequest, WireResponse
from channels.email.config import OAuthConfig

UNTOLD_SECONDS: Final = 600.0
"""How long a token is used whose server does not say how long it lasts."""


class TokenRefused(Exception):
    """The token server gave none; says why in its words."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """`refresh`: what to ask with the next time; some servers give another one each time."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    lasts_seconds: float


def token_request(config: OAuthConfig, refresh_token: str) -> WireRequest:
    secret = config.client_secret
    form = {
        "grant_type": "refresh_token",
        "client_id": config.client_id,
        "client_secret": None if secret is None else secret.get_secret_value(),
        "refresh_token": refresh_token,
        "scope": config.scope,
    }
    body = urlencode({name: value for name, value in form.items() if value is not None}).encode()
    headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
    return WireRequest("POST", config.token_url, headers, body)


def tokens_of(answer: WireResponse, refresh_token: str) -> Tokens:
    """What the server gave for `refresh_token`. Raises TokenRefused."""
    told = _members(answer)
    access, seconds = told.get("access_token"), told.get("expires_in")
    if answer.status != 200 or not isinstance(access, str) or not access:
        words = " ".join(str(told[name]) for name in ("error", "error_description") if name in told)
        raise TokenRefused(f"no access token: HTTP {answer.status} {words}".strip()[:300])
    lasts = float(seconds) if isinstance(seconds, int | float) and seconds > 0 else UNTOLD_SECONDS
    return Tokens(access, str(told.get("refresh_token") or refresh_token), lasts)


def kept(given: str, refresh_token: str) -> dict[str, str]:
    """What is remembered of a refresh token that stands for the set-up's `given`."""
    return {"of": _fingerprint(given), "token": refresh_token}


def newest(given: str, remembered: Mapping[str, Any]) -> str:
    """The token that stands for the set-up's `given` now. Another set-up's is none of ours."""
    return str(remembered["token"]) if remembered.get("of") == _fingerprint(given) else given


def _fingerprint(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()[:16]


def _members(answer: WireResponse) -> dict[str, Any]:
    try:
        told = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return {}
    return told if isinstance(told, dict) else {}
