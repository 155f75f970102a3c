"""Mails: threads by our reply token or by References of a mail that we sent to that very address, reports
about mails of ours onto the touch they are about, and automatic mail kept without waking anybody."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.addresses import email_address
from app.clock import rfc3339
from app.events import Address, MailReceived
from channels.email import EmailAdapter, thread_of
from channels.email.loops import why_not_answer
from channels.email.parsed import ParsedMail
from channels.email.thread import ThreadKeys, base_address, thread_keys
from interactions.intake.arrival import Arrival
from interactions.intake.inbound import Inbound
from interactions.intake.mail_reader import ReadMail
from models.customer import ContactAddress
from models.endpoint import Endpoint
from models.interaction import Interaction
from models.mail_reference import MailReference
from models.touch import Touch


@dataclass(frozen=True, slots=True)
class InboundMail:
    """A parsed mail, its thread keys and the endpoint that got it."""

    inbound: Inbound
    event: MailReceived
    mail: ParsedMail
    endpoint: Endpoint
    keys: ThreadKeys

    @property
    def prepared(self) -> ReadMail:
        assert self.inbound.mail is not None
        return self.inbound.mail

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
    answered: Mapping[str, tuple[UUID, UUID]] = field(default_factory=dict)

    @classmethod
    async def look(cls, session: AsyncSession, mails: Sequence[InboundMail]) -> "Threads":
        named = {message_id for mail in mails for message_id in mail.keys.message_ids}
        reported = {mail.mail.bounce.original_message_id for mail in mails if mail.mail.bounce}
        references = await MailReference.known(session, {*named, *(name for name in reported if name)})
        answered = await _answered(session, mails)
        joined = {reference.interaction_id for reference in references.values()}
        joined |= {interaction_id for interaction_id, _ in answered.values()}
        tokens = {mail.keys.interaction_id for mail in mails if mail.keys.interaction_id}
        addressed = {reference.address_id for reference in references.values()}
        addressed |= {address_id for _, address_id in answered.values()}
        addresses = await ContactAddress.known(session, addressed)
        return cls(
            references,
            await Interaction.conversations(session, joined | tokens),
            {id_: row.address for id_, row in addresses.items()},
            answered,
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

    def answered_by(self, mail: ParsedMail) -> tuple[tuple[UUID, str], Address] | None:
        """((endpoint, conversation), whose) of the customer's mail that this one of ours answers."""
        for message_id in (*mail.in_reply_to, *reversed(mail.references)):
            found = self.answered.get(message_id)
            if found is not None and found[0] in self.conversations and found[1] in self.addresses:
                return self.conversations[found[0]], self.addresses[found[1]]
        return None

    def reported_touch(self, mail: ParsedMail) -> UUID | None:
        """The touch that this report is about."""
        original = mail.bounce.original_message_id if mail.bounce else None
        reference = self.references.get(original) if original else None
        return None if reference is None else reference.touch_id


async def _answered(session: AsyncSession, mails: Sequence[InboundMail]) -> Mapping[str, tuple[UUID, UUID]]:
    """(interaction, address) of the mails that those in Sent folders name."""
    sent = [mail for mail in mails if mail.event.sent]
    named = {message_id for mail in sent for message_id in mail.keys.message_ids}
    return await Touch.mails_named(session, {mail.endpoint.id for mail in sent}, named)


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
    named = _mailboxes(item, endpoints.values())
    endpoint_id, conversation = thread or (named[0].id, None)
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
        payload={**mail_facts(mail, item.event.envelope_from), **_others(named), **_authentication(item)},
        files=item.prepared.files,
        sealed_numbers=item.prepared.sealed_numbers,
        wakes=why_not_answer(mail, item.event.envelope_from) in (None, "no_sender")
        and not _is_copy(item, endpoints.values()),
        thread=thread_of(mail),
        provider_id=mail.message_id,
    )


def _mailboxes(item: InboundMail, endpoints: Iterable[Endpoint]) -> list[Endpoint]:
    """Those of ours that the mail is addressed to, the first named first: whichever copy comes first, the
    same one has the work. The one that it came to, where its headers name none."""
    by_address = {e.address.lower(): e for e in endpoints if e.channel == "email" and e.address}
    addresses = [mailbox.address for mailbox in (*item.mail.to, *item.mail.cc)]
    named = [by_address.get(a.lower()) or by_address.get(base_address(a).lower()) for a in addresses]
    return list(dict.fromkeys(endpoint for endpoint in named if endpoint is not None)) or [item.endpoint]


def _is_copy(item: InboundMail, endpoints: Iterable[Endpoint]) -> bool:
    """Whether this mailbox wrote it itself, to somebody outside: nobody asks anything of us. Forms of a web
    site write in a mailbox's name too, but to mailboxes of ours alone."""
    ours = {(endpoint.address or "").lower() for endpoint in endpoints}
    to = {base_address(mailbox.address).lower() for mailbox in (*item.mail.to, *item.mail.cc)}
    sender = item.mail.sender.address.lower() if item.mail.sender else None
    return sender == (item.endpoint.address or "").lower() and bool(to - ours)


def _others(named: Sequence[Endpoint]) -> dict[str, object]:
    """One mail to several of our mailboxes is one touch; who looks at it sees all of them."""
    return {"mailboxes": [endpoint.address for endpoint in named]} if len(named) > 1 else {}


def _authentication(item: InboundMail) -> dict[str, object]:
    return {"authentication": dict(item.prepared.authentication)} if item.prepared.authentication else {}


def mail_facts(mail: ParsedMail, envelope_from: str | None = None) -> dict[str, object]:
    """What an agent may want to see of the mail besides its words."""
    told = {
        "message_id": mail.message_id,
        "date": rfc3339(mail.date),
        "from": None if mail.sender is None else mail.sender.address,
        "to": [mailbox.address for mailbox in mail.to],
        "cc": [mailbox.address for mailbox in mail.cc],
        "automatic": why_not_answer(mail, envelope_from),
        "full_text": mail.text if mail.reply and mail.reply != mail.text else None,
        "truncated": mail.truncated,
    }
    return {name: value for name, value in told.items() if value}
