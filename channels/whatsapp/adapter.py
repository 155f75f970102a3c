"""One WhatsApp number: webhooks in, messages out, files both ways."""

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, ClassVar, Final
from urllib.parse import parse_qs, urlsplit

import orjson

from app.errors import BadSignature
from app.events import InboundEvent
from channels.abilities import Media, Steps, Template
from channels.base import (
    ButtonRoom,
    Capabilities,
    ChosenTemplate,
    OutboundMessage,
    SendOutcome,
    SendResult,
    Unsendable,
    WireRequest,
    WireResponse,
)
from channels.whatsapp import answers, files, outgoing, templates
from channels.whatsapp.config import TemplateConfig, WhatsAppConfig
from channels.whatsapp.graph import Graph
from channels.whatsapp.payload import parse_notification

CHALLENGE_MAX: Final = 1000

_SIGNATURE: Final = "sha256="


class WhatsAppAdapter:
    name: ClassVar[str] = "whatsapp"
    channel: ClassVar[str] = "messaging"
    capabilities: ClassVar[Capabilities] = Capabilities(
        text_max=outgoing.TEXT_MAX,
        attachments=True,
        per_second=80,
        buttons=ButtonRoom(outgoing.ROWS_MAX, outgoing.ROW_TITLE_MAX, outgoing.CAPTION_MAX),
        quotes=True,
    )

    def __init__(self, config: WhatsAppConfig) -> None:
        self.config = config
        self._secret = config.app_secret.get_secret_value().encode()
        self._graph = Graph(config)
        self._templates = {template.key: template for template in config.templates}

    def verify(self, request: WireRequest) -> None:
        """`X-Hub-Signature-256` over the raw body, by the app's secret."""
        said = request.headers.get("x-hub-signature-256", "")
        expected = _SIGNATURE + hmac.new(self._secret, request.body, sha256).hexdigest()
        if not hmac.compare_digest(said.encode("utf-8", "replace"), expected.encode()):
            raise BadSignature("x-hub-signature-256 is missing or does not fit")

    def challenge(self, request: WireRequest) -> WireResponse:
        """The answer to Meta's check that the webhook is ours: its challenge, if it knows our token."""
        query = parse_qs(urlsplit(request.url).query)
        mode, token, challenge = (query.get(f"hub.{name}", [""])[0] for name in _CHALLENGE)
        ours = self.config.verify_token.get_secret_value()
        known = hmac.compare_digest(token.encode("utf-8", "replace"), ours.encode())
        if mode != "subscribe" or not known or not 0 < len(challenge) <= CHALLENGE_MAX:
            raise BadSignature("not a subscription with our verify_token")
        return WireResponse(200, {"content-type": "text/plain; charset=utf-8"}, challenge.encode())

    def parse(self, request: WireRequest) -> Sequence[InboundEvent]:
        return parse_notification(request.body, self.config.phone_number_id)

    def test_request(self, url: str, test_id: str, at: datetime) -> WireRequest:
        change = {"field": test_id, "value": {"at": at.isoformat()}}
        body = orjson.dumps({"object": "whatsapp_business_account", "entry": [{"changes": [change]}]})
        signed = _SIGNATURE + hmac.new(self._secret, body, sha256).hexdigest()
        return WireRequest("POST", url, {"x-hub-signature-256": signed}, body)

    def send(self, message: OutboundMessage) -> Steps[SendResult]:
        """Files are uploaded first; then come one or several messages, of which the last one's id counts.

        What fails after a part has arrived is refused for good: a repeat would send that part again."""
        attached = () if message.template else message.attachments
        for file in attached:
            files.check(file)
        uploaded = []
        for file in attached:
            answer = yield self._graph.upload(file)
            file_id = answers.file_id(answer)
            if isinstance(file_id, SendResult):
                return file_id
            uploaded.append(files.Uploaded(file, file_id))
        result = SendResult(SendOutcome.REJECTED, reason="there is nothing to send")
        parts = self._parts(message, uploaded)
        for number, part in enumerate(parts):
            result = self.interpret((yield self._graph.post("messages", part)))
            if result.outcome is not SendOutcome.SENT:
                return _partly(result, number, len(parts))
        return result

    def render(self, message: OutboundMessage) -> WireRequest:
        """A message without files."""
        (part,) = self._parts(message, ())
        return self._graph.post("messages", part)

    def interpret(self, response: WireResponse) -> SendResult:
        return answers.interpret(response)

    def mark_read(self, provider_id: str, *, typing: bool) -> WireRequest:
        """WhatsApp takes "somebody writes" back by itself, with our answer or after 25 seconds."""
        told = {"messaging_product": "whatsapp", "status": "read", "message_id": provider_id}
        writes = {"typing_indicator": {"type": "text"}} if typing else {}
        return self._graph.post("messages", told | writes)

    def media(self, reference: Mapping[str, Any]) -> Steps[Media]:
        return files.fetch(self._graph, reference)

    def templates(self) -> Sequence[Template]:
        return [Template(each.key, each.text, each.gaps) for each in self._templates.values()]

    def filled(self, template: ChosenTemplate) -> str:
        return templates.text_of(self._known(template), template.values)

    def _known(self, chosen: ChosenTemplate) -> TemplateConfig:
        known = self._templates.get(chosen.key)
        if known is None:
            raise Unsendable(f"there is no template {chosen.key!r} in the set-up")
        return known

    def _parts(
        self, message: OutboundMessage, uploaded: Sequence[files.Uploaded]
    ) -> Sequence[Mapping[str, Any]]:
        head = outgoing.head(message)
        if message.template is None:
            return [{**head, **content} for content in outgoing.contents(message, uploaded)]
        known = self._known(message.template)
        return [{**head, **templates.content(known, message.template.values)}]


_CHALLENGE: Final = ("mode", "verify_token", "challenge")


def _partly(result: SendResult, done: int, parts: int) -> SendResult:
    if done == 0:
        return result
    reason = f"{done} of {parts} parts arrived, then: {result.reason}"
    return SendResult(SendOutcome.REJECTED, reason=reason)
