"""What the Graph API's answers mean, and the codes that failed receipts carry too."""

from collections.abc import Mapping
from typing import Any, Final

from app.json_body import MalformedJson, parse_json_object
from channels.base import SendOutcome, SendResult, WireResponse
from channels.http_answer import REASON_MAX, result_of

THROTTLED: Final = frozenset({4, 80007, 130429, 133016})
TEMPORARY: Final = frozenset({1, 2, 131000, 131016, 131057, 133004})

PAIR_RATE: Final = 131056
PAIR_REST_SECONDS: Final = 6.0
"""One message in six seconds to the same customer is what the platform takes for long."""

_LOGGED_OUT: Final = "the access token is not accepted any more: put a new one into access_token"
_REASONS: Final[Mapping[int, str]] = {
    0: _LOGGED_OUT,
    190: _LOGGED_OUT,
    3: "the access token may not send for this number: give its user the right to",
    10: "the access token may not send for this number: give its user the right to",
    368: "the account is restricted for a breach of WhatsApp's policies",
    130472: "the customer is part of an experiment of Meta's and gets no marketing messages",
    130497: "the account may not write to customers of this country",
    131021: "this is our own number",
    131026: "the customer cannot be reached: no WhatsApp at this number, or an old version of it",
    131031: "the account is locked",
    131042: "the account's payment method is missing or refused",
    131045: "our number is not registered",
    131047: "the customer wrote last more than 24 hours ago: only a template may be sent",
    131048: "our number is restricted, since too many customers blocked or reported it",
    131049: "WhatsApp held it back: this customer got too many marketing messages",
    131050: "the customer wants no marketing messages from us",
    131051: "WhatsApp does not take messages of this type",
    131053: "WhatsApp could not take the file: its type is not the one it was named as",
    131062: "this kind of message needs the customer's number",
    132000: "the template has another number of gaps",
    132001: "there is no approved template of this name in this language",
    132005: "the template is too long once its gaps are filled",
    132007: "the template's words break a policy of WhatsApp's",
    132012: "a value does not fit its gap in the template",
    132015: "the template is paused, since customers did not like it",
    132016: "the template was paused too often and is disabled for good",
    133010: "our number is not registered",
}


def interpret(response: WireResponse) -> SendResult:
    """Of a request that sent a message."""
    if response.status != 200:
        return failure(response)
    messages = object_of(response).get("messages")
    found = messages[0].get("id") if isinstance(messages, list) and messages else None
    return SendResult(SendOutcome.SENT, provider_id=str(found) if found else None)


def file_id(response: WireResponse) -> str | SendResult:
    """Of an upload: the file's id, or what went wrong."""
    if response.status != 200:
        return failure(response)
    found = object_of(response).get("id")
    return str(found) if found else SendResult(SendOutcome.RETRY, reason="no id came back for the file")


def object_of(response: WireResponse) -> Mapping[str, Any]:
    """Empty where the body is no JSON object."""
    try:
        return parse_json_object(response.body)
    except MalformedJson:
        return {}


def reason_of(error: Mapping[str, Any]) -> str:
    """`WhatsApp 131047: …` of an error object, in our words where the code is known to us."""
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, Mapping) else None
    code = error.get("code")
    known = _REASONS.get(code) if isinstance(code, int) else None
    said = known or details or error.get("message") or error.get("title") or "no reason given"
    return f"WhatsApp {code}: {said}"[:REASON_MAX]


def failure(response: WireResponse) -> SendResult:
    """Of anything but HTTP 200."""
    error = object_of(response).get("error")
    code = error.get("code") if isinstance(error, Mapping) else None
    if not isinstance(error, Mapping) or not isinstance(code, int):
        return result_of(response)
    reason = reason_of(error)
    if code == PAIR_RATE:  # of this customer alone: the others need not wait
        return SendResult(SendOutcome.RETRY, reason=reason, retry_after_seconds=PAIR_REST_SECONDS)
    if code in THROTTLED or response.status == 429:
        rest = result_of(response).retry_after_seconds
        return SendResult(SendOutcome.THROTTLED, reason=reason, retry_after_seconds=rest)
    if code in TEMPORARY or (response.status >= 500 and code not in _REASONS):
        return SendResult(SendOutcome.RETRY, reason=reason)
    return SendResult(SendOutcome.REJECTED, reason=reason)
