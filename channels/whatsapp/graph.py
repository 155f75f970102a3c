"""Requests to the Graph API, of which the Cloud API is a part."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote, urlsplit

import orjson

from channels.base import OutboundAttachment, WireRequest
from channels.whatsapp.config import WhatsAppConfig

FILE_MAX_BYTES: Final = 100 * 1024 * 1024

_THEIR_HOSTS: Final = (".fbsbx.com", ".facebook.com", ".fbcdn.net", ".whatsapp.net")


class Graph:
    """Every request bears the access token; none goes to a host that is not the platform's."""

    def __init__(self, config: WhatsAppConfig) -> None:
        self._base = f"{str(config.api_url).rstrip('/')}/{config.api_version}"
        self._number = config.phone_number_id
        self._origin = _origin(str(config.api_url))
        self._bearer = {"authorization": f"Bearer {config.access_token.get_secret_value()}"}

    def post(self, edge: str, body: Mapping[str, Any]) -> WireRequest:
        return WireRequest(
            method="POST",
            url=f"{self._base}/{self._number}/{edge}",
            headers={**self._bearer, "content-type": "application/json"},
            body=orjson.dumps(body),
        )

    def upload(self, file: OutboundAttachment) -> WireRequest:
        boundary = f"touchpoint-{sha256(file.content).hexdigest()}"
        return WireRequest(
            method="POST",
            url=f"{self._base}/{self._number}/media",
            headers={**self._bearer, "content-type": f"multipart/form-data; boundary={boundary}"},
            body=_multipart(boundary, file),
        )

    def file_facts(self, file_id: str) -> WireRequest:
        """Asks where a file is."""
        url = f"{self._base}/{quote(file_id, safe='')}?phone_number_id={self._number}"
        return WireRequest("GET", url, self._bearer, b"")

    def download(self, url: str) -> WireRequest | None:
        """None for an address that is not the platform's: it would learn our token."""
        host = urlsplit(url).hostname or ""
        theirs = url.startswith("https://") and f".{host}".endswith(_THEIR_HOSTS)
        if not theirs and _origin(url) != self._origin:
            return None
        return WireRequest("GET", url, self._bearer, b"", answer_max_bytes=FILE_MAX_BYTES)


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _multipart(boundary: str, file: OutboundAttachment) -> bytes:
    name = "".join("_" if char in '"\\' or not char.isprintable() else char for char in file.name)
    fields = {"messaging_product": "whatsapp", "type": file.content_type}
    lines = [
        f'--{boundary}\r\ncontent-disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
        for field, value in fields.items()
    ]
    opened = (
        f'--{boundary}\r\ncontent-disposition: form-data; name="file"; filename="{name}"\r\n'
        f"content-type: {file.content_type}\r\n\r\n"
    )
    return b"".join(
        (
            *(line.encode() for line in lines),
            opened.encode(),
            file.content,
            f"\r\n--{boundary}--\r\n".encode(),
        )
    )
