"""What the fakes of WeChat and of WeCom share: a server on loopback with tokens, files and moods, a clock
that can be put forward, and webhooks that are repeated as the platforms do it."""

import random
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx
from python_multipart.multipart import parse_options_header
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from channels.weixin.crypt import MessageCrypt, signature

TOKEN_SECONDS = 7200
TRIES = 3
TRY_SECONDS = 5.0
MEGABYTE = 1024**2


class Crypto(Protocol):
    """The platform's side of WXBizMsgCrypt, of one account."""

    def encrypt(self, message: str) -> str: ...

    def decrypt(self, ciphertext: str) -> str: ...


class OwnCrypto:
    """Ours; tests take somebody else's."""

    def __init__(self, aes_key: str, receiver: str) -> None:
        self._crypt = MessageCrypt(aes_key, receiver)

    def encrypt(self, message: str) -> str:
        return self._crypt.encrypt(message.encode(), message.encode())

    def decrypt(self, ciphertext: str) -> str:
        return self._crypt.decrypt(ciphertext).decode()


Handler = Callable[[Request], Awaitable[Response]]


class Refused(Exception):
    """Answered with HTTP 200 and this `errcode`, as the platforms do."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(f"{code} {words}")
        self.code = code
        self.body = {"errcode": code, "errmsg": f"{words}, hint: [1764400000], from ip: 127.0.0.1"}


@dataclass(frozen=True)
class File:
    kind: str
    name: str
    content_type: str
    content: bytes


@dataclass
class Delivered:
    """A webhook and how it was taken: the answers of all tries."""

    statuses: list[int] = field(default_factory=list)
    body: bytes = b""


@dataclass
class WeixinPlatform:
    """`moods`: what the next calls of the API meet: an errcode, or `well`, `503`, `429`, `drop`, `lost`
    (done, but the answer is lost). `hook` is where webhooks go; `away`: answers nothing at all; `forward`:
    seconds that the clock is ahead."""

    secret: str = "a secret"  # noqa: S105 - of nobody
    token: str = "weixinToken1"  # noqa: S105 - of nobody
    aes_key: str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
    url: str = ""
    hook: str = ""
    away: bool = False
    forward: float = 0
    moods: deque[int | str] = field(default_factory=deque)
    calls: Counter[str] = field(default_factory=Counter)
    refusals: Counter[int] = field(default_factory=Counter)
    tokens: dict[str, float] = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)
    delivered: list[Delivered] = field(default_factory=list)
    seed: int = 20261129
    crypto: Callable[[str, str], Crypto] = OwnCrypto

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311 - not a secret
        self.http = httpx.AsyncClient(timeout=TRY_SECONDS, trust_env=False)

    def app(self) -> Starlette:
        return Starlette(
            routes=[Route("/cgi-bin/{path:path}", self._call, methods=["GET", "POST"]), *self.routes()]
        )

    def routes(self) -> Sequence[Route]:
        return ()

    def handlers(self) -> dict[str, tuple[str, Handler]]:
        """(method, handler) by path; those with a log-in of their own bear a `*`."""
        raise NotImplementedError

    def now(self) -> float:
        return time.time() + self.forward

    def config(self, **more: Any) -> dict[str, Any]:
        """As it stands in a set-up file."""
        raise NotImplementedError

    async def checks_address(self) -> bool:
        """What the console does when the address is saved."""
        raise NotImplementedError

    # ---- the API ----

    async def _call(self, request: Request) -> Response:
        path = request.path_params["path"]
        if self.away:
            return _Dropped()
        self.calls[path] += 1
        mood = self.moods.popleft() if self.moods and not path.endswith("token") else "well"
        if mood in ("503", "429", "drop"):
            return _Dropped() if mood == "drop" else Response(status_code=int(mood))
        try:
            if isinstance(mood, int):
                raise Refused(mood, "a mood")
            answer = await self._answer(path, request)
        except Refused as refused:
            self.refusals[refused.code] += 1
            answer = JSONResponse(refused.body)
        return _Dropped() if mood == "lost" else answer

    async def _answer(self, path: str, request: Request) -> Response:
        handlers = self.handlers()
        open_handler = handlers.get("*" + path)
        method, handler = open_handler or handlers.get(path) or self._no_such(path)
        if request.method != method:
            raise Refused(43001 if method == "GET" else 43002, f"require {method} method")
        if open_handler is None:
            self._check_token(request.query_params.get("access_token", ""))
        return await handler(request)

    def _no_such(self, path: str) -> Any:
        raise AssertionError(f"there is no {path}")

    def _check_token(self, token: str) -> None:
        if not token:
            raise Refused(41001, "access_token missing")
        if token not in self.tokens:
            raise Refused(40001 if self.chance.random() < 0.5 else 40014, "invalid access_token")
        if self.tokens[token] <= self.now():
            raise Refused(42001, "access_token expired")

    def new_token(self) -> dict[str, Any]:
        """The one that is good, or a new one shortly before its end, as stable tokens are."""
        good = [(end, token) for token, end in self.tokens.items() if end > self.now() + 300]
        if not good:
            token = f"token-{len(self.tokens) + 1}-{self.chance.randrange(10**9)}"
            self.tokens[token] = self.now() + TOKEN_SECONDS
            good = [(self.tokens[token], token)]
        end, token = max(good)
        return {"access_token": token, "expires_in": int(end - self.now())}

    async def body(self, request: Request) -> dict[str, Any]:
        raw = await request.body()
        assert b"\\u" not in raw, "the platforms show \\u escapes as they are"
        body: dict[str, Any] = await request.json()
        return body

    # ---- files ----

    async def upload(self, request: Request, limits: dict[str, tuple[int, set[str]]]) -> Response:
        """`limits`: by kind the bytes at most and the endings that the kind takes (none: any)."""
        kind = request.query_params.get("type", "")
        if kind not in limits:
            raise Refused(40005, "invalid file type")
        _, options = parse_options_header(request.headers.get("content-type", ""))
        async with request.form() as form:
            file = form.get("media")
            if b"boundary" not in options or file is None or isinstance(file, str):
                raise Refused(41005, "media data missing")
            content, (most, endings) = await file.read(), limits[kind]
        if len(content) > most:
            raise Refused(40006, "invalid media size")
        name = file.filename or ""
        if endings and name.rpartition(".")[2].lower() not in endings:
            raise Refused(40004, "invalid media type")
        media_id = self.keep(kind, name, file.content_type or "", content)
        return JSONResponse({"type": kind, "media_id": media_id, "created_at": int(self.now())})

    def keep(self, kind: str, name: str, content_type: str, content: bytes) -> str:
        media_id = f"media-{len(self.files) + 1}"
        self.files[media_id] = File(kind, name, content_type, content)
        return media_id

    def file(self, media_id: str, kind: str | None = None) -> File:
        found = self.files.get(media_id)
        if found is None or kind not in (None, found.kind):
            raise Refused(40007, "invalid media_id")
        return found

    async def download(self, request: Request) -> Response:
        file = self.file(request.query_params.get("media_id", ""))
        named = {"content-disposition": f'attachment; filename="{file.name}"'}
        return Response(file.content, media_type=file.content_type, headers=named)

    # ---- webhooks ----

    def sealed(self, document: str, receiver: str) -> tuple[dict[str, str], str]:
        """The query that proves it, and the ciphertext."""
        ciphertext = self.crypto(self.aes_key, receiver).encrypt(document)
        stamp, nonce = str(int(self.now())), str(self.chance.randrange(10**9))
        proof = signature(self.token, stamp, nonce, ciphertext)
        return {"msg_signature": proof, "timestamp": stamp, "nonce": nonce}, ciphertext

    async def post(self, make: Callable[[], tuple[str, str]]) -> Delivered:
        """(query, body) made anew for each of three tries, until one is answered with 200 in 5 seconds."""
        record = Delivered()
        self.delivered.append(record)
        for _ in range(TRIES):
            query, body = make()
            try:
                answer = await self.http.post(f"{self.hook}?{query}", content=body.encode())
            except httpx.HTTPError:
                record.statuses.append(0)
                continue
            record.statuses.append(answer.status_code)
            record.body = answer.content
            if answer.status_code == 200:
                break
        return record


class _Dropped(Response):
    """The connection ends in the middle of an answer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"100")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{"})
