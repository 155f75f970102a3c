"""SMS and MMS: what customers write, and what becomes of our answers."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from app.events import InboundEvent
from channels.abilities import Fetched, Media, Steps
from channels.base import (
    Capabilities,
    OutboundMessage,
    SendResult,
    Unsendable,
    WireRequest,
    WireResponse,
)
from channels.twilio import twiml
from channels.twilio.config import SmsConfig
from channels.twilio.endpoint import Endpoint
from channels.twilio.form import fields_of, query_of
from channels.twilio.media import fetched_file, mms_media
from channels.twilio.rest import Rest, outcome_of
from channels.twilio.sms_events import receipt_of, received
from channels.twilio.sms_history import since_then

TEXT_MAX: Final = 1600
RECEIVED: Final = ("received", "receiving")


class SmsAdapter:
    """A Twilio number, or a messaging service with several."""

    name: ClassVar[str] = "twilio-sms"
    channel: ClassVar[str] = "messaging"
    capabilities: ClassVar[Capabilities] = Capabilities(
        text_max=TEXT_MAX, attachments=True, fetches_files=True
    )
    fetch_seconds: ClassVar[float | None] = 300

    def __init__(self, config: SmsConfig) -> None:
        self.config = config
        self._endpoint = Endpoint(config)
        self._rest = Rest(config)

    def verify(self, request: WireRequest) -> None:
        self._endpoint.verify(request)

    def parse(self, request: WireRequest) -> Sequence[InboundEvent]:
        """A message, or the state of one of ours (its address has `on=status`)."""
        fields = fields_of(request)
        status = fields.get("SmsStatus") or fields.get("MessageStatus") or "received"
        if query_of(request.url).get("on") != "status" and status in RECEIVED:
            return (received(fields),)
        return receipt_of(fields)

    def answer(self, request: WireRequest, events: Sequence[InboundEvent]) -> WireResponse:
        """Nothing to be sent back at once: agents answer by the API."""
        return twiml.response()

    def unavailable(self, request: WireRequest) -> WireResponse | None:
        return None

    def render(self, message: OutboundMessage) -> WireRequest:
        """Raises Unsendable for what Twilio would refuse."""
        if message.address.kind not in ("phone", "short_code"):
            raise Unsendable("a text message goes to a phone number")
        media = mms_media(message.attachments)
        text = message.text.strip()
        if not text and not media:
            raise Unsendable("the message is empty")
        if len(text) > TEXT_MAX:
            raise Unsendable(f"the message is longer than {TEXT_MAX} characters")
        return self._rest.post(
            "Messages",
            To=message.address.value,
            From=None if self.config.messaging_service_sid else self.config.address,
            MessagingServiceSid=self.config.messaging_service_sid,
            Body=text or None,
            MediaUrl=media or None,
            StatusCallback=self._endpoint.callback_if_known(on="status"),
        )

    def interpret(self, response: WireResponse) -> SendResult:
        return outcome_of(response)

    def media(self, reference: Mapping[str, Any]) -> Steps[Media]:
        """Twilio sends us on to where the file lies; our credentials stay with Twilio."""
        return fetched_file(self._rest, str(reference.get("path", "")))

    def fetch(self, state: Mapping[str, Any], hint: Mapping[str, Any]) -> Steps[Fetched]:
        """Messages that came, and states that changed, since the last time."""
        return since_then(self._rest, self.config, state)
