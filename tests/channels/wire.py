"""Requests as a platform would send them, signed by the official Standard Webhooks client."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from standardwebhooks.webhooks import Webhook

from channels.base import WireRequest

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_SECRET = "whsec_b3RoZXItc2VjcmV0LW90aGVyLXNlY3JldA=="
NOW = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)


def post(body: bytes, headers: Mapping[str, str] | None = None, at: datetime = NOW) -> WireRequest:
    return WireRequest("POST", "https://desk.test/webhooks/1", headers or {}, body, received_at=at)


def signed(
    payload: dict[str, Any] | bytes, *, secret: str = SECRET, message_id: str = "msg_1", at: datetime = NOW
) -> WireRequest:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, at, body.decode("utf-8", "surrogateescape")),
        "content-type": "application/json",
    }
    return post(body, headers, NOW)
