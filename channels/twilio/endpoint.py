"""What a number's two channels share: whose requests it takes, and where Twilio calls it back."""

from typing import Final
from urllib.parse import urlencode

from channels.base import Unsendable, WireRequest
from channels.twilio import signature
from channels.twilio.config import TwilioConfig
from channels.twilio.signature import Keys

AGAIN: Final = "#rc=5&rp=all"
"""Twilio's own switch on an address: five more attempts, after whatever failure. It is not sent to us."""


class Endpoint:
    def __init__(self, config: TwilioConfig) -> None:
        tokens = (config.auth_token, *config.previous_auth_tokens)
        shared = () if config.shared_key is None else (config.shared_key,)
        self._keys = Keys(
            [token.get_secret_value().encode() for token in tokens],
            [key.get_secret_value().encode() for key in shared],
        )
        self._url = None if config.webhook_url is None else str(config.webhook_url)

    def verify(self, request: WireRequest) -> None:
        signature.verify(self._keys, request)

    def callback(self, **query: str | None) -> str:
        """Where Twilio tells us `query`. Raises Unsendable where nobody knows our public address."""
        found = self.callback_if_known(**query)
        if found is None:
            raise Unsendable("Twilio must know where to call back: set TOUCHPOINT_PUBLIC_URL, or webhook_url")
        return found

    def callback_if_known(self, **query: str | None) -> str | None:
        return None if self._url is None else callback(self._url, **query)


def callback(url: str, **query: str | None) -> str:
    """`url` with what it is to tell; attempts that fail are repeated."""
    return here(url, **query) + AGAIN


def here(url: str, **query: str | None) -> str:
    """`url` with this query instead of its own."""
    given = urlencode({name: value for name, value in query.items() if value})
    return f"{url.partition('?')[0]}?{given}"
