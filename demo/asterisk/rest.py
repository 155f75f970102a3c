"""The REST Interface and the WebSocket of the fake Asterisk, as strict as the real one."""

import asyncio
import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from demo.asterisk.exchange import Asterisk, Bridge, Channel, Refused
from demo.speech import spoken


@dataclass(frozen=True, slots=True)
class User:
    """As in ari.conf."""

    password: str
    read_only: bool = False


Users = Mapping[str, User]


class Rest:
    """Path and query parameters as Asterisk has them; what it refuses is `{"message": …}`."""

    def __init__(self, asterisk: Asterisk, users: Users) -> None:
        self.asterisk, self.users = asterisk, users

    async def __call__(self, request: Request) -> Response:
        user = _user(self.users, request.headers.get("authorization"))
        if user is None:
            return _refused(401, "Authentication required")
        if user.read_only and request.method != "GET":
            return _refused(403, "Write access denied")
        parts = [str(part) for part in request.path_params["path"].split("/")]
        line = f"{request.method} {'/'.join(parts)}"
        self.asterisk.requests.append(line)
        if any(line.startswith(refused) for refused in self.asterisk.refuses):
            return _refused(500, "Allocation failed")
        body = await request.body()
        variables = orjson.loads(body).get("variables", {}) if body else {}
        try:
            answer = self._do(request.method, parts, dict(request.query_params), variables)
        except Refused as refused:
            return _refused(refused.status, refused.message)
        if isinstance(answer, Response):
            return answer
        return Response(status_code=204) if answer is None else JSONResponse(answer)

    def _do(self, method: str, parts: list[str], query: dict[str, str], variables: dict[str, str]) -> Any:
        match parts:
            case ["channels", *rest]:
                return self._channels(method, rest, query, variables)
            case ["bridges", *rest]:
                return self._bridges(method, rest, query)
            case ["applications", app]:
                return self._application(app)
            case ["events", "user", name]:
                return self._user_event(name, query["application"])
            case ["recordings", "live", name, "stop"]:
                return self.asterisk.stop_recording(name)
            case ["recordings", "live", name, "pause"]:
                return self._recording(name)
            case ["recordings", "stored", name, "file"]:
                return self._stored(name)
        raise Refused(404, "Resource not found")

    def _channels(
        self, method: str, parts: list[str], query: dict[str, str], variables: dict[str, str]
    ) -> Any:
        asterisk = self.asterisk
        match method, parts:
            case "GET", []:
                return [channel.shown() for channel in asterisk.channels.values()]
            case "POST", [channel]:
                return asterisk.originate(channel, query, variables).shown()
            case "GET", [channel]:
                return asterisk.channel(channel).shown()
            case "DELETE", [channel]:
                return asterisk.take_down(channel)
            case "GET", [channel, "variable"]:
                return {"value": self._variable(channel, query["variable"])}
            case "POST", [channel, "play"]:
                return self._play(asterisk.channel(channel), query)
            case "POST", [channel, "record"]:
                return asterisk.record_channel(channel, query["name"])
            case _, [channel, action]:
                return self._act(method, asterisk.channel(channel), action, query)
        raise Refused(404, "Resource not found")

    def _act(self, method: str, channel: Channel, action: str, query: dict[str, str]) -> None:
        match method, action:
            case "POST", "answer":
                channel.state = "Up"
            case _, "ring":
                channel.rings = method == "POST"
            case "POST", "dtmf":
                channel.heard.append(f"dtmf:{query['dtmf']}")
            case "POST", "mute":
                if query.get("direction") not in ("in", "out", "both"):
                    raise Refused(400, "Invalid direction specified")
            case _:
                raise Refused(404, "Resource not found")

    def _bridges(self, method: str, parts: list[str], query: dict[str, str]) -> Any:
        asterisk = self.asterisk
        match method, parts:
            case "GET", []:
                return [bridge.shown() for bridge in asterisk.bridges.values()]
            case "GET", [bridge]:
                return asterisk.bridge(bridge).shown()
            case "POST", [bridge]:
                return self._create(bridge, query.get("type", "mixing"))
            case "DELETE", [bridge]:
                return asterisk.destroy(bridge)
            case "POST", [bridge, "addChannel"]:
                return asterisk.add(bridge, query["channel"].split(","))
            case "POST", [bridge, "removeChannel"]:
                return asterisk.take_out(bridge, query["channel"].split(","))
            case "POST", [bridge, "moh"]:
                asterisk.bridge(bridge).music = query.get("mohClass", "default")
            case "POST", [bridge, "play"]:
                return self._play(asterisk.bridge(bridge), query)
            case "POST", [bridge, "record"]:
                return asterisk.record(bridge, query["name"])
            case _:
                raise Refused(404, "Resource not found")
        return None

    def _create(self, bridge: str, kind: str) -> dict[str, Any]:
        if bridge in self.asterisk.bridges:
            raise Refused(409, "Bridge with the same bridgeId already exists")
        self.asterisk.bridges[bridge] = Bridge(bridge, kind)
        return self.asterisk.bridges[bridge].shown()

    def _play(self, place: Any, query: dict[str, str]) -> dict[str, str]:
        playback = query.get("playbackId", str(uuid4()))
        self.asterisk.play(place, query["media"], playback)
        return {"id": playback, "media_uri": query["media"], "state": "queued"}

    def _variable(self, channel: str, name: str) -> str:
        variables = self.asterisk.channel(channel).variables
        if name not in variables:
            raise Refused(404, "Provided variable was not found")
        return variables[name]

    def _recording(self, name: str) -> None:
        if not any(bridge.recording == name for bridge in self.asterisk.bridges.values()):
            raise Refused(404, "Recording not found")

    def _stored(self, name: str) -> Response:
        if name not in self.asterisk.stored:
            raise Refused(404, "Recording not found")
        return Response(spoken(self.asterisk.stored[name]), media_type="audio/x-wav")

    def _application(self, app: str) -> dict[str, Any]:
        if app not in self.asterisk.listeners:
            raise Refused(404, "Application not found")
        subscribed = [c.id for c in self.asterisk.channels.values() if app in (c.app, c.subscriber)]
        return {"name": app, "channel_ids": subscribed, "bridge_ids": [], "endpoint_ids": []}

    def _user_event(self, name: str, app: str) -> None:
        if self.asterisk.listeners.get(app) is None:
            raise Refused(404, "Application not found")
        self.asterisk.emit(app, {"type": "ChannelUserevent", "eventname": name, "userevent": {}})


async def _events(asterisk: Asterisk, users: Users, websocket: WebSocket) -> None:
    """The second WebSocket of an application takes over; the first is told, and hears nothing any more. When
    the second closes, nobody has the application."""
    if _user(users, websocket.headers.get("authorization")) is None:
        await websocket.close()
        return
    app, frames = websocket.query_params["app"], asyncio.Queue[dict[str, Any]]()
    await websocket.accept()
    before = asterisk.listeners.get(app)
    if before is not None:
        asterisk.emit(app, {"type": "ApplicationReplaced"})
    asterisk.listeners[app] = frames.put_nowait
    sending = asyncio.create_task(_send(websocket, frames))
    try:
        while True:
            await websocket.receive_text()
    except WebSocketDisconnect:
        pass
    finally:
        sending.cancel()
        if asterisk.listeners.get(app) == frames.put_nowait:
            asterisk.listeners[app] = None


async def _send(websocket: WebSocket, frames: "asyncio.Queue[dict[str, Any]]") -> None:
    while True:
        await websocket.send_text(orjson.dumps(await frames.get()).decode())


def _user(users: Users, authorization: str | None) -> User | None:
    kind, _, token = (authorization or "").partition(" ")
    if kind.lower() != "basic":
        return None
    name, _, password = base64.b64decode(token).decode().partition(":")
    user = users.get(name)
    return user if user is not None and user.password == password else None


def _refused(status: int, message: str) -> JSONResponse:
    return JSONResponse({"message": message}, status)


def asterisk_app(asterisk: Asterisk, users: Users) -> Starlette:
    """What Asterisk serves below `/ari`."""

    async def events(websocket: WebSocket) -> None:
        await _events(asterisk, users, websocket)

    rest = Rest(asterisk, users)
    routes = [
        WebSocketRoute("/ari/events", events),
        Route("/ari/{path:path}", rest.__call__, methods=["GET", "POST", "DELETE"]),
    ]
    return Starlette(routes=routes)
