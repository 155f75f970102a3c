"""Our own CTI format: Standard Webhooks in both directions, events in, commands out."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final

import orjson
from pydantic import AnyHttpUrl, UrlConstraints

from app.errors import BadSignature
from app.events import InboundEvent, RecordingReady
from channels import signature
from channels.abilities import Media, Steps
from channels.base import (
    CallCommand,
    Capabilities,
    OutboundMessage,
    SendResult,
    Unsendable,
    WireRequest,
    WireResponse,
)
from channels.config import ChannelConfig, Number, Region, WebhookSecret
from channels.cti.payload import parse_event
from channels.http_answer import result_of
from channels.http_file import http_file

COMMANDS: Final = frozenset(
    {
        "call.route",
        "call.cancel",
        "call.hold",
        "call.resume",
        "call.consult",
        "call.swap",
        "call.complete_transfer",
        "call.cancel_transfer",
        "call.conference",
        "call.end",
        "call.dial",
        "call.play",
        "call.digits",
        "recording.start",
        "recording.pause",
        "recording.resume",
        "recording.stop",
        "calls.list",
    }
)

RECORDING_MAX_BYTES: Final = 50 * 1024 * 1024


class CtiConfig(ChannelConfig):
    """`previous_secrets` still open the door while the platform's secret is changed. Without `command_url`
    the platform is only watched. `address` is shown to customers who are called. `copy_recordings`: we
    keep a copy of each. `region` reads national caller ids."""

    secret: WebhookSecret
    previous_secrets: tuple[WebhookSecret, ...] = ()
    command_url: Annotated[AnyHttpUrl, UrlConstraints(max_length=2000)] | None = None
    address: Number | None = None
    copy_recordings: bool = False
    region: Region | None = None


class CtiAdapter:
    name: ClassVar[str] = "cti"
    channel: ClassVar[str] = "voice"
    capabilities: ClassVar[Capabilities] = Capabilities(text_max=0, replies=False)

    def __init__(self, config: CtiConfig) -> None:
        self.config = config
        secrets = (config.secret, *config.previous_secrets)
        self._keys = [signature.secret_key(secret.get_secret_value()) for secret in secrets]
        self.controls_calls = config.command_url is not None

    def verify(self, request: WireRequest) -> None:
        signature.verify(self._keys, request.headers, request.body, request.received_at)

    def parse(self, request: WireRequest) -> Sequence[InboundEvent]:
        """One event. Call it after `verify`: the delivery key rests on the signed `webhook-id`."""
        external_id = request.headers.get("webhook-id")
        if not external_id:
            raise BadSignature("webhook-id is missing")
        event = parse_event(request.body, external_id, self.config.region)
        if isinstance(event, RecordingReady):
            known = {"media": {"url": event.url}, "copied": self.config.copy_recordings}
            event = event.model_copy(update=known)
        return (event,)

    def test_request(self, url: str, test_id: str, at: datetime) -> WireRequest:
        body = orjson.dumps({"type": test_id, "at": at.isoformat()})
        return WireRequest("POST", url, signature.sign(self._keys[0], test_id, at, body), body)

    def render(self, message: OutboundMessage) -> WireRequest:
        raise Unsendable("a phone call carries no written messages")

    def command(self, command: CallCommand) -> WireRequest:
        """The signed order. Its `webhook-id` is the command's id, so a repeat is the same request."""
        assert command.command in COMMANDS, command.command
        assert self.config.command_url is not None, "ask controls_calls first"
        body = orjson.dumps(_order(command))
        signed = signature.sign(self._keys[0], str(command.command_id), command.issued_at, body)
        return WireRequest(
            method="POST",
            url=str(self.config.command_url),
            headers={"content-type": "application/json", **signed},
            body=body,
        )

    def interpret(self, response: WireResponse) -> SendResult:
        return result_of(response)

    def media(self, reference: Mapping[str, Any]) -> Steps[Media]:
        """A recording."""
        return http_file(WireRequest("GET", reference["url"], {}, b"", answer_max_bytes=RECORDING_MAX_BYTES))


def _order(command: CallCommand) -> dict[str, Any]:
    head = {
        "command": command.command,
        "command_id": str(command.command_id),
        "expires_at": command.expires_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    call = {} if command.call_id is None else {"call_id": command.call_id}
    return {**command.arguments, **head, **call}
