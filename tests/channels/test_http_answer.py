"""What an HTTP answer means, where a platform has no rules of its own."""

import pytest

from channels.base import SendOutcome, WireResponse
from channels.http_answer import result_of

NOON = "Sun, 29 Nov 2026 12:00:00 GMT"

WAITS = {
    "seconds": ({"retry-after": "7"}, 7),
    "a date": ({"retry-after": "Sun, 29 Nov 2026 12:00:30 GMT", "date": NOON}, 30),
    "a date that is over": ({"retry-after": "Sun, 29 Nov 2026 11:00:00 GMT", "date": NOON}, 0),
    "a date without a clock beside it": ({"retry-after": "Sun, 29 Nov 2026 12:00:30 GMT"}, None),
    "a date without a zone": ({"retry-after": "Sun, 29 Nov 2026 12:00:30", "date": NOON}, None),
    "ages": ({"retry-after": "99999999"}, 3600),
    "a date in ages": ({"retry-after": "Sun, 29 Nov 2099 12:00:00 GMT", "date": NOON}, 3600),
    "rubbish": ({"retry-after": "soon", "date": NOON}, None),
    "a number that is none": ({"retry-after": "\u0663"}, None),
    "nothing": ({}, None),
}

OUTCOMES = {
    200: SendOutcome.SENT,
    202: SendOutcome.SENT,
    301: SendOutcome.REJECTED,
    404: SendOutcome.REJECTED,
    408: SendOutcome.RETRY,
    409: SendOutcome.REJECTED,
    410: SendOutcome.REJECTED,
    425: SendOutcome.RETRY,
    429: SendOutcome.THROTTLED,
    500: SendOutcome.RETRY,
    503: SendOutcome.RETRY,
}


class TestAnAnswer:
    @pytest.mark.parametrize(("status", "outcome"), OUTCOMES.items())
    def test_means(self, status: int, outcome: SendOutcome) -> None:
        assert result_of(WireResponse(status)).outcome is outcome

    @pytest.mark.parametrize("status", [429, 503])
    @pytest.mark.parametrize("case", WAITS)
    def test_says_how_long_to_wait(self, status: int, case: str) -> None:
        headers, seconds = WAITS[case]
        assert result_of(WireResponse(status, headers)).retry_after_seconds == seconds
