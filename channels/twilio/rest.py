"""Requests to Twilio's REST API (2010-04-01), and what its answers mean."""

import base64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

import orjson

from channels.base import SendOutcome, SendResult, WireRequest, WireResponse
from channels.http_answer import result_of
from channels.twilio.codes import TOO_MANY, reason_of
from channels.twilio.config import TwilioConfig

API: Final = "/2010-04-01/Accounts"
LIST_MAX_BYTES: Final = 4 * 1024 * 1024
PAGE_SIZE: Final = 200

Value = str | int | bool | Sequence[str] | None


class Rest:
    """One account's resources, by HTTP Basic authentication: an API key, else the account itself."""

    def __init__(self, config: TwilioConfig) -> None:
        self.origin = str(config.api_url).rstrip("/")
        self.account = f"{self.origin}{API}/{config.account_sid}"
        secret = config.api_key_secret or config.auth_token
        user = f"{config.api_key_sid or config.account_sid}:{secret.get_secret_value()}"
        self._headers = {"authorization": f"Basic {base64.b64encode(user.encode()).decode()}"}

    def get(self, *path: str, **query: Value) -> WireRequest:
        """A list is read in full; other answers are short anyway."""
        asked = _encoded(query)
        url = self._url(path) + (f"?{asked}" if asked else "")
        return WireRequest("GET", url, self._headers, b"", answer_max_bytes=LIST_MAX_BYTES)

    def next_page(self, uri: str) -> WireRequest | None:
        """`next_page_uri` of a list; None where it leads elsewhere."""
        if not uri.startswith(f"{API}/"):
            return None
        return WireRequest("GET", self.origin + uri, self._headers, b"", answer_max_bytes=LIST_MAX_BYTES)

    def file(self, path: str, max_bytes: int) -> WireRequest:
        return WireRequest("GET", self.origin + path, self._headers, b"", answer_max_bytes=max_bytes)

    def post(self, *path: str, **form: Value) -> WireRequest:
        headers = {**self._headers, "content-type": "application/x-www-form-urlencoded"}
        return WireRequest("POST", self._url(path), headers, _encoded(form).encode())

    def delete(self, *path: str) -> WireRequest:
        return WireRequest("DELETE", self._url(path), self._headers, b"")

    def _url(self, path: Sequence[str]) -> str:
        return f"{self.account}/{'/'.join(quote(part, safe='') for part in path)}.json"


def outcome_of(response: WireResponse) -> SendResult:
    """2xx is done, with the new resource's id. 429 and code 20429 slow down; 5xx come again; all else is
    refused, with the reason in words."""
    told = document(response)
    if 200 <= response.status < 300:
        sid = told.get("sid") or told.get("call_sid")
        return SendResult(SendOutcome.SENT, provider_id=sid if isinstance(sid, str) else None)
    code = code_of(response)
    if code == TOO_MANY:
        response = WireResponse(429, response.headers, response.body)
    result = result_of(response)
    if result.outcome is not SendOutcome.REJECTED or code is None:
        return result
    return SendResult(SendOutcome.REJECTED, reason=reason_of(code, str(told.get("message") or "")))


def document(response: WireResponse) -> Mapping[str, Any]:
    """The answer's JSON object; empty where there is none."""
    try:
        read = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        return {}
    return read if isinstance(read, dict) else {}


def code_of(response: WireResponse) -> int | None:
    """Twilio's own number of an error."""
    code = document(response).get("code")
    return code if isinstance(code, int) else None


def time_of(text: str | None) -> datetime | None:
    """`Thu, 01 Jun 2017 20:48:32 +0000`, as all times of this API; None for what is none."""
    try:
        at = parsedate_to_datetime(text or "")
        return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def told_at(response: WireResponse) -> datetime | None:
    """When Twilio answered, by its own clock."""
    return time_of(response.headers.get("date"))


def _encoded(fields: Mapping[str, Value]) -> str:
    given = {name: _text(value) for name, value in fields.items() if value is not None}
    return urlencode(given, doseq=True)


def _text(value: Value) -> object:
    return str(value).lower() if isinstance(value, bool) else value
