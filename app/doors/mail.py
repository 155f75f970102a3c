"""Mails from the SMTP door into the log: the raw bytes on disk, then the event, then the 250."""

import hashlib
from collections.abc import Sequence
from uuid import UUID

from app.container import Container
from app.endpoints import KnownEndpoint
from app.events import Envelope, MailReceived
from channels.email.spf import Peer
from channels.email.thread import base_address
from channels.smtp_in import SmtpDoor, SmtpLimits


class MailIn:
    """Hands every mail to the mailboxes that it is for: one event a tenant."""

    def __init__(self, container: Container) -> None:
        self._container = container

    def door(self, *, lmtp: bool = False) -> SmtpDoor:
        """Not started yet."""
        limits = SmtpLimits(mail_bytes=self._container.settings.mail_max_bytes)
        return SmtpDoor(self.is_recipient, self.deliver, limits, lmtp=lmtp)

    async def is_recipient(self, mailbox: str) -> bool:
        return bool(self._container.endpoints.by_address("email", mailbox))

    async def deliver(self, peer: Peer, recipients: Sequence[str], raw: bytes) -> None:
        """Durable on return. Raises Unavailable or OSError when nothing can store it."""
        self._container.pressure.check("email")
        envelopes = []
        for endpoint in self._mailboxes(recipients).values():
            await self._container.blobs.put(endpoint.tenant_id, raw)
            envelopes.append(self._envelope(endpoint, peer, recipients, raw))
        await self._container.bus.publish(envelopes)

    def _mailboxes(self, recipients: Sequence[str]) -> dict[UUID, KnownEndpoint]:
        """The first mailbox named of each tenant; the others of that tenant would be duplicates."""
        found: dict[UUID, KnownEndpoint] = {}
        for recipient in recipients:
            directory = self._container.endpoints
            named = directory.by_address("email", recipient)
            for endpoint in named or directory.by_address("email", base_address(recipient)):
                found.setdefault(endpoint.tenant_id, endpoint)
        return found

    def _envelope(
        self, endpoint: KnownEndpoint, peer: Peer, recipients: Sequence[str], raw: bytes
    ) -> Envelope:
        sha256, now = hashlib.sha256(raw).hexdigest(), self._container.clock.now()
        event = MailReceived(
            external_id=sha256,
            occurred_at=now,
            sha256=sha256,
            size=len(raw),
            envelope_from=peer.mail_from,
            envelope_to=tuple(recipients),
            peer=peer.ip or None,
            helo=peer.helo,
        )
        return endpoint.envelope(event, now)
