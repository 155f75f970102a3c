"""Messages of ours that left by another way: a colleague answered in the platform's own app, or from
a mailbox that several share. They stand on the timeline, and who waited has been answered."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import new_id, rfc3339
from app.events import Address, MessageSentElsewhere
from customers.identity import Sighting, anonymous
from interactions.intake.inbound import Inbound
from interactions.intake.stored_file import StoredFile, shown
from interactions.touches import media
from interactions.touches.receipts import OURS
from models.endpoint import Endpoint
from models.mail_reference import MailReference
from models.receipt import Receipt
from models.touch import Touch


@dataclass(frozen=True)
class SentElsewhere:
    """`files` are stored already. `answers` False: a machine wrote it; who waits still waits."""

    inbound: Inbound
    event: MessageSentElsewhere
    endpoint: Endpoint
    subject: str | None = None
    html: str | None = None
    files: Sequence[StoredFile] = ()
    answers: bool = True
    touch_id: UUID = field(default_factory=new_id)

    @property
    def address(self) -> Address:
        """The customer's."""
        return self.event.address or anonymous(self.touch_id)

    @property
    def conversation(self) -> str:
        return self.event.conversation or self.address.value

    @property
    def where(self) -> tuple[UUID, str]:
        return self.endpoint.id, self.conversation

    def sighting(self) -> Sighting:
        return Sighting(self.address)

    def touch(self, address_id: UUID) -> Touch:
        event, at = self.event, self.inbound.at
        return Touch(
            tenant_id=self.endpoint.tenant_id,
            id=self.touch_id,
            address_id=address_id,
            endpoint_id=self.endpoint.id,
            at=at,
            direction="outbound",
            kind="message",
            channel=self.endpoint.channel,
            subject=self.subject,
            text=event.text,
            html=self.html,
            payload={**event.payload, "sent_elsewhere": True},
            attachments=[*(media.shown(file) for file in event.attachments), *shown(self.files)],
            author={"type": "agent", "id": None, "name": event.author},
            delivery_state="sent",
            delivery_hops=[{"hop": OURS, "state": "sent", "at": rfc3339(at), "reason": None}],
            provider_id=event.external_id,
            sealed_numbers=event.sealed_numbers,
            version=1,
        )


async def not_ours(session: AsyncSession, items: Sequence[SentElsewhere]) -> list[SentElsewhere]:
    """Without what we sent ourselves. A sender that has not recorded the platform's id yet is waited for, or
    known by its words."""
    if not items:
        return []
    named = {(item.endpoint.id, item.event.external_id) for item in items if item.event.external_id}
    await Receipt.hold(session, sorted(named))
    sent = set(await Touch.by_provider_id(session, named))
    mails = await MailReference.known(session, {external_id for _, external_id in named})
    on_their_way = await Touch.on_their_way(session, {item.where for item in items})
    return [item for item in items if not _ours(item, sent, mails, on_their_way)]


def _ours(
    item: SentElsewhere,
    sent: Collection[tuple[UUID, str]],
    mails: Collection[str],
    on_their_way: Collection[tuple[UUID, str, str]],
) -> bool:
    external_id = item.event.external_id or ""
    if (item.endpoint.id, external_id) in sent or external_id in mails:
        return True
    return (*item.where, item.event.text) in on_their_way
