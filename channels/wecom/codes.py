"""What WeCom's error codes mean for what we do next (https://developer.work.weixin.qq.com/document/path/90313)."""

from typing import Final

from channels.base import SendOutcome
from channels.weixin import api

CODES: Final[api.Codes] = {
    **api.COMMON,
    40096: (SendOutcome.REJECTED, "the account does not know this customer"),
    42009: (SendOutcome.UNAUTHORISED, "the access token has ended"),
    45033: (SendOutcome.THROTTLED, "too many calls at once"),
    48002: (SendOutcome.REJECTED, "the application has no permission for this"),
    95000: (SendOutcome.REJECTED, "there is no such customer-service account"),
    95001: (SendOutcome.REJECTED, "no more messages until the customer writes again"),
    95002: (SendOutcome.REJECTED, "more than 48 hours since the customer's last message"),
    95013: (SendOutcome.REJECTED, "the session has ended; the customer has to write first"),
    95016: (SendOutcome.REJECTED, "the session was taken by somebody else just now"),
    95017: (SendOutcome.REJECTED, "the API is switched off for this customer-service account"),
    95018: (SendOutcome.REJECTED, "the session is not ours to write in"),
}

CALLBACK_TOKEN_ENDED: Final = 95007
"""The token of a callback lives 10 minutes; without one `sync_msg` works too, but seldom."""
