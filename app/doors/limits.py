"""The outermost layer of the api, pure ASGI: size limits while a body streams in, and security headers."""

import re
from collections.abc import Sequence
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import BadRequest, TooLarge
from app.problems import problem
from app.settings import KILOBYTE, Settings

Headers = Sequence[tuple[bytes, bytes]]

FORM_OVERHEAD_BYTES: Final = 64 * KILOBYTE
"""What a multipart body may hold besides the file itself."""

_FILES: Final = re.compile(r"/v1/attachments|/chat/[^/]+/attachments|/forms/[^/]+")
_DOCS: Final = ("/docs",)
_PLAIN: Final = "/webhooks/"

_ALWAYS: Final[Headers] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
_CONTENT_POLICY: Final[Headers] = (
    (
        b"content-security-policy",
        b"default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
        b"style-src 'self' 'unsafe-inline'; connect-src 'self'; object-src 'none'; "
        b"base-uri 'none'; form-action 'self'; frame-src 'self' blob:; frame-ancestors 'none'",
    ),
)


class Door:
    """Refuses what is too large before anybody reads it; every other answer leaves with security headers."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._body_max = settings.body_max_bytes
        self._file_body_max = settings.file_max_bytes + FORM_OVERHEAD_BYTES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        if not path.startswith(_PLAIN):
            send = _with_headers(send, path)
        if "\x00" in path or b"%00" in scope["query_string"]:
            await problem(BadRequest("NUL characters mean nothing here."))(scope, receive, send)
            return
        length, limit = _content_length(scope), self._limit(scope, path)
        if length is None:
            receive = _counted(receive, limit)
        elif length > limit:
            await problem(_too_large(limit))(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _limit(self, scope: Scope, path: str) -> int:
        if _FILES.fullmatch(path) and _header(scope, b"content-type").startswith(b"multipart/form-data"):
            return self._file_body_max
        return self._body_max


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"At most {limit} bytes are taken here.", max_bytes=limit)


def _header(scope: Scope, name: bytes) -> bytes:
    for key, value in scope["headers"]:
        if key == name:
            found: bytes = value
            return found
    return b""


def _content_length(scope: Scope) -> int | None:
    """None: unknown, count what comes. The server itself holds a body to the length it declares."""
    value = _header(scope, b"content-length")
    return int(value) if value.isdigit() else None


def _counted(receive: Receive, limit: int) -> Receive:
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            raise HTTPException(413)
        return message

    return counted


def _with_headers(send: Send, path: str) -> Send:
    added = _ALWAYS if path.startswith(_DOCS) else (*_ALWAYS, *_CONTENT_POLICY)

    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            said = {name for name, _ in message["headers"]}
            more = [header for header in added if header[0] not in said]
            message["headers"] = [*message["headers"], *more]
        await send(message)

    return with_headers
