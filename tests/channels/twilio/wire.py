"""Requests as Twilio sends them, signed by its own package."""

from collections.abc import Generator, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlencode

from twilio.request_validator import (
    HMAC_SHA256,
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
)

from channels.base import MailEnvelope, WireRequest, WireResponse
from tests.channels.wire import NOW

ACCOUNT = "ACae6e420f425248d6a26948c17a9e2acf"
TOKEN = "12345"
SHARED_KEY = "a shared key of a webhooks rule"
URL = "https://mycompany.com/webhooks/1"
T = TypeVar("T")


def form(fields: dict[str, str] | bytes) -> bytes:
    return fields if isinstance(fields, bytes) else urlencode(fields).encode()


def fields_in(body: bytes) -> dict[str, list[str]]:
    return parse_qs(body.decode(), keep_blank_values=True)


def signed(
    fields: dict[str, str] | bytes, query: str = "", *, token: str = TOKEN, shared_key: str | None = None
) -> WireRequest:
    """Signed classically, or as a Webhooks Rule with this SharedKey has it."""
    body, url = form(fields), URL + (f"?{query}" if query else "")
    plain = {name: values[0] for name, values in fields_in(body).items()}
    headers = {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"}
    if shared_key is None:
        headers[SIGNATURE_HEADER.lower()] = RequestValidator(token).compute_signature(url, plain)
    else:
        proof = RequestValidator(shared_key).compute_signature(url, plain, HMAC_SHA256)
        headers[SIGNATURE_HEADER.lower()] = proof
        headers[SIGNATURE_SETTINGS_HEADER.lower()] = "key=webhooks_sharedkey_01,algorithm=HMAC_SHA256"
    return WireRequest("POST", url, headers, body, received_at=NOW)


def run(
    steps: Generator[WireRequest | MailEnvelope, WireResponse, T], answers: Sequence[WireResponse]
) -> tuple[list[WireRequest], T]:
    """What was asked, and the result; every answer is used."""
    asked: list[WireRequest] = []
    waiting = list(answers)
    try:
        request = next(steps)
        while True:
            assert isinstance(request, WireRequest)
            asked.append(request)
            request = steps.send(waiting.pop(0))
    except StopIteration as end:
        assert not waiting
        result: Any = end.value
        return asked, result
