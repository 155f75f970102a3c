"""One event of `inbound` on its way through intake, and the key that makes a repeat a duplicate."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.events import DeliveryUpdated, Envelope, InboundEvent, MailReceived, MessageReceived, dumps
from interactions.intake.mail_reader import ReadMail


@dataclass(frozen=True, slots=True)
class Inbound:
    """`mail` is what `prepare` made of a mail."""

    envelope: Envelope
    event: InboundEvent
    endpoint_id: UUID
    mail: ReadMail | None = None

    @property
    def at(self) -> datetime:
        """When it happened, by the channel's clock; never later than it reached us."""
        return min(self.event.occurred_at or self.envelope.at, self.envelope.at)


def delivery_key(inbound: Inbound) -> tuple[UUID, str]:
    """(scope, key): of a mail its own key in its whole tenant, where it was sent another than where it came
    in; else (type, provider's id, state) at the
    endpoint; a message's id counts within its conversation. Content, its time included, where the platform
    has no id."""
    event = inbound.event
    if inbound.mail is not None:
        key, was_sent = inbound.mail.delivery_key, isinstance(event, MailReceived) and event.sent
        return inbound.envelope.tenant_id, _digest("sent", key) if was_sent else key
    if event.external_id is None:
        return inbound.endpoint_id, _digest(event.type, _content(inbound))
    if isinstance(event, DeliveryUpdated):
        return inbound.endpoint_id, _digest(event.type, event.external_id, event.state)
    conversation = event.conversation or "" if isinstance(event, MessageReceived) else ""
    return inbound.endpoint_id, _digest(event.type, event.external_id, conversation)


def _content(inbound: Inbound) -> str:
    """The same bytes sealed twice look different."""
    if inbound.event.sealed_numbers is None:
        return inbound.envelope.data.decode()
    return dumps(inbound.event.model_copy(update={"sealed_numbers": None})).decode()


def _digest(*parts: str) -> str:
    joined = "\0".join(parts)
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()
