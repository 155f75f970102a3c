"""What channels tell us, calls apart. Key: endpoint and conversation, else endpoint and address."""

from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from app.events.envelope import Address, Event, Frozen, Stream


class InboundEvent(Event):
    """`external_id` is the provider's own id, the base of the delivery key (None: it has none);
    `conversation` is the call id, chat or thread that orders events; `occurred_at` is the provider's time.
    `free_text` names the members that hold what people wrote; `sealed_numbers` are the identity numbers that
    are masked in them, sealed with the tenant's key, base64."""

    free_text: ClassVar[tuple[str, ...]] = ()
    stream: ClassVar[Stream] = Stream.INBOUND
    external_id: str | None = None
    conversation: str | None = None
    address: Address | None = None
    occurred_at: datetime | None = None
    sealed_numbers: list[str] | None = None

    def key(self, endpoint_id: UUID) -> str:
        party = f"{self.address.kind}:{self.address.value}" if self.address else self.external_id
        return f"{endpoint_id}/{self.conversation or party or ''}"


class Attachment(Frozen):
    """A stored file: `id` names the row, or, before there is one, `sha256` the blob. `media` instead: the
    platform's reference of a file that is yet to be fetched (`size` 0: not told)."""

    id: UUID | None = None
    sha256: str | None = None
    name: str
    content_type: str
    size: int
    content_id: str | None = None
    media: dict[str, Any] | None = None


class ReplyWindow(Frozen):
    """For `seconds` from the message on, `messages` (None: any number) may be sent freely."""

    seconds: int
    messages: int | None = None


class MessageReceived(InboundEvent):
    """A customer's message (chat, messaging). `claimed`: addresses that they say are theirs too. `wakes`
    False: it belongs on the timeline, but opens and wakes no work (a reaction, a changed number)."""

    type: ClassVar[str] = "touchpoint.message.received.v1"
    free_text: ClassVar[tuple[str, ...]] = ("text", "name", "attachments", "payload")
    text: str = ""
    name: str | None = None
    attachments: tuple[Attachment, ...] = ()
    payload: dict[str, Any] = Field(default_factory=dict)
    reply_window: ReplyWindow | None = None
    wakes: bool = True
    claimed: tuple[Address, ...] = ()


class MessageSentElsewhere(InboundEvent):
    """A message of ours that left by another way: the platform's own app, a mailbox that colleagues share.
    `external_id` is its id there; one that we sent ourselves is a duplicate."""

    type: ClassVar[str] = "touchpoint.message.sent_elsewhere.v1"
    free_text: ClassVar[tuple[str, ...]] = ("text", "author", "attachments", "payload")
    text: str = ""
    author: str | None = None
    attachments: tuple[Attachment, ...] = ()
    payload: dict[str, Any] = Field(default_factory=dict)


class ReplyWindowOpened(InboundEvent):
    """The customer did something that is no message (menu click, follow, scan) and opens a reply window."""

    type: ClassVar[str] = "touchpoint.reply_window.opened.v1"
    free_text: ClassVar[tuple[str, ...]] = ("payload",)
    reply_window: ReplyWindow
    payload: dict[str, Any] = Field(default_factory=dict)


class FetchAsked(InboundEvent):
    """The platform holds something for us; `hint` is what it said of it."""

    type: ClassVar[str] = "touchpoint.fetch.asked.v1"
    hint: dict[str, Any] = Field(default_factory=dict)


class UnknownReceived(InboundEvent):
    """A kind of event that this version does not know: kept in the exchange log, not on the timeline."""

    type: ClassVar[str] = "touchpoint.unknown.received.v1"
    free_text: ClassVar[tuple[str, ...]] = ("kind", "payload")
    kind: str
    payload: dict[str, Any] = Field(default_factory=dict)


class MailReceived(InboundEvent):
    """A raw mail, stored as blob `sha256` before this event; parsed in `prepare`, in a killable process.
    `envelope_from`: "" is the null return path, None not known (a mailbox that is read). `peer`, `helo`: the
    address of the server that handed it to our SMTP door, and what it called itself. `sent`: it lay among
    what that mailbox sent."""

    type: ClassVar[str] = "touchpoint.mail.received.v1"
    sha256: str
    size: int
    envelope_from: str | None = None
    envelope_to: tuple[str, ...] = ()
    peer: str | None = None
    helo: str | None = None
    sent: bool = False


class FormSubmitted(InboundEvent):
    """A web self-service request; `external_id` is the reference that the customer was given. `callback`:
    they want to be called at `phone`, not before `call_at`."""

    type: ClassVar[str] = "touchpoint.form.submitted.v1"
    free_text: ClassVar[tuple[str, ...]] = ("name", "subject", "text", "fields", "attachments")
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    subject: str
    text: str
    fields: dict[str, Any] = Field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()
    callback: bool = False
    call_at: datetime | None = None


class DeliveryUpdated(InboundEvent):
    """What became of something we sent: `external_id` is the provider's id of it."""

    type: ClassVar[str] = "touchpoint.delivery.updated.v1"
    free_text: ClassVar[tuple[str, ...]] = ("reason",)
    state: Literal["sent", "delivered", "read", "failed"]
    reason: str | None = None


class VisitorConnected(InboundEvent):
    """A visitor's first socket of a chat opened (again)."""

    type: ClassVar[str] = "touchpoint.visitor.connected.v1"
    free_text: ClassVar[tuple[str, ...]] = ("name", "page")
    name: str | None = None
    page: str | None = None


class VisitorDisconnected(InboundEvent):
    """The visitor's last socket is gone; the grace period starts at `occurred_at`."""

    type: ClassVar[str] = "touchpoint.visitor.disconnected.v1"
