"""What a channel adapter is: four pure functions over the provider's bytes, and what only some can
besides (`channels.abilities`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Final, Protocol, runtime_checkable
from uuid import UUID

from app.errors import ChannelError
from app.events import Address, InboundEvent


@dataclass(frozen=True, slots=True)
class WireRequest:
    """An HTTP request as bytes. `headers` have lower-case names; `received_at` is our clock at arrival,
    since adapters have none; `remote` is the peer's address. Of the answer to one of ours at most
    `answer_max_bytes` are read: more tells an adapter nothing, files excepted."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime | None = None
    remote: str | None = None
    answer_max_bytes: int = 64 * 1024


@dataclass(frozen=True, slots=True)
class DkimKey:
    """What mails are signed with: an RSA key in PEM (PKCS#1), its place in DNS."""

    selector: str
    domain: str
    pem: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class MailEnvelope:
    """One mail for an SMTP server. `data` is the whole message, CRLF line ends; it is signed when it leaves,
    for a signature names the time. `access_token` instead of a password: the login is XOAUTH2."""

    host: str
    port: int
    sender: str
    recipients: Sequence[str]
    data: bytes = field(repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    access_token: str | None = field(default=None, repr=False)
    tls: str = "starttls_if_offered"  # or: implicit, starttls, none
    sign_with: DkimKey | None = None


@dataclass(frozen=True, slots=True)
class WireResponse:
    """The other side's answer. For SMTP `status` is the reply code (250, 421, 550 …)."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Unsendable(ChannelError):
    """`render` cannot put this message into the channel's form; no repeat will help."""


CALL_ENDED: Final = "call_ended"
"""Why an order was rejected: the caller has left, and perhaps nobody has told us."""


class SendOutcome(StrEnum):
    """`throttled`: the platform wants less from us, and the whole endpoint rests (a limit of one customer is
    a retry). `unauthorised`: the access token is not (any more) accepted; a new one is fetched and tried at
    once."""

    SENT = "sent"
    RETRY = "retry"
    THROTTLED = "throttled"
    REJECTED = "rejected"
    UNAUTHORISED = "unauthorised"


@dataclass(frozen=True, slots=True)
class SendResult:
    outcome: SendOutcome
    provider_id: str | None = None
    reason: str | None = None
    retry_after_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class OutboundAttachment:
    """`url`: where the platform can fetch it for some hours; None where nobody outside reaches us."""

    name: str
    content_type: str
    content: bytes = field(repr=False)
    url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Button:
    """A ready answer under a message; `id` comes back when the customer taps it."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class ChosenTemplate:
    """One of the adapter's templates (`channels.abilities.HasTemplates`), and what stands in its gaps."""

    key: str
    values: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    """One touch to render. `provider_key` is the same at every attempt; `conversation` and `thread` are what
    the adapter itself gave to the inbound event that is answered. `template` goes instead of `text`, which is
    then what the customer will read; `reply_to` is the platform's id of the message that is quoted.
    `signature` stands below it instead of the endpoint's own (None). `at` is when it was written, `now` our
    clock at this attempt, since adapters have none."""

    touch_id: UUID
    interaction_id: UUID
    provider_key: str
    address: Address
    text: str
    html: str | None = None
    subject: str | None = None
    conversation: str | None = None
    thread: Mapping[str, Any] = field(default_factory=dict)
    attachments: Sequence[OutboundAttachment] = ()
    template: ChosenTemplate | None = None
    buttons: Sequence[Button] = ()
    reply_to: str | None = None
    signature: str | None = None
    automatic: bool = False
    at: datetime | None = None
    now: datetime | None = None


@dataclass(frozen=True, slots=True)
class CallCommand:
    """An order to a telephony platform (API §6), idempotent by `command_id`, never sent after
    `expires_at`."""

    command: str
    command_id: UUID
    call_id: str | None
    issued_at: datetime
    expires_at: datetime
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ButtonRoom:
    """At most so many buttons under one message, with so many characters each; `text_max` for the text above
    them (None: as without buttons)."""

    most: int
    title_max: int
    text_max: int | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """`text_max`: no message has more characters (None: no limit we know of). `per_second`: requests that the
    platform takes from one endpoint (None: no limit we know of). `buttons` None: no ready answers. `quotes`:
    a message can show which one it answers. `fetches_files`: the platform fetches files from an address of
    ours, so there must be a public one."""

    text_max: int | None = None
    attachments: bool = False
    replies: bool = True
    per_second: float | None = None
    buttons: ButtonRoom | None = None
    quotes: bool = False
    fetches_files: bool = False


class ChannelAdapter(Protocol):
    """Pure: no clock, no I/O. One instance per endpoint, made from its config model."""

    name: ClassVar[str]
    channel: ClassVar[str]  # voice, chat, messaging, email, task
    capabilities: ClassVar[Capabilities]

    def verify(self, request: WireRequest) -> None:
        """Raise BadSignature unless the request proves its origin."""

    def parse(self, request: WireRequest) -> Sequence[InboundEvent]:
        """The events in the payload. Raises MalformedPayload; unknown event types give no event."""

    def render(self, message: OutboundMessage) -> WireRequest | MailEnvelope:
        """The request that sends it. Raises Unsendable."""

    def interpret(self, response: WireResponse) -> SendResult: ...


@runtime_checkable
class CallControl(Protocol):
    """Phones: a platform that takes orders. `controls_calls` is False for one that is only watched."""

    controls_calls: bool

    def command(self, command: CallCommand) -> WireRequest: ...
