"""What Asterisk sends over the WebSocket, from text to a checked event."""

from typing import Annotated, Any, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from app.errors import MalformedPayload
from app.events import UnknownReceived
from app.json_body import MalformedJson, parse_json_object
from channels.config import problems_of
from channels.unknown import unknown

HEARD: Final = {
    "StasisStart": ("channel",),
    "StasisEnd": ("channel",),
    "ChannelDestroyed": ("channel",),
    "ChannelHangupRequest": ("channel",),
    "ChannelDtmfReceived": ("channel",),
    "ChannelEnteredBridge": ("channel", "bridge"),
    "ChannelLeftBridge": ("channel", "bridge"),
    "Dial": ("peer",),
    "PlaybackFinished": ("playback",),
    "RecordingFinished": ("recording",),
    "RecordingFailed": ("recording",),
    "ChannelUserevent": ("eventname",),
    "ApplicationReplaced": ("application",),
}
"""Event types that tell us something, and the members without which they tell nothing."""

PASSED_OVER: Final = frozenset(
    {
        "ApplicationRegistered",
        "ApplicationUnregistered",
        "BridgeBlindTransfer",
        "BridgeCreated",
        "BridgeDestroyed",
        "BridgeMerged",
        "BridgeVideoSourceChanged",
        "ChannelCallerId",
        "ChannelConnectedLine",
        "ChannelCreated",
        "ChannelDialplan",
        "ChannelHold",
        "ChannelStateChange",
        "ChannelTalkingFinished",
        "ChannelTalkingStarted",
        "ChannelToneDetected",
        "ChannelUnhold",
        "ChannelVarset",
        "ContactStatusChange",
        "DeviceStateChanged",
        "EndpointStateChange",
        "PeerStatusChange",
        "PlaybackContinuing",
        "PlaybackStarted",
        "RESTResponse",
        "RecordingStarted",
    }
)
"""Known, and of no use here: most of the traffic."""

Id = Annotated[str, Field(min_length=1, max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Caller(_Part):
    number: str = ""


class Dialplan(_Part):
    exten: str = ""
    app_name: str = ""
    app_data: str = ""


class Channel(_Part):
    id: Id
    name: str = ""
    state: str = ""
    caller: Caller = Caller()
    dialplan: Dialplan = Dialplan()
    creationtime: AwareDatetime | None = None


class Bridge(_Part):
    id: Id
    channels: tuple[str, ...] = ()


class Playback(_Part):
    id: Id


class Recording(_Part):
    name: Id
    target_uri: str = ""
    duration: float | None = None


class AriEvent(_Part):
    """The members of any type in `HEARD`. `soft`: hung up by an application; `tech_cause`: the SIP status."""

    type: str
    timestamp: AwareDatetime
    channel: Channel | None = None
    peer: Channel | None = None
    bridge: Bridge | None = None
    playback: Playback | None = None
    recording: Recording | None = None
    args: tuple[str, ...] = ()
    dialstatus: str = ""
    cause: int | None = None
    tech_cause: int | None = None
    soft: bool = False
    digit: str = ""
    eventname: str = ""
    application: str = ""

    @property
    def about(self) -> str:
        """The id of what it tells of."""
        if self.recording is not None:
            return self.recording.name
        subject = self.channel or self.peer or self.playback
        return "" if subject is None else subject.id


def read_frame(frame: bytes) -> AriEvent | UnknownReceived | None:
    """None: nothing that concerns us. What cannot be read is kept like what is not known."""
    try:
        return _parse(frame)
    except MalformedPayload as error:
        text = frame.decode("utf-8", "replace")
        return unknown("unreadable", {"why": str(error), "frame": text})


def _parse(frame: bytes) -> AriEvent | UnknownReceived | None:
    try:
        payload = parse_json_object(frame)
    except MalformedJson as error:
        raise MalformedPayload(str(error)) from None
    kind = payload.get("type")
    if not isinstance(kind, str):
        raise MalformedPayload("a text is required", "/type")
    if kind in PASSED_OVER:
        return None
    if kind not in HEARD:
        return unknown(kind, payload)
    for member in HEARD[kind]:
        if not payload.get(member):
            raise MalformedPayload("is required", f"/{member}")
    return _event(payload)


def _event(payload: dict[str, Any]) -> AriEvent:
    try:
        return AriEvent.model_validate(payload)
    except ValidationError as error:
        pointer, message = problems_of(error)[0]
        raise MalformedPayload(message, pointer) from None


def channels_of(told: Any) -> list[Channel]:
    """`GET /channels`; what cannot be read is none of ours."""
    found = []
    for item in told if isinstance(told, list) else []:
        try:
            found.append(Channel.model_validate(item))
        except ValidationError:
            continue
    return found
