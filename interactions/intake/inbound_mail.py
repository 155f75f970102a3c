"""Mails: threads by our reply token or by References of a mail that we sent to that very address, reports
about mails of ours onto the touch they are about, and automatic mail kept without waking anybody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.addresses import email_address
from app.clock import rfc3339
from app.events import Address, MailReceived
from channels.email import EmailAdapter, thread_of
from channels.email.loops import why_not_answer
from channels.email.parsed import ParsedMail
from channels.email.thread import ThreadKeys, thread_keys
from interactions.intake.arrival import Arrival
from interactions.intake.inbound import Inbound
from models.customer import ContactAddress
from models.endpoint import Endpoint
from models.interaction import Interaction
from models.mail_reference import MailReference


@dataclass(frozen=True, slots=True)
class InboundMail:
    """A parsed mail, its thread keys and the endpoint that got it."""

    inbound: Inbound
    event: MailReceived
    mail: ParsedMail
    endpoint: Endpoint
    keys: ThreadKeys

    @property
    def address(self) -> Address | None:
        """The sender; the envelope's where the mail names none."""
        sender = self.mail.sender
        found = sender.address if sender else email_address(self.event.envelope_from or "")
        return Address(kind="email", value=found) if found else None


@dataclass
class Threads:
    """Which conversation the mails of a batch continue: three statements for all of them."""

    references: Mapping[str, MailReference] = field(default_factory=dict)
    conversations: Mapping[UUID, tuple[UUID, str]] = field(default_factory=dict)
    addresses: Mapping[UUID, Address] = field(default_factory=dict)

    @classmethod
    async def look(cls, session: AsyncSession, mails: Sequence[InboundMail]) -> "Threads":
        named = {message_id for mail in mails for message_id in mail.keys.message_ids}
        reported = {mail.mail.bounce.original_message_id for mail in mails if mail.mail.bounce}
        references = await MailReference.known(session, {*named, *(name for name in reported if name)})
        joined = {reference.interaction_id for reference in references.values()}
        tokens = {mail.keys.interaction_id for mail in mails if mail.keys.interaction_id}
        addresses = await ContactAddress.known(session, {r.address_id for r in references.values()})
        return cls(
            references,
            await Interaction.conversations(session, joined | tokens),
            {id_: row.address for id_, row in addresses.items()},
        )

    def of(self, mail: InboundMail) -> tuple[UUID, str] | None:
        """(endpoint, conversation) that this mail continues."""
        token = mail.keys.interaction_id
        if token is not None and token in self.conversations:
            return self.conversations[token]
        for message_id in mail.keys.message_ids:
            reference = self.references.get(message_id)
            if reference is not None and self.addresses.get(reference.address_id) == mail.address:
                return self.conversations.get(reference.interaction_id)
        return None

    def reported_touch(self, mail: ParsedMail) -> UUID | None:
        """The touch that this report is about."""
        original = mail.bounce.original_message_id if mail.bounce else None
        reference = self.references.get(original) if original else None
        return None if reference is None else reference.touch_id


def read(
    inbound: Inbound, event: MailReceived, endpoint: Endpoint, adapter: EmailAdapter | None
) -> InboundMail:
    """`adapter` None: this process does not know the endpoint's secret yet, so only References join."""
    assert inbound.mail is not None and inbound.mail.mail is not None
    mail = inbound.mail.mail
    to = event.envelope_to
    keys = adapter.thread_keys(mail, to) if adapter is not None else thread_keys(mail, None, to)
    return InboundMail(inbound, event, mail, endpoint, keys)


def arrival(
    item: InboundMail, thread: tuple[UUID, str] | None, endpoints: Mapping[UUID, Endpoint]
) -> Arrival:
    mail = item.mail
    endpoint_id, conversation = thread or (item.endpoint.id, None)
    return Arrival(
        endpoint=endpoints.get(endpoint_id, item.endpoint),
        channel="email",
        kind="message",
        at=item.inbound.at,
        address=item.address,
        conversation=conversation,
        name=(mail.sender.name if mail.sender else mail.from_name) or None,
        subject=mail.subject or None,
        text=mail.reply or mail.text,
        html=mail.html,
        payload=_payload(item),
        files=item.inbound.mail.files if item.inbound.mail else (),
        wakes=why_not_answer(mail, item.event.envelope_from) in (None, "no_sender"),
        thread=thread_of(mail),
    )


def _payload(item: InboundMail) -> dict[str, object]:
    """What an agent may want to see of the mail besides its words."""
    mail = item.mail
    told = {
        "message_id": mail.message_id,
        "date": rfc3339(mail.date),
        "from": None if mail.sender is None else mail.sender.address,
        "to": [mailbox.address for mailbox in mail.to],
        "cc": [mailbox.address for mailbox in mail.cc],
        "automatic": why_not_answer(mail, item.event.envelope_from),
        "full_text": mail.text if mail.reply and mail.reply != mail.text else None,
        "truncated": mail.truncated,
    }
    return {name: value for name, value in told.items() if value}
