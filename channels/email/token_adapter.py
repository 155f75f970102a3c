"""A mailbox whose SMTP server takes an access token instead of a password: XOAUTH2."""

from dataclasses import replace
from typing import Final, Self

import orjson

from channels.abilities import AccessToken, NotDone, Steps
from channels.base import MailEnvelope, OutboundMessage, SendOutcome, SendResult, WireResponse
from channels.email.adapter import EmailAdapter
from channels.email.config import EmailConfig
from channels.email.oauth import TokenRefused, kept, newest, token_request, tokens_of

TOKEN_REFUSED: Final = 535


def mailbox_adapter(config: EmailConfig) -> EmailAdapter:
    """As the mailbox logs in for sending."""
    return EmailAdapter(config) if config.smtp.oauth is None else TokenEmailAdapter(config)


class TokenEmailAdapter(EmailAdapter):
    def __init__(self, config: EmailConfig, token: str | None = None) -> None:
        super().__init__(config)
        self._token = token

    def login(self, renewed: str | None) -> Steps[AccessToken]:
        """A refused refresh token is a reason to wait: somebody will give us another one."""
        oauth = self.config.smtp.oauth
        assert oauth is not None, "only such a mailbox logs in so"
        given = oauth.refresh_token.get_secret_value()
        before = newest(given, orjson.loads(renewed) if renewed else {})
        try:
            tokens = tokens_of((yield token_request(oauth, before)), before)
        except TokenRefused as refused:
            raise NotDone(SendResult(SendOutcome.RETRY, reason=str(refused))) from None
        left = orjson.dumps(kept(given, tokens.refresh)).decode()
        return AccessToken(tokens.access, tokens.lasts_seconds, left)

    def with_token(self, token: str) -> Self:
        return type(self)(self.config, token)

    def render(self, message: OutboundMessage) -> MailEnvelope:
        mail = super().render(message)
        return replace(mail, username=mail.username or self.config.address, access_token=self._token)

    def interpret(self, response: WireResponse) -> SendResult:
        result = super().interpret(response)
        if response.status == TOKEN_REFUSED:
            return replace(result, outcome=SendOutcome.UNAUTHORISED)
        return result
