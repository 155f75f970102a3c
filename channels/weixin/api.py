"""The API of both platforms: JSON in and out, errors as `errcode` in an answer of HTTP 200, a token in the
query."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, unquote, urlencode

import orjson

from app.json_body import MalformedJson, parse_json_object
from app.text import clean_value
from channels.abilities import AccessToken, Media, NotDone
from channels.base import SendOutcome, SendResult, Unsendable, WireRequest, WireResponse
from channels.http_answer import REASON_MAX, result_of

FILE_MAX_BYTES: Final = 25 * 1024 * 1024
"""The largest that either platform keeps has 20 MB."""

PAGE_MAX_BYTES: Final = 8 * 1024 * 1024

_NAMES: Final = re.compile(r'filename(\*)?="?(?:UTF-8\'\')?([^";]+)', re.IGNORECASE)

Codes = Mapping[int, tuple[SendOutcome, str]]
"""What an `errcode` of the platform means, for us and in words; one that is not named is a refusal in the
platform's own words."""

COMMON: Final[Codes] = {
    -1: (SendOutcome.RETRY, "the platform is busy"),
    40001: (SendOutcome.UNAUTHORISED, "the access token or the secret is not valid"),
    40014: (SendOutcome.UNAUTHORISED, "the access token is not valid"),
    41001: (SendOutcome.UNAUTHORISED, "the access token is missing"),
    42001: (SendOutcome.UNAUTHORISED, "the access token has ended"),
    45009: (SendOutcome.THROTTLED, "the API's limit is reached"),
    45011: (SendOutcome.THROTTLED, "too many calls in a minute"),
    40007: (SendOutcome.REJECTED, "the file is no longer there"),
    48001: (SendOutcome.REJECTED, "the account has no permission for this"),
}


class Api:
    """Makes the requests for one endpoint. `token` empty: not logged in yet."""

    def __init__(self, base_url: str, token: str = "") -> None:
        self._base, self._token = base_url.rstrip("/"), token

    def url(self, path: str, **parameters: str) -> str:
        query = {"access_token": self._token, **parameters} if self._token else parameters
        return f"{self._base}/cgi-bin/{path}" + (f"?{urlencode(query, quote_via=quote)}" if query else "")

    def get(self, path: str, *, max_bytes: int = 64 * 1024, **parameters: str) -> WireRequest:
        return WireRequest("GET", self.url(path, **parameters), {}, b"", answer_max_bytes=max_bytes)

    def post(self, path: str, body: Mapping[str, Any]) -> WireRequest:
        headers = {"content-type": "application/json; charset=utf-8"}
        url = self.url(path)
        return WireRequest("POST", url, headers, orjson.dumps(body), answer_max_bytes=PAGE_MAX_BYTES)


def result(response: WireResponse, codes: Codes) -> SendResult:
    """What became of a request."""
    if not 200 <= response.status < 300:
        return result_of(response)
    answer = _object(response)
    code = None if answer is None else answer.get("errcode", 0)
    if answer is None or not isinstance(code, int):
        return SendResult(SendOutcome.RETRY, reason="the answer is no JSON object")
    if code == 0:
        return SendResult(SendOutcome.SENT)
    outcome, words = codes.get(code) or (SendOutcome.REJECTED, _own_words(answer))
    return SendResult(outcome, reason=f"{words} ({code})")


def answered(response: WireResponse, codes: Codes) -> Mapping[str, Any]:
    """The members of an answer that says yes. Raises NotDone for every other."""
    outcome = result(response, codes)
    if outcome.outcome is not SendOutcome.SENT:
        raise NotDone(outcome)
    return members(response)


def access_token(response: WireResponse, codes: Codes) -> AccessToken:
    """Of a log-in. Raises Unsendable when the credentials are refused, NotDone when a repeat may help."""
    outcome = result(response, codes)
    if outcome.outcome in (SendOutcome.REJECTED, SendOutcome.UNAUTHORISED):
        raise Unsendable(f"the log-in was refused: {outcome.reason}")
    told = answered(response, codes)
    token, seconds = told.get("access_token"), told.get("expires_in")
    if not isinstance(token, str) or not token or not isinstance(seconds, int):
        raise NotDone(SendResult(SendOutcome.RETRY, reason="the log-in's answer has no access_token"))
    return AccessToken(token, float(seconds))


def media_from(response: WireResponse, codes: Codes) -> Media:
    """The file in an answer, which is its bytes, or JSON that tells what is wrong. Raises Unsendable,
    NotDone."""
    if 200 <= response.status < 300 and ("content-disposition" in response.headers or not members(response)):
        return _media(response)
    outcome = result(response, codes)
    if outcome.outcome in (SendOutcome.REJECTED, SendOutcome.SENT):
        raise Unsendable(outcome.reason or "the platform has no such file")
    raise NotDone(outcome)


def members(response: WireResponse) -> Mapping[str, Any]:
    """Of an answer that is a JSON object; none of any other."""
    return _object(response) or {}


def _media(response: WireResponse) -> Media:
    kind = response.headers.get("content-type", "application/octet-stream").partition(";")[0].strip()
    names = sorted(_NAMES.findall(response.headers.get("content-disposition", "")))
    return Media(kind, response.body, unquote(names[-1][1].strip()) if names else None)


def _object(response: WireResponse) -> dict[str, Any] | None:
    """An odd character of one customer must not keep a whole page from us: it is replaced."""
    try:
        return parse_json_object(response.body)
    except MalformedJson:
        value = _leniently(response.body)
        return value if isinstance(value, dict) else None


def _leniently(body: bytes) -> Any:
    if body[:1] != b"{":
        return None
    try:
        return clean_value(json.loads(body.decode("utf-8", "replace")))
    except (ValueError, RecursionError):
        return None


def _own_words(answer: Mapping[str, Any]) -> str:
    """Without the hint and our address at the end, which tell an agent nothing."""
    words = str(answer.get("errmsg", "")).partition(", hint")[0].partition(" hint:")[0].partition(" rid:")[0]
    return " ".join(words.split())[:REASON_MAX]
