"""Mails in a mailbox's Sent folder: what a colleague wrote there answers the mail that it names."""

from collections.abc import Iterable

from app.events import Address, MessageSentElsewhere
from channels.email.parsed import ParsedMail
from channels.email.thread import base_address
from interactions.intake.inbound_mail import InboundMail, Threads, mail_facts
from interactions.intake.sent_elsewhere import SentElsewhere
from models.endpoint import Endpoint


def sent_elsewhere(item: InboundMail, threads: Threads, mailboxes: Iterable[Endpoint]) -> SentElsewhere:
    """To the customer whose mail it names, else to the first who is not one of our mailboxes."""
    mail, answered = item.mail, threads.answered_by(item.mail)
    recipients = _customers(mail, mailboxes)
    place = None
    if answered is not None and answered[1].value in recipients:
        place, recipients = answered[0], [answered[1].value]
    event = MessageSentElsewhere(
        external_id=mail.message_id,
        conversation=None if place is None else place[1],
        address=Address(kind="email", value=recipients[0]) if recipients else None,
        occurred_at=item.inbound.at,
        text=mail.reply or mail.text,
        author=None if mail.sender is None else mail.sender.name or mail.sender.address,
        payload=mail_facts(mail),
        sealed_numbers=item.prepared.sealed_numbers,
    )
    return SentElsewhere(
        item.inbound,
        event,
        item.endpoint,
        subject=mail.subject or None,
        html=mail.html,
        files=item.prepared.files,
        answers=not mail.is_automatic,
    )


def _customers(mail: ParsedMail, mailboxes: Iterable[Endpoint]) -> list[str]:
    ours = {(endpoint.address or "").lower() for endpoint in mailboxes}
    named = [mailbox.address for mailbox in (*mail.to, *mail.cc)]
    return [address for address in named if base_address(address).lower() not in ours]
