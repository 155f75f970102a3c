"""Where the company's mails to the demo's customers arrive: an SMTP server that keeps them in memory."""

import email
from email import policy
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

KEPT = 500


class Inbox:
    """The newest mails, by recipient."""

    def __init__(self) -> None:
        self.mails: list[dict[str, Any]] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        raw = envelope.content if isinstance(envelope.content, bytes) else b""
        message = email.message_from_bytes(raw, policy=policy.default)
        body = message.get_body(("plain", "html"))
        self.mails.append(
            {
                "to": list(envelope.rcpt_tos),
                "from": str(message["From"]),
                "subject": str(message["Subject"] or ""),
                "text": body.get_content() if body else "",
                "message_id": str(message["Message-ID"]),
                "reply_to": str(message["Reply-To"] or message["From"]),
            }
        )
        del self.mails[:-KEPT]
        return "250 kept"

    def of(self, address: str) -> list[dict[str, Any]]:
        """Newest first."""
        return [mail for mail in reversed(self.mails) if address in mail["to"]]

    def serve(self, port: int) -> Controller:
        """A running server on loopback; the caller stops it."""
        controller = Controller(self, hostname="127.0.0.1", port=port)
        controller.start()
        return controller
