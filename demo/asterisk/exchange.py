"""The exchange itself: channels, bridges, phones and the events that it tells of them."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from demo.pbx.switch import Device

SYSTEM = "peer"
NOISE = 5
"""ChannelVarset events of one SIP call."""


class Refused(Exception):
    """What the REST Interface answers as `{"message": …}`."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


@dataclass
class Channel:
    """`app`: the Stasis application that has it. `watched`: it tells the application of its destruction."""

    id: str
    name: str
    endpoint: str = ""
    state: str = "Down"
    number: str = ""
    caller_name: str = ""
    connected: str = ""
    exten: str = "s"
    app_name: str = ""
    app_data: str = ""
    app: str | None = None
    subscriber: str | None = None
    watched: bool = False
    bridge: "Bridge | None" = None
    variables: dict[str, str] = field(default_factory=dict)
    rings: bool = False
    heard: list[str] = field(default_factory=list)
    recording: str | None = None
    created: datetime = field(default_factory=lambda: datetime.now(UTC))

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "state": self.state,
            "protocol_id": "",
            "caller": {"name": self.caller_name, "number": self.number},
            "connected": {"name": "", "number": self.connected},
            "accountcode": "",
            "dialplan": {
                "context": "inbound",
                "exten": self.exten,
                "priority": 1,
                "app_name": self.app_name,
                "app_data": self.app_data,
            },
            "creationtime": stamp(self.created),
            "language": "en",
        }


@dataclass
class Bridge:
    id: str
    kind: str
    music: str | None = None
    recording: str | None = None
    channels: list[str] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "technology": "holding_bridge" if self.kind == "holding" else "simple_bridge",
            "bridge_type": self.kind,
            "bridge_class": "stasis",
            "creator": "Stasis",
            "name": "",
            "channels": list(self.channels),
            "video_mode": "talker",
        }


def stamp(at: datetime) -> str:
    """`+0000`, neither `Z` nor `+00:00`."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}+0000"


class Asterisk:
    """`listeners` take an application's events; None: it has no WebSocket any more. `requests` are those that
    the REST Interface was asked, as `POST bridges/x/addChannel`; those that begin with one of `refuses` are
    answered with 500. `copies`: each event is told so often. `stored`: seconds of each recording. `phones`:
    what each does when it rings; one that is not registered (`unreachable`) is silent until the time is
    over."""

    def __init__(self, *, answer_seconds: float = 0.02, ring_seconds: float = 60) -> None:
        self.answer_seconds, self.ring_seconds = answer_seconds, ring_seconds
        self.channels: dict[str, Channel] = {}
        self.bridges: dict[str, Bridge] = {}
        self.phones: dict[str, Device] = {}
        self.listeners: dict[str, Callable[[dict[str, Any]], None] | None] = {}
        self.requests: list[str] = []
        self.refuses: set[str] = set()
        self.copies = 1
        self.failed_in_stasis: list[str] = []
        self.told: list[dict[str, Any]] = []
        self.stored: dict[str, int] = {}
        self._number = 0

    # ---- what people do ----

    def call(
        self, number: str = "+8613800138000", *args: str, exten: str = "1000", app: str = "touchpoint"
    ) -> str:
        """Somebody dials in and the dialplan says `Stasis(app,args…)`; the channel's id."""
        self._number += 1
        now = datetime.now(UTC)
        channel = Channel(
            f"{SYSTEM}-{int(now.timestamp())}.{self._number}",
            f"PJSIP/trunk-{self._number:08x}",
            state="Ring",
            number=number,
            exten=exten,
            app_name="Stasis",
            app_data=",".join([app, *args]),
        )
        if self.listeners.get(app) is None:
            self.failed_in_stasis.append(channel.id)  # STASISSTATUS=FAILED: the dialplan goes on
            return channel.id
        self.channels[channel.id] = channel
        channel.app = channel.subscriber = app
        for n in range(NOISE):
            self.tell(channel, "ChannelVarset", variable=f"V{n}", value="1")
        self.tell(channel, "StasisStart", args=list(args))
        return channel.id

    def hang_up(self, channel_id: str, *, cause: int | None = None) -> None:
        """Whoever is there puts the phone down (a SIP phone's BYE tells no cause)."""
        self._end(self.channels[channel_id], {} if cause is None else {"cause": cause})

    def press(self, channel_id: str, digit: str) -> None:
        channel = self.channels[channel_id]
        if digit == "#":
            self.end_message(channel)
        self.tell(channel, "ChannelDtmfReceived", digit=digit, duration_ms=100)

    def answer(self, endpoint: str) -> None:
        """Somebody picks up the phone that rings there."""
        for channel in list(self.channels.values()):
            if channel.endpoint == endpoint and channel.state == "Ringing":
                self._picked_up(channel)
                return
        raise AssertionError(f"{endpoint} does not ring")

    def phone(self, endpoint: str) -> Channel | None:
        """The channel that was dialled there."""
        return next((c for c in self.channels.values() if c.endpoint == endpoint), None)

    def hears(self, channel_id: str) -> str | list[str]:
        """`music`, `silence`, or those in the same mixing bridge."""
        bridge = self.channels[channel_id].bridge
        if bridge is None:
            return "silence"
        if bridge.kind == "holding":
            return "music" if bridge.music else "silence"
        return sorted(other for other in bridge.channels if other != channel_id)

    def stop_now(self) -> None:
        """`core stop now`: calls end with StasisEnd; the server then drops the line."""
        for channel in list(self.channels.values()):
            if channel.app is not None:
                self._leave(channel)
                self.tell(channel, "StasisEnd")
        self.channels.clear()
        self.bridges.clear()

    # ---- what the REST Interface orders ----

    def originate(self, channel_id: str, wish: Mapping[str, str], variables: Mapping[str, str]) -> Channel:
        if channel_id in self.channels:
            raise Refused(409, "Channel with given unique ID already exists")
        technology, slash, resource = wish.get("endpoint", "").partition("/")
        if not slash or not resource:
            raise Refused(400, "Endpoint must be specified")
        self._number += 1
        channel = Channel(
            channel_id,
            f"{technology}/{resource.partition('/')[0]}-{self._number:08x}"
            + (";1" if technology == "Local" else ""),
            endpoint=wish["endpoint"],
            connected=wish.get("callerId", ""),
            app_name="AppDial2",
            app_data="(Outgoing Line)",
            subscriber=wish["app"],
            watched=True,
            variables=dict(variables),
        )
        self.channels[channel_id] = channel
        asyncio.get_running_loop().call_soon(self._ring, channel, float(wish.get("timeout", "30")))
        return channel

    def take_down(self, channel_id: str) -> None:
        self._end(self.channel(channel_id), {"cause": 32, "soft": True})

    def add(self, bridge_id: str, channel_ids: list[str]) -> None:
        bridge = self.bridge(bridge_id)
        for channel_id in channel_ids:
            if channel_id not in self.channels:
                raise Refused(400, "Channel not found")
            if self.channels[channel_id].app is None:
                raise Refused(422, "Channel not in Stasis application")
        for channel_id in channel_ids:
            channel = self.channels[channel_id]
            self._leave(channel)
            bridge.channels.append(channel_id)
            channel.bridge = bridge
            self.tell(channel, "ChannelEnteredBridge", bridge=bridge.shown())

    def play(self, place: Channel | Bridge, media: str, playback_id: str) -> None:
        """A sound that is not installed plays all the same, and fails afterwards."""
        installed = media.startswith("tone:")
        members = [place.id] if isinstance(place, Channel) else list(place.channels)
        for member in members:
            self.channels[member].heard.append(media)
        kind = "channel" if isinstance(place, Channel) else "bridge"
        shown = {"id": playback_id, "media_uri": media, "target_uri": f"{kind}:{place.id}", "language": "en"}
        app = self.channels[members[0]].subscriber if members else None
        self.emit(app, {"type": "PlaybackStarted", "playback": {**shown, "state": "playing"}})
        state = "done" if installed else "failed"
        finished = {"type": "PlaybackFinished", "playback": {**shown, "state": state}}
        asyncio.get_running_loop().call_later(0.01, self.emit, app, finished)

    def record(self, bridge_id: str, name: str) -> dict[str, Any]:
        bridge = self.bridge(bridge_id)
        if any(other.recording == name for other in self.bridges.values()):
            raise Refused(409, f"Recording '{name}' already in progress")
        bridge.recording = name
        return self._recording(bridge, "RecordingStarted", "recording")

    def stop_recording(self, name: str) -> None:
        bridge = next((b for b in self.bridges.values() if b.recording == name), None)
        if bridge is None:
            raise Refused(404, "Recording not found")
        self.stored[bridge.recording or ""] = 1
        self._recording(bridge, "RecordingFinished", "done", duration=1)
        bridge.recording = None

    def record_channel(self, channel_id: str, name: str) -> dict[str, Any]:
        """Until whoever speaks hangs up, or presses #."""
        channel = self.channel(channel_id)
        if channel.bridge is not None or name in self.stored:
            raise Refused(409, "Channel currently in bridge, or a recording with that name exists")
        channel.recording = name
        return self._recorded(channel, "RecordingStarted", "recording")

    def end_message(self, channel: Channel, seconds: int = 3) -> None:
        if channel.recording is not None:
            self.stored[channel.recording] = seconds
            self._recorded(channel, "RecordingFinished", "done", duration=seconds)
            channel.recording = None

    def take_out(self, bridge_id: str, channel_ids: list[str]) -> None:
        bridge = self.bridge(bridge_id)
        for channel_id in channel_ids:
            if channel_id not in bridge.channels:
                raise Refused(422, "Channel not in this bridge")
            self._leave(self.channels[channel_id])

    def destroy(self, bridge_id: str) -> None:
        bridge = self.bridge(bridge_id)
        if bridge.recording is not None:
            self.stop_recording(bridge.recording)
        for channel_id in list(bridge.channels):
            self._leave(self.channels[channel_id])
        del self.bridges[bridge_id]
        for app in self.listeners:
            self.emit(app, {"type": "BridgeDestroyed", "bridge": bridge.shown()})

    def channel(self, channel_id: str) -> Channel:
        if channel_id not in self.channels:
            raise Refused(404, "Channel not found")
        return self.channels[channel_id]

    def bridge(self, bridge_id: str) -> Bridge:
        if bridge_id not in self.bridges:
            raise Refused(404, "Bridge not found")
        return self.bridges[bridge_id]

    # ---- inner parts ----

    def _ring(self, channel: Channel, timeout: float) -> None:
        """The other half of a Local channel is told of too; busy and absent look different there."""
        local = channel.endpoint.startswith("Local/")
        if local:
            other = Channel(
                f"{channel.id};2", channel.name.replace(";1", ";2"), state="Ring", app_name="Wait"
            )
            other.subscriber = channel.subscriber
            self.tell(other, "ChannelVarset", variable="touch", value="1")
            self.tell(other, "ChannelCallerId", caller_presentation=0)
        self._dial(channel, "")
        behaviour = self.phones.get(channel.endpoint, Device.ANSWERS)
        if behaviour == Device.UNREACHABLE and not local:
            self._later(min(timeout, self.ring_seconds), self._expire, channel, 0)
        elif behaviour in (Device.BUSY, Device.UNREACHABLE, Device.REJECTS):
            self._refuse(channel, behaviour, local=local)
        else:
            channel.state = "Ringing"
            self.tell(channel, "ChannelStateChange")
            self._dial(channel, "RINGING")
            if behaviour == Device.ANSWERS:
                self._later(self.answer_seconds, self._picked_up, channel)
            self._later(min(timeout, self.ring_seconds), self._expire, channel, 19)

    def _refuse(self, channel: Channel, behaviour: Device, *, local: bool) -> None:
        self._dial(channel, "CONGESTION" if behaviour == Device.UNREACHABLE else "BUSY")
        causes = {Device.BUSY: (17, 486), Device.REJECTS: (21, 603), Device.UNREACHABLE: (19, 480)}
        cause, status = causes[behaviour]
        told = {"cause": 0} if local else {"cause": cause, "tech_cause": status}
        if not local:
            self.tell(channel, "ChannelHangupRequest", **told)
        self._destroy(channel, told)

    def _expire(self, channel: Channel, cause: int) -> None:
        if self.channels.get(channel.id) is channel and channel.state != "Up":
            self._destroy(channel, {"cause": cause})

    def _picked_up(self, channel: Channel) -> None:
        if self.channels.get(channel.id) is not channel or channel.state == "Up":
            return
        channel.state, channel.app = "Up", channel.subscriber
        self._dial(channel, "ANSWER")
        if self.listeners.get(channel.subscriber or "") is None:
            channel.app = channel.subscriber  # it stays up, with nobody to hear of it
        self.tell(channel, "StasisStart", args=[])

    def _end(self, channel: Channel, cause: dict[str, Any]) -> None:
        self.tell(channel, "ChannelHangupRequest", **cause)
        self.end_message(channel)
        self._leave(channel)
        if channel.app is not None:
            self.tell(channel, "StasisEnd")
            self.tell(channel, "ChannelHangupRequest", **cause)
        self._destroy(channel, {"cause": cause.get("cause", 16)})

    def _destroy(self, channel: Channel, told: dict[str, Any]) -> None:
        self.channels.pop(channel.id, None)
        if channel.watched:
            self.tell(channel, "ChannelDestroyed", **{"cause_txt": "Unknown", **told})

    def _leave(self, channel: Channel) -> None:
        bridge, channel.bridge = channel.bridge, None
        if bridge is not None:
            bridge.channels.remove(channel.id)
            self.tell(channel, "ChannelLeftBridge", bridge=bridge.shown())

    def _dial(self, channel: Channel, status: str) -> None:
        event = {"type": "Dial", "dialstatus": status, "forward": "", "dialstring": channel.endpoint}
        self.emit(channel.subscriber, {**event, "peer": channel.shown()})

    def _recording(self, bridge: Bridge, kind: str, state: str, **more: Any) -> dict[str, Any]:
        shown = {
            "name": bridge.recording,
            "format": "wav",
            "state": state,
            "target_uri": f"bridge:{bridge.id}",
            **more,
        }
        for app in self.listeners:
            self.emit(app, {"type": kind, "recording": shown})
        return shown

    def _recorded(self, channel: Channel, kind: str, state: str, **more: Any) -> dict[str, Any]:
        shown = {"name": channel.recording, "format": "wav", "state": state}
        shown |= {"target_uri": f"channel:{channel.id}", **more}
        self.emit(channel.subscriber, {"type": kind, "recording": shown})
        return shown

    def _later(self, seconds: float, action: Callable[..., None], *arguments: Any) -> None:
        asyncio.get_running_loop().call_later(seconds, action, *arguments)

    def tell(self, channel: Channel, kind: str, **members: Any) -> None:
        self.emit(channel.subscriber, {"type": kind, **members, "channel": channel.shown()})

    def emit(self, app: str | None, event: dict[str, Any]) -> None:
        """Nothing is kept for an application that does not listen."""
        send = self.listeners.get(app or "")
        if app is None or send is None:
            return
        event = {**event, "timestamp": stamp(datetime.now(UTC)), "asterisk_id": "02:00:00:00:00:01"}
        for _ in range(self.copies):
            self.told.append(event)
            send({**event, "application": app})
