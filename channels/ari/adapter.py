"""Asterisk by its REST Interface (ARI): our own thin client. Events come over a WebSocket that a listener
holds, orders go out as HTTP requests."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, AnyHttpUrl, Field, SecretStr, UrlConstraints

from app.errors import BadSignature, MalformedPayload
from app.events import InboundEvent
from channels.abilities import Media, Steps
from channels.ari.commands import Commands
from channels.ari.dialling import Dialling
from channels.ari.lines import Recording
from channels.ari.moves import Moves
from channels.ari.reactions import Reactions
from channels.ari.switchboard import Exchange, Switchboard
from channels.ari.wire import Ari
from channels.base import (
    CallCommand,
    Capabilities,
    OutboundMessage,
    SendResult,
    Unsendable,
    WireRequest,
    WireResponse,
)
from channels.config import ChannelConfig, Number, Region
from channels.http_answer import result_of
from channels.http_file import http_file


def _naming(gap: str) -> AfterValidator:
    def check(dial_string: str) -> str:
        if gap not in dial_string or any(sign in dial_string for sign in ",& "):
            raise ValueError(f"one dial string with {gap} in it, like PJSIP/{gap}")
        return dial_string

    return AfterValidator(check)


MediaUri = Annotated[str, Field(pattern=r"^[a-z]+:[^\s]+$", max_length=500)]
"""As Asterisk has it: `sound:hello`, `tone:ring`, `recording:name`."""


class AriConfig(ChannelConfig):
    """`devices` and `numbers` are how Asterisk dials an agent's device (`sip:1001`) and a number outside;
    without `numbers` none is dialled. `address` is shown to customers who are called. `music` is a class of
    musiconhold.conf. `copy_recordings`: we keep a copy of each. `region` reads national numbers."""

    url: Annotated[AnyHttpUrl, UrlConstraints(max_length=2000)]
    username: Annotated[str, Field(min_length=1, max_length=200, pattern="^[^:]*$")]
    password: SecretStr
    address: Number | None = None
    app: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")] = "touchpoint"
    devices: Annotated[str, _naming("{device}")] = "PJSIP/{device}"
    numbers: Annotated[str, _naming("{number}")] | None = None
    music: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,80}$")] = "default"
    confirm_prompt: MediaUri = "sound:press-1"
    recording: Recording = "off"
    recording_notice: MediaUri = "sound:this-call-may-be-monitored-or-recorded"
    copy_recordings: bool = False
    region: Region | None = None


class AriAdapter:
    name: ClassVar[str] = "ari"
    channel: ClassVar[str] = "voice"
    capabilities: ClassVar[Capabilities] = Capabilities(text_max=0, replies=False)
    controls_calls = True

    def __init__(self, config: AriConfig) -> None:
        self.config = config
        self.ari = Ari(str(config.url), config.username, config.password.get_secret_value())
        self.moves = Moves(self.ari, config.app, config.music)
        self._dialling = Dialling(self.ari, config.app, config.devices, config.numbers, config.region)
        self._commands = Commands(self.moves, self._dialling, config.recording)

    def verify(self, request: WireRequest) -> None:
        raise BadSignature("Asterisk is listened to; it sends no webhooks")

    def parse(self, request: WireRequest) -> Sequence[InboundEvent]:
        raise MalformedPayload("Asterisk is listened to; it sends no webhooks")

    def render(self, message: OutboundMessage) -> WireRequest:
        raise Unsendable("a phone call carries no written messages")

    def interpret(self, response: WireResponse) -> SendResult:
        return result_of(response)

    def carry_out(self, command: CallCommand) -> Steps[SendResult]:
        return self._commands.carry_out(command)

    def switchboard(self) -> Switchboard:
        """An empty one: what the listener tells it fills it."""
        config = self.config
        notice = config.recording_notice if config.recording == "announced" else None
        reactions = Reactions(self.moves, self._dialling, config.confirm_prompt, notice)
        exchange = Exchange(config.app, config.region, self.ari, config.recording, config.copy_recordings)
        return Switchboard(exchange, reactions)

    def media(self, reference: Mapping[str, Any]) -> Steps[Media]:
        """A recording, as long as the exchange keeps it."""
        return http_file(self.ari.file("recordings", "stored", str(reference.get("recording", "")), "file"))
