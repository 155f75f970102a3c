"""The proof that the official Standard Webhooks package gives, for the demo's bridge."""

from collections.abc import Mapping
from datetime import datetime

from standardwebhooks.webhooks import Webhook, WebhookVerificationError


class OfficialPackage:
    def __init__(self, secret: str) -> None:
        self._webhook = Webhook(secret)

    def sign(self, message_id: str, at: datetime, body: bytes) -> Mapping[str, str]:
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": self._webhook.sign(message_id, at, body.decode()),
        }

    def fits(self, headers: Mapping[str, str], body: bytes) -> bool:
        try:
            self._webhook.verify(body, dict(headers))
        except WebhookVerificationError:
            return False
        return True
