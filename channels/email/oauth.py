"""Access tokens for mail servers that take no passwords: RFC 6749 §6, a refresh token for a fresh one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import orjson

from app.outbound import Network, outbound_client
from channels.base import WireRequest, WireResponse
from channels.email.config import OAuthConfig
from channels.transport import NetworkTransport

ANSWER_SECONDS = 30


class TokenRefused(Exception):
    """The token server gave none; says why in its words."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """`refresh`: what to ask with the next time; some servers give another one each time."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)


async def refreshed(config: OAuthConfig, refresh_token: str, allowed: Sequence[Network]) -> Tokens:
    """Raises TokenRefused, and NotReached or NotAllowed of the transport."""
    async with outbound_client() as http:
        request = _request(config, refresh_token)
        answer = await NetworkTransport(http).exchange(request, allowed, ANSWER_SECONDS)
    told = _members(answer)
    access = told.get("access_token")
    if answer.status != 200 or not isinstance(access, str) or not access:
        words = " ".join(str(told[name]) for name in ("error", "error_description") if name in told)
        raise TokenRefused(f"no access token: HTTP {answer.status} {words}".strip()[:300])
    return Tokens(access, str(told.get("refresh_token") or refresh_token))


def _request(config: OAuthConfig, refresh_token: str) -> WireRequest:
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


def _members(answer: WireResponse) -> dict[str, Any]:
    try:
        told = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return {}
    return told if isinstance(told, dict) else {}
