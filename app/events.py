"""The event catalogue: one frozen model per type, with its stream and partition key beside it.

Events are CloudEvents 1.0. Within v1 only optional fields are added and readers ignore what they do not know.
`docs/events.md` is generated from this file.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Literal
from uuid import UUID
from zlib import crc32

from pydantic import BaseModel, ConfigDict, Field

PARTITIONS = 32
"""Written at `migrate` and never changed: `crc32(key) % 32` on both logs."""


class Stream(StrEnum):
    INBOUND = "inbound"
    ROUTING = "routing"
    ACTIVITY = "activity"


def partition_of(key: str) -> int:
    return crc32(key.encode()) % PARTITIONS


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Address(Frozen):
    """`kind`: phone (E.164), extension, short_code, sip, email, visitor, anonymous (of one interaction),
    wechat (`<app id>:<openid>`), wecom (`<corporation>:<user>`), custom (a bridged platform's own id)."""

    kind: str
    value: str


CATALOGUE: "dict[str, type[Event]]" = {}
"""Every type of event, by its CloudEvents type."""


class Event(Frozen):
    """A fact. `type` is its CloudEvents type, `stream` where it stands."""

    type: ClassVar[str]
    stream: ClassVar[Stream]

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        if "type" in vars(cls):
            CATALOGUE[cls.type] = cls


@dataclass(frozen=True, slots=True)
class Envelope:
    """One record of the log. `source` is `/endpoints/<id>` for inbound, else `/touchpoint`; `data` is JSON;
    `position` is set on what was read: the row's position, or Kafka's offset."""

    id: UUID
    tenant_id: UUID
    stream: Stream
    key: str
    type: str
    at: datetime
    data: bytes
    source: str = "/touchpoint"
    subject: str | None = None
    position: int | None = None

    def __hash__(self) -> int:
        return hash(self.id)

    @property
    def partition(self) -> int:
        return partition_of(self.key)

    def event(self) -> "Event | None":
        """The typed event, or None for a type this version does not know. Raises ValueError on bad data."""
        model = CATALOGUE.get(self.type)
        return None if model is None else model.model_validate_json(self.data)


# ---- inbound: what channels tell us. Key: endpoint + conversation, else endpoint + address ----------------


class InboundEvent(Event):
    """`external_id` is the provider's own id, the base of the delivery key (None: it has none);
    `conversation` is the call id, chat or thread that orders events; `occurred_at` is the provider's time."""

    stream: ClassVar[Stream] = Stream.INBOUND
    external_id: str | None = None
    conversation: str | None = None
    address: Address | None = None
    occurred_at: datetime | None = None

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
    """A customer's message (chat, messaging). `client_message_id` is the sender's own key for duplicates."""

    type: ClassVar[str] = "touchpoint.message.received.v1"
    text: str = ""
    name: str | None = None
    attachments: tuple[Attachment, ...] = ()
    payload: dict[str, Any] = Field(default_factory=dict)
    reply_window: ReplyWindow | None = None


class MessageSentElsewhere(InboundEvent):
    """A message of ours that left by another way: the platform's own app, a mailbox that colleagues share.
    `external_id` is its id there; one that we sent ourselves is a duplicate."""

    type: ClassVar[str] = "touchpoint.message.sent_elsewhere.v1"
    text: str = ""
    author: str | None = None
    attachments: tuple[Attachment, ...] = ()
    payload: dict[str, Any] = Field(default_factory=dict)


class ReplyWindowOpened(InboundEvent):
    """The customer did something that is no message (menu click, follow, scan) and opens a reply window."""

    type: ClassVar[str] = "touchpoint.reply_window.opened.v1"
    reply_window: ReplyWindow
    payload: dict[str, Any] = Field(default_factory=dict)


class FetchAsked(InboundEvent):
    """The platform holds something for us; `hint` is what it said of it."""

    type: ClassVar[str] = "touchpoint.fetch.asked.v1"
    hint: dict[str, Any] = Field(default_factory=dict)


class UnknownReceived(InboundEvent):
    """A kind of event that this version does not know: kept in the exchange log, not on the timeline."""

    type: ClassVar[str] = "touchpoint.unknown.received.v1"
    kind: str
    payload: dict[str, Any] = Field(default_factory=dict)


class MailReceived(InboundEvent):
    """A raw mail, stored as blob `sha256` before this event; parsed in `prepare`, in a killable process."""

    type: ClassVar[str] = "touchpoint.mail.received.v1"
    sha256: str
    size: int
    envelope_from: str = ""
    envelope_to: tuple[str, ...] = ()


class FormSubmitted(InboundEvent):
    """A web self-service request; `external_id` is the reference that the customer was given."""

    type: ClassVar[str] = "touchpoint.form.submitted.v1"
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    subject: str
    text: str
    fields: dict[str, Any] = Field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()


class DeliveryUpdated(InboundEvent):
    """What became of something we sent: `external_id` is the provider's id of it."""

    type: ClassVar[str] = "touchpoint.delivery.updated.v1"
    state: Literal["sent", "delivered", "read", "failed"]
    reason: str | None = None


class VisitorConnected(InboundEvent):
    """A visitor's first socket of a chat opened (again)."""

    type: ClassVar[str] = "touchpoint.visitor.connected.v1"
    name: str | None = None
    page: str | None = None


class VisitorDisconnected(InboundEvent):
    """The visitor's last socket is gone; the grace period starts at `occurred_at`."""

    type: ClassVar[str] = "touchpoint.visitor.disconnected.v1"


class CallEvent(InboundEvent):
    """`conversation` is the call id; `sequence` counts per call; without one `occurred_at` decides."""

    sequence: int | None = None
    leg_id: str | None = None
    leg: Literal["customer", "agent", "consult"] | None = None
    command_id: UUID | None = None
    to: Address | None = None


LegCause = Literal["normal", "busy", "no_answer", "unreachable", "rejected", "failed"]
EndedBy = Literal["customer", "agent", "platform"]


class CallIncoming(CallEvent):
    """`address` is None when the caller id is withheld, empty or undialable."""

    type: ClassVar[str] = "touchpoint.call.incoming.v1"
    trunk: str | None = None
    from_presentation: Literal["allowed", "withheld"] = "allowed"
    queue: str | None = None
    collected_digits: str | None = None
    uui: str | None = None


class LegRinging(CallEvent):
    type: ClassVar[str] = "touchpoint.leg.ringing.v1"


class LegAnswered(CallEvent):
    type: ClassVar[str] = "touchpoint.leg.answered.v1"


class LegHeld(CallEvent):
    type: ClassVar[str] = "touchpoint.leg.held.v1"


class LegResumed(CallEvent):
    type: ClassVar[str] = "touchpoint.leg.resumed.v1"


class LegEnded(CallEvent):
    type: ClassVar[str] = "touchpoint.leg.ended.v1"
    cause: LegCause = "normal"
    by: EndedBy = "platform"


class CallBridged(CallEvent):
    type: ClassVar[str] = "touchpoint.call.bridged.v1"


class CallDigits(CallEvent):
    type: ClassVar[str] = "touchpoint.call.digits.v1"
    digits: str


class CallEnded(CallEvent):
    type: ClassVar[str] = "touchpoint.call.ended.v1"
    cause: str = "normal"
    by: EndedBy = "platform"


class RecordingReady(CallEvent):
    type: ClassVar[str] = "touchpoint.recording.ready.v1"
    url: str
    duration_seconds: float | None = None


class CommandFailed(CallEvent):
    type: ClassVar[str] = "touchpoint.command.failed.v1"
    reason: str = ""


class CallsSnapshot(CallEvent):
    """All calls that the platform holds live at `occurred_at`: what is absent twice has ended (`lost`)."""

    type: ClassVar[str] = "touchpoint.calls.snapshot.v1"
    call_ids: tuple[str, ...]


# ---- routing: facts for the engine. Key: the tenant. Each carries the entity's whole state and version ----


class RoutingFact(Event):
    stream: ClassVar[Stream] = Stream.ROUTING


class WorkChanged(RoutingFact):
    """`state` is `routing.state.InteractionSnapshot` as JSON."""

    type: ClassVar[str] = "touchpoint.work.changed.v1"
    interaction_id: UUID
    version: int
    state: dict[str, Any]


class AgentRoutingChanged(RoutingFact):
    """`state` is `routing.state.AgentSnapshot` as JSON."""

    type: ClassVar[str] = "touchpoint.agent_routing.changed.v1"
    agent_id: UUID
    version: int
    state: dict[str, Any]


class PolicyPublished(RoutingFact):
    type: ClassVar[str] = "touchpoint.policy.published.v1"
    version: int


# ---- activity: everything that happened, the public stream. Key: the interaction, else the entity --------


class ActivityEvent(Event):
    """`entity` is `<noun>/<id>` and `version` that entity's new version: a reader that sees a gap refetches.
    `audience` says whose desktop needs it besides those who watch the queue."""

    stream: ClassVar[Stream] = Stream.ACTIVITY
    entity: str
    version: int
    queue: str | None = None
    agent_ids: tuple[UUID, ...] = ()

    @property
    def name(self) -> str:
        """`offer.created`, as the desktop's stream calls it."""
        return self.type.removeprefix("touchpoint.").removesuffix(".v1")


class InteractionChanged(ActivityEvent):
    """Any change of an interaction or its legs. `cause` says which: created, queued, active, held …"""

    type: ClassVar[str] = "touchpoint.interaction.changed.v1"
    interaction_id: UUID
    cause: str
    state: str
    channel: str
    data: dict[str, Any] = Field(default_factory=dict)


class OfferCreated(ActivityEvent):
    """All that a screen pop needs (API §3)."""

    type: ClassVar[str] = "touchpoint.offer.created.v1"
    offer_id: UUID
    interaction_id: UUID
    agent_id: UUID
    data: dict[str, Any]


class OfferEnded(ActivityEvent):
    """`state`: accepted, declined, missed or revoked; `cause` as in /problems/offer-gone."""

    type: ClassVar[str] = "touchpoint.offer.revoked.v1"
    offer_id: UUID
    interaction_id: UUID
    agent_id: UUID
    state: Literal["accepted", "declined", "missed", "revoked"]
    cause: str | None = None


class TouchCreated(ActivityEvent):
    """`touch` is the timeline item of API §4; `visitor_id` names the chat visitor who must see it too. An
    automatic mail that belongs to no work has no interaction."""

    type: ClassVar[str] = "touchpoint.touch.created.v1"
    touch_id: UUID
    interaction_id: UUID | None = None
    touch: dict[str, Any]
    visitor_id: UUID | None = None


class TouchUpdated(ActivityEvent):
    """Its delivery state or text (redaction) changed."""

    type: ClassVar[str] = "touchpoint.touch.updated.v1"
    touch_id: UUID
    interaction_id: UUID | None = None
    touch: dict[str, Any]


class AgentChanged(ActivityEvent):
    """Presence, load, skills or lease of an agent."""

    type: ClassVar[str] = "touchpoint.agent.changed.v1"
    agent_id: UUID
    data: dict[str, Any]


class QueueChanged(ActivityEvent):
    """`data` has the emergency `closure` (null: none any more), or the `alarm` {kind: not_responding, raised,
    agents, not_responding: [ids]}: half of its agents stopped responding within a minute, or that is over."""

    type: ClassVar[str] = "touchpoint.queue.changed.v1"
    data: dict[str, Any]


class CustomerChanged(ActivityEvent):
    type: ClassVar[str] = "touchpoint.customer.changed.v1"
    customer_id: UUID
    data: dict[str, Any] = Field(default_factory=dict)


class ConsultEnded(ActivityEvent):
    """The customer is the first agent's alone again. `whom`: a name, or an address. `cause`: returned,
    left, refused, not_held (by the platform), why an offer ended, or why a phone's leg did."""

    type: ClassVar[str] = "touchpoint.consult.ended.v1"
    interaction_id: UUID
    whom: str
    cause: str


class CallCommandFailed(ActivityEvent):
    """The platform refused a command, or it ran out; desktops know it as `command.failed`."""

    type: ClassVar[str] = "touchpoint.call_command.failed.v1"
    interaction_id: UUID
    command_id: UUID
    command: str
    reason: str

    @property
    def name(self) -> str:
        return "command.failed"


def dumps(event: Event) -> bytes:
    """The event's JSON as it stands in the log."""
    return event.__pydantic_serializer__.to_json(event, exclude_none=True)
