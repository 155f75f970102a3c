"""A platform that needs all that a platform can: a log-in, an upload before the message, files that are
fetched apart, and a list of what it holds. Real HTTP on loopback, and an adapter for it."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from app.events import InboundEvent, MessageReceived
from channels.abilities import AccessToken, Fetched, Media, NotDone, Steps
from channels.base import (
    Capabilities,
    OutboundMessage,
    SendOutcome,
    SendResult,
    Unsendable,
    WireRequest,
    WireResponse,
)
from channels.http_answer import result_of
from tests.serving import serving


@dataclass
class Platform:
    """`asked` counts requests by path; the next answers to `/messages` are taken from `moods`, then it is
    well. Only the latest token is good."""

    url: str = ""
    tokens: int = 0
    token_seconds: float = 7200
    moods: list[tuple[int, Mapping[str, str]]] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    held: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/token", self._token, methods=["POST"]),
                Route("/uploads", self._upload, methods=["POST"]),
                Route("/messages", self._message, methods=["POST"]),
                Route("/held", self._list),
                Route("/files/{name}", self._file),
                Route("/moved/{name}", self._moved),
            ]
        )

    async def _token(self, request: Request) -> Response:
        self.asked["/token"] += 1
        if (await request.json()).get("secret") != "right":
            return JSONResponse({"error": "wrong secret"}, 403)
        self.tokens += 1
        return JSONResponse({"token": f"t{self.tokens}", "lasts": self.token_seconds})

    def _refused(self, request: Request) -> Response | None:
        if request.headers.get("authorization") == f"Bearer t{self.tokens}":
            return None
        return JSONResponse({"error": "token"}, 401)

    async def _upload(self, request: Request) -> Response:
        self.asked["/uploads"] += 1
        return self._refused(request) or JSONResponse({"file": f"f{self.asked['/uploads']}"})

    async def _message(self, request: Request) -> Response:
        self.asked["/messages"] += 1
        if (refused := self._refused(request)) is not None:
            return refused
        if self.moods:
            status, headers = self.moods.pop(0)
            return JSONResponse({"error": "mood"}, status, headers)
        body = await request.json()
        if body["key"] not in self.keys:
            self.keys.add(body["key"])
            self.taken.append(body)
        return JSONResponse({"id": f"m{len(self.taken)}"})

    async def _list(self, request: Request) -> Response:
        self.asked["/held"] += 1
        after = int(request.query_params["after"])
        page = self.held[after : after + 2]
        more = after + len(page) < len(self.held)
        return self._refused(request) or JSONResponse(
            {"texts": page, "next": after + len(page), "more": more}
        )

    async def _file(self, request: Request) -> Response:
        self.asked["/files"] += 1
        content = self.files.get(request.path_params["name"])
        if content is None:
            return Response(status_code=404)
        return self._refused(request) or Response(content, media_type="image/png")

    async def _moved(self, request: Request) -> Response:
        return RedirectResponse(f"/files/{request.path_params['name']}")


class PlatformAdapter:
    """Speaks to `Platform`."""

    name: ClassVar[str] = "platform"
    channel: ClassVar[str] = "messaging"
    capabilities: ClassVar[Capabilities] = Capabilities(attachments=True)
    fetch_seconds: ClassVar[float | None] = None

    def __init__(self, url: str, token: str = "", secret: str = "right") -> None:
        self.url, self._token, self._secret = url, token, secret

    def verify(self, request: WireRequest) -> None: ...

    def parse(self, request: WireRequest) -> Sequence[InboundEvent]:
        return ()

    def render(self, message: OutboundMessage) -> WireRequest:
        raise AssertionError("messages go in steps")

    def interpret(self, response: WireResponse) -> SendResult:
        if response.status == 401:
            return SendResult(SendOutcome.UNAUTHORISED, reason="HTTP 401")
        return result_of(response)

    def login(self, renewed: str | None) -> Steps[AccessToken]:
        answer = yield self._post("/token", {"secret": self._secret})
        if answer.status == 403:
            raise Unsendable("the platform refuses the secret")
        if answer.status != 200:
            raise NotDone(result_of(answer))
        told = orjson.loads(answer.body)
        return AccessToken(told["token"], told["lasts"])

    def with_token(self, token: str) -> Self:
        return type(self)(self.url, token, self._secret)

    def send(self, message: OutboundMessage) -> Steps[SendResult]:
        uploaded = yield self._post("/uploads", {})
        if uploaded.status != 200:
            return self.interpret(uploaded)
        file = orjson.loads(uploaded.body)["file"]
        body = {"key": message.provider_key, "text": message.text, "file": file}
        answer = yield self._post("/messages", body)
        result = self.interpret(answer)
        if result.outcome is not SendOutcome.SENT:
            return result
        return SendResult(SendOutcome.SENT, provider_id=orjson.loads(answer.body)["id"])

    def fetch(self, state: Mapping[str, Any], hint: Mapping[str, Any]) -> Steps[Fetched]:
        after = state.get("after", 0)
        answer = yield self._get(f"/held?after={after}")
        if answer.status != 200:
            raise NotDone(self.interpret(answer))
        told = orjson.loads(answer.body)
        events = [
            MessageReceived(external_id=f"h{after + place}", conversation="c1", text=text)
            for place, text in enumerate(told["texts"])
        ]
        return Fetched(events, {"after": told["next"]}, told["more"])

    def media(self, reference: Mapping[str, Any]) -> Steps[Media]:
        answer = yield self._get(reference["path"], answer_max_bytes=1000)
        if answer.status == 404:
            raise Unsendable("the file is gone")
        if answer.status != 200:
            raise NotDone(self.interpret(answer))
        return Media(answer.headers["content-type"], answer.body)

    def _get(self, path: str, **limits: int) -> WireRequest:
        return WireRequest("GET", self.url + path, self._headers(), b"", **limits)

    def _post(self, path: str, body: Mapping[str, Any]) -> WireRequest:
        return WireRequest("POST", self.url + path, self._headers(), orjson.dumps(body))

    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self._token or 'none'}", "content-type": "application/json"}


@asynccontextmanager
async def open_platform() -> AsyncIterator[Platform]:
    platform = Platform()
    async with serving(platform.app()) as platform.url:
        yield platform
