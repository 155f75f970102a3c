"""Requests to the Asterisk REST Interface as bytes, by the words of its own documentation."""

import base64
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode

import orjson

from app.errors import ChannelError
from channels.abilities import Steps
from channels.base import WireRequest, WireResponse

EXISTS: Final = 409
"""What is asked for is there already: an earlier attempt has made it."""

LIST_MAX_BYTES: Final = 16 * 1024 * 1024
"""All channels of a big exchange: about 600 bytes each."""

FILE_MAX_BYTES: Final = 50 * 1024 * 1024
"""An hour of a telephone's sound as wav is 58 MB; longer ones stay with the exchange."""

T = TypeVar("T")


class NotRead(ChannelError):
    """A list that Asterisk did not give us."""


class Ari:
    """`url` ends with `/ari`. The user needs `read_only = no`."""

    def __init__(self, url: str, username: str, password: str) -> None:
        self._url = url.rstrip("/")
        token = base64.b64encode(f"{username}:{password}".encode()).decode()
        self.authorization = {"authorization": f"Basic {token}"}

    def get(self, *path: str, **query: str) -> WireRequest:
        return self._request("GET", path, query, None)

    def file(self, *path: str) -> WireRequest:
        return replace(self.get(*path), answer_max_bytes=FILE_MAX_BYTES)

    def post(self, *path: str, **query: str) -> WireRequest:
        return self._request("POST", path, query, None)

    def originate(self, channel: str, variables: Mapping[str, str], **query: str) -> WireRequest:
        return self._request("POST", ("channels", channel), query, {"variables": variables})

    def delete(self, *path: str) -> WireRequest:
        return self._request("DELETE", path, {}, None)

    def address(self, *path: str, **query: str) -> str:
        place = "/".join([self._url, *(quote(part, safe="") for part in path)])
        return f"{place}?{urlencode(query)}" if query else place

    def events(self, app: str) -> str:
        """The address of the WebSocket."""
        return "ws" + self.address("events", app=app).removeprefix("http")

    def read(self, *path: str) -> Steps[Any]:
        """What Asterisk tells there. Raises NotRead."""
        answer = yield self.get(*path)
        if answer.status != 200:
            raise NotRead(f"/{'/'.join(path)}: HTTP {answer.status} {_message(answer)}".strip())
        return _json(answer)

    def _request(
        self, method: str, path: tuple[str, ...], query: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> WireRequest:
        headers = dict(self.authorization)
        if body is not None:
            headers["content-type"] = "application/json"
        return WireRequest(
            method=method,
            url=self.address(*path, **query),
            headers=headers,
            body=b"" if body is None else orjson.dumps(body),
            answer_max_bytes=LIST_MAX_BYTES,
        )


def _message(answer: WireResponse) -> str:
    """Errors are `{"message": …}`."""
    try:
        told = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return ""
    return str(told.get("message", ""))[:200] if isinstance(told, dict) else ""


def _json(answer: WireResponse) -> Any:
    try:
        return orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        raise NotRead("an answer that is no JSON") from None
