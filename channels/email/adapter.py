"""E-mail: in through our SMTP listener (channels.smtp_in), out through the customer's own SMTP server."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import ClassVar, Final
from uuid import UUID

from app.errors import BadSignature
from app.events import InboundEvent
from channels.base import (
    Capabilities,
    MailEnvelope,
    OutboundMessage,
    SendOutcome,
    SendResult,
    WireRequest,
    WireResponse,
)
from channels.email.compose import compose, wire_address
from channels.email.config import EmailConfig
from channels.email.parsed import ParsedMail
from channels.email.thread import ThreadKeys, reply_address, thread_keys

REASON_MAX: Final = 200
LOGIN_REFUSED: Final = frozenset({530, 534, 535, 538})
"""RFC 4954 §6: somebody has to see to the account; the mail can wait."""


class EmailAdapter:
    name: ClassVar[str] = "email"
    channel: ClassVar[str] = "email"
    capabilities: ClassVar[Capabilities] = Capabilities(attachments=True)

    def __init__(self, config: EmailConfig) -> None:
        self.config = config
        secret = config.reply_secret
        self._signing_key = config.signing_key
        self._reply_key = None if secret is None else secret.get_secret_value().encode()

    def verify(self, request: WireRequest) -> None:
        raise BadSignature("a mailbox has no webhook: mails come in through SMTP")

    def parse(self, request: WireRequest) -> Sequence[InboundEvent]:
        """Nothing: mails are parsed by MailParser, in a process of their own."""
        return ()

    def render(self, message: OutboundMessage) -> MailEnvelope:
        """The mail. Its Message-ID is the same at every attempt. Raises Unsendable."""
        smtp, mailbox = self.config.smtp, self.config.address
        recipient = message.address.value
        data = compose(
            message,
            sender=mailbox,
            from_name=self.config.from_name,
            reply_to=reply_address(mailbox, self._reply_key, message.interaction_id, recipient),
            message_id=self.message_id(message.provider_key),
            signature=self.config.signature if message.signature is None else message.signature,
        )
        return MailEnvelope(
            host=smtp.host,
            port=smtp.port,
            sender=wire_address(mailbox),
            recipients=(wire_address(recipient),),
            data=data,
            username=smtp.username,
            password=None if smtp.password is None else smtp.password.get_secret_value(),
            tls=smtp.security,
            sign_with=self._signing_key,
        )

    def interpret(self, response: WireResponse) -> SendResult:
        """2xx is taken, 4xx comes again, as does what is about our login and not about the mail; anything
        else is refused with the server's words."""
        words = " ".join(response.body.decode("utf-8", "replace").split())
        reason = f"SMTP {response.status} {words}".strip()[:REASON_MAX]
        if 200 <= response.status < 300:
            return SendResult(SendOutcome.SENT)
        if 400 <= response.status < 500 or response.status in LOGIN_REFUSED:
            return SendResult(SendOutcome.RETRY, reason=reason)
        return SendResult(SendOutcome.REJECTED, reason=reason)

    def message_id(self, provider_key: str) -> str:
        """Without brackets, as ParsedMail has ids: what References of an answer will name."""
        digest = hashlib.sha256(provider_key.encode()).hexdigest()[:40]
        return f"tp.{digest}@{self.config.address.rpartition('@')[2]}"

    def thread_keys(self, mail: ParsedMail, envelope_to: Iterable[str] = ()) -> ThreadKeys:
        return thread_keys(mail, self._reply_key, envelope_to)

    def reply_address(self, interaction_id: UUID, recipient: str) -> str:
        return reply_address(self.config.address, self._reply_key, interaction_id, recipient)
