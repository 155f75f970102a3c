"""What an HTTP answer to something we sent means, where a platform has no rules of its own."""

from email.utils import parsedate_to_datetime
from typing import Final

from channels.base import SendOutcome, SendResult, WireResponse

_TRY_AGAIN: Final = frozenset({408, 425})
REASON_MAX: Final = 200
RETRY_AFTER_MAX_SECONDS: Final = 3600.0


def result_of(response: WireResponse) -> SendResult:
    """2xx is done; 429 slows down; 408, 425 and 5xx come again; all else (409 conflict and 410 gone too) is a
    refusal that a repeat would not change."""
    status = response.status
    if 200 <= status < 300:
        return SendResult(SendOutcome.SENT)
    if status == 429:
        return SendResult(
            SendOutcome.THROTTLED, reason="HTTP 429", retry_after_seconds=_retry_after_seconds(response)
        )
    if status >= 500 or status in _TRY_AGAIN:
        return SendResult(
            SendOutcome.RETRY, reason=f"HTTP {status}", retry_after_seconds=_retry_after_seconds(response)
        )
    return SendResult(SendOutcome.REJECTED, reason=_refusal(response))


def _retry_after_seconds(response: WireResponse) -> float | None:
    """`Retry-After` in seconds, or as a date, which counts from the answer's own `Date`: adapters have no
    clock, and theirs may differ from ours. At most an hour."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit() and len(value) <= 9:
        return min(float(value), RETRY_AFTER_MAX_SECONDS)
    try:
        until, said = (parsedate_to_datetime(text) for text in (value, response.headers.get("date", "")))
        return min(max((until - said).total_seconds(), 0.0), RETRY_AFTER_MAX_SECONDS)
    except (ValueError, TypeError):
        return None


def _refusal(response: WireResponse) -> str:
    words = " ".join(response.body[: 4 * REASON_MAX].decode("utf-8", "replace").split())
    return f"HTTP {response.status} {words}".strip()[:REASON_MAX]
