"""Our own messaging format: Standard Webhooks in both directions, messages in, messages out."""

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final

import orjson
from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field, StringConstraints, UrlConstraints

from app.events import InboundEvent, ReplyWindow
from app.json_body import MalformedJson, parse_json_object
from channels import signature
from channels.abilities import Media, Steps
from channels.base import (
    ButtonRoom,
    Capabilities,
    OutboundMessage,
    SendOutcome,
    SendResult,
    Unsendable,
    WireRequest,
    WireResponse,
)
from channels.config import ChannelConfig, WebhookSecret
from channels.custom.payload import customer_of, parse_event
from channels.http_answer import result_of
from channels.http_file import http_file

FILE_MAX_BYTES: Final = 25 * 1024 * 1024
FILES_MAX_BYTES: Final = 10 * 1024 * 1024
ID_MAX: Final = 200
BUTTONS_MAX: Final = 10
BUTTON_TITLE_MAX: Final = 100


class ReplyWindowConfig(BaseModel):
    """For so long after a customer's message, and so many times, they may be answered."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    seconds: Annotated[int, Field(gt=0, le=366 * 86_400)]
    messages: Annotated[int, Field(gt=0)] | None = None


class CustomConfig(ChannelConfig):
    """`platform` names what is bridged and stands before its customers' ids, so that user 7 of one platform
    is never taken for user 7 of another. `previous_secrets` still open the door."""

    platform: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
    secret: WebhookSecret
    previous_secrets: tuple[WebhookSecret, ...] = ()
    send_url: Annotated[AnyHttpUrl, UrlConstraints(max_length=2000)]
    reply_window: ReplyWindowConfig | None = None


class CustomAdapter:
    name: ClassVar[str] = "custom"
    channel: ClassVar[str] = "messaging"
    capabilities: ClassVar[Capabilities] = Capabilities(
        attachments=True, buttons=ButtonRoom(BUTTONS_MAX, BUTTON_TITLE_MAX), quotes=True
    )

    def __init__(self, config: CustomConfig) -> None:
        self.config = config
        secrets = (config.secret, *config.previous_secrets)
        self._keys = [signature.secret_key(secret.get_secret_value()) for secret in secrets]
        window = config.reply_window
        self._window = ReplyWindow(seconds=window.seconds, messages=window.messages) if window else None

    def verify(self, request: WireRequest) -> None:
        signature.verify(self._keys, request.headers, request.body, request.received_at)

    def parse(self, request: WireRequest) -> Sequence[InboundEvent]:
        return (parse_event(request.body, self.config.platform, self._window),)

    def test_request(self, url: str, test_id: str, at: datetime) -> WireRequest:
        body = orjson.dumps({"type": test_id, "at": at.isoformat()})
        return WireRequest("POST", url, signature.sign(self._keys[0], test_id, at, body), body)

    def send(self, message: OutboundMessage) -> Steps[SendResult]:
        """Receipts name the id that the bridge answers with, or else our own."""
        result = self.interpret((yield self.render(message)))
        if result.outcome is SendOutcome.SENT and result.provider_id is None:
            return SendResult(SendOutcome.SENT, provider_id=message.provider_key)
        return result

    def render(self, message: OutboundMessage) -> WireRequest:
        """Signed at this attempt; its `webhook-id` is the message's key, so a repeat is known as one."""
        assert message.now is not None, "whoever sends has a clock"
        body = orjson.dumps(_order(message, self.config.platform))
        signed = signature.sign(self._keys[0], message.provider_key, message.now, body)
        return WireRequest(
            method="POST",
            url=str(self.config.send_url),
            headers={"content-type": "application/json", **signed},
            body=body,
        )

    def interpret(self, response: WireResponse) -> SendResult:
        result = result_of(response)
        if result.outcome is not SendOutcome.SENT:
            return result
        try:
            found = parse_json_object(response.body).get("id")
        except MalformedJson:
            return result
        return SendResult(SendOutcome.SENT, provider_id=found[:ID_MAX] if isinstance(found, str) else None)

    def media(self, reference: Mapping[str, Any]) -> Steps[Media]:
        return http_file(WireRequest("GET", reference["url"], {}, b"", answer_max_bytes=FILE_MAX_BYTES))


def _order(message: OutboundMessage, platform: str) -> dict[str, Any]:
    if sum(len(file.content) for file in message.attachments) > FILES_MAX_BYTES:
        raise Unsendable(f"files of more than {FILES_MAX_BYTES // 1024 // 1024} MB in one message")
    files = [
        {
            "name": file.name,
            "content_type": file.content_type,
            "size": len(file.content),
            "content": base64.b64encode(file.content).decode(),
        }
        for file in message.attachments
    ]
    told = {
        "conversation": message.conversation,
        "text": message.text,
        "attachments": files,
        "buttons": [{"id": button.id, "title": button.title} for button in message.buttons],
        "reply_to": message.reply_to,
        "automatic": message.automatic,
    }
    return {
        "type": "message.send",
        "message_id": message.provider_key,
        "customer": customer_of(message.address, platform),
        **{name: value for name, value in told.items() if value},
    }
