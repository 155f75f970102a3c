"""An adapter with a config of tests, and webhooks signed as Meta signs them."""

import hmac
from pathlib import Path
from typing import Any

import orjson

from channels.base import WireRequest
from channels.whatsapp import WhatsAppAdapter, WhatsAppConfig
from tests.channels.wire import NOW, post

CAPTURED = Path(__file__).parent / "captured"
NUMBER = "106540352242922"
APP_SECRET = "the secret of the app"
CONFIG: dict[str, Any] = {
    "phone_number_id": NUMBER,
    "access_token": "EAAtoken",
    "app_secret": APP_SECRET,
    "verify_token": "a word of ours",
    "templates": [
        {
            "name": "order_ready",
            "language": "zh_CN",
            "header": "订单 {{1}}",
            "body": "您好{{1}}，您的订单{{2}}已备好。",
            "buttons": ["", "orders/{{1}}"],
        },
        {"name": "we_are_back", "language": "en_US", "body": "Hello {{first_name}}, may we go on?"},
        {"name": "hello_world", "language": "en_US", "body": "Welcome!"},
    ],
}


def adapter(**changes: Any) -> WhatsAppAdapter:
    return WhatsAppAdapter(WhatsAppConfig.model_validate(CONFIG | changes))


def captured(name: str) -> bytes:
    return (CAPTURED / f"{name}.json").read_bytes()


def signature(body: bytes, secret: str = APP_SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, "sha256").hexdigest()


def signed(body: bytes) -> WireRequest:
    return post(body, {"x-hub-signature-256": signature(body), "content-type": "application/json"}, NOW)


def notification(value: dict[str, Any], field: str = "messages", number: str = NUMBER) -> bytes:
    """A webhook with one change."""
    metadata = {"display_phone_number": "15550783881", "phone_number_id": number}
    change = {"field": field, "value": {"messaging_product": "whatsapp", "metadata": metadata} | value}
    return orjson.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]})


def message(**content: Any) -> dict[str, Any]:
    return {"from": "16505551234", "id": "wamid.1", "timestamp": "1749416383"} | content
