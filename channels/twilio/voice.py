"""Phone calls by Twilio: each caller waits in a conference of their own; agents are dialled into it."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from app.events import InboundEvent, RecordingReady
from channels.abilities import Fetched, Media, Steps
from channels.base import (
    CallCommand,
    Capabilities,
    OutboundMessage,
    SendResult,
    Unsendable,
    WireRequest,
    WireResponse,
)
from channels.twilio.call_documents import Documents
from channels.twilio.call_events import READERS, told_by
from channels.twilio.conference_events import conference
from channels.twilio.config import VoiceConfig
from channels.twilio.endpoint import Endpoint
from channels.twilio.media import fetched_file
from channels.twilio.orders import Orders
from channels.twilio.rest import Rest, outcome_of
from channels.twilio.upkeep import Upkeep
from channels.unknown import unknown


class VoiceAdapter:
    """A Twilio number that is called."""

    name: ClassVar[str] = "twilio-voice"
    channel: ClassVar[str] = "voice"
    capabilities: ClassVar[Capabilities] = Capabilities(text_max=0, replies=False)
    fetch_seconds: ClassVar[float | None] = 60
    controls_calls = True

    def __init__(self, config: VoiceConfig) -> None:
        self.config = config
        self._endpoint, self._rest = Endpoint(config), Rest(config)
        self._documents = Documents(config)
        self._orders = Orders(config, self._rest, self._endpoint, self._documents)
        self._upkeep = Upkeep(config, self._rest, self._endpoint)

    def verify(self, request: WireRequest) -> None:
        self._endpoint.verify(request)

    def parse(self, request: WireRequest) -> Sequence[InboundEvent]:
        told = told_by(request)
        on = told.query.get("on", "")
        if on == "conference":
            return conference(told)
        reader = READERS.get(on)
        if reader is None:
            return (unknown(on, dict(told.fields)),)
        return [self._wanted(event) for event in reader(told)]

    def _wanted(self, event: InboundEvent) -> InboundEvent:
        """Whether a recording is to be copied is the set-up's word."""
        copied = self.config.copy_recordings and isinstance(event, RecordingReady)
        return event.model_copy(update={"copied": True}) if copied else event

    def answer(self, request: WireRequest, events: Sequence[InboundEvent]) -> WireResponse:
        return self._documents.answer(request)

    def unavailable(self, request: WireRequest) -> WireResponse | None:
        return self._documents.unavailable(request)

    def render(self, message: OutboundMessage) -> WireRequest:
        raise Unsendable("a phone call carries no written messages")

    def interpret(self, response: WireResponse) -> SendResult:
        return outcome_of(response)

    def carry_out(self, command: CallCommand) -> Steps[SendResult]:
        return self._orders.carry_out(command)

    def fetch(self, state: Mapping[str, Any], hint: Mapping[str, Any]) -> Steps[Fetched]:
        return self._upkeep.fetch(state, hint)

    def media(self, reference: Mapping[str, Any]) -> Steps[Media]:
        """A recording: `path` of its address, which gives the sound as it is."""
        return fetched_file(self._rest, str(reference.get("path", "")))
