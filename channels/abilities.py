"""What some platforms need or can besides the four functions of an adapter: small Protocols, all pure.

Where one thing takes several requests it is written as `Steps`: a generator that yields each request, is sent
its response, and returns the result. Whoever runs it does the I/O.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Protocol, Self, TypeVar, runtime_checkable

from app.errors import ChannelError
from app.events import InboundEvent
from channels.base import (
    CallCommand,
    ChosenTemplate,
    MailEnvelope,
    OutboundMessage,
    SendResult,
    WireRequest,
    WireResponse,
)

T = TypeVar("T")
Steps = Generator[WireRequest | MailEnvelope, WireResponse, T]


class NotDone(ChannelError):
    """Raised by `login`, `fetch` and `media` instead of a result: `result` says whether a repeat, later or
    with a new access token, may help."""

    def __init__(self, result: SendResult) -> None:
        super().__init__(result.reason or result.outcome.value)
        self.result = result


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What proves to the platform who we are, for `lasts_seconds`. `renewed`: what the next log-in has to
    know, kept until another one takes its place."""

    value: str = field(repr=False)
    lasts_seconds: float
    renewed: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What the platform had for us. `state` replaces what is remembered of the endpoint, in the transaction
    that takes the events; `more`: fetch again at once."""

    events: Sequence[InboundEvent] = ()
    state: Mapping[str, Any] = field(default_factory=dict)
    more: bool = False


@dataclass(frozen=True, slots=True)
class Media:
    """A file that the platform kept for us. `name` None: the platform has none."""

    content_type: str
    content: bytes = field(repr=False)
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """A text that the platform has approved and takes outside the reply window too. `gaps` name, in their
    order, what stands in double braces in `text`."""

    key: str
    text: str
    gaps: Sequence[str] = ()


@runtime_checkable
class Answers(Protocol):
    """Platforms that read our answer to their webhook: an instruction document, a fixed word."""

    def answer(self, request: WireRequest, events: Sequence[InboundEvent]) -> WireResponse:
        """Sent once `events` are durable."""

    def unavailable(self, request: WireRequest) -> WireResponse | None:
        """What the platform shall do with the customer while we can store nothing; None: 503 says enough."""


@runtime_checkable
class Challenged(Protocol):
    """Platforms that check with a GET that a webhook's address is ours."""

    def challenge(self, request: WireRequest) -> WireResponse:
        """Raises BadSignature."""


@runtime_checkable
class HasTest(Protocol):
    """Platforms whose webhooks we can make as they do: an event that means nothing tests the whole way in."""

    def test_request(self, url: str, test_id: str, at: datetime) -> WireRequest:
        """Signed for `url` as if sent `at`; `parse` makes an UnknownReceived of kind `test_id` of it."""


@runtime_checkable
class LogsIn(Protocol):
    """Platforms that want an access token of limited life. One is fetched and shared by all processes."""

    def login(self, renewed: str | None) -> Steps[AccessToken]:
        """`renewed`: what the last log-in left for this one. Raises Unsendable when the credentials are
        refused, NotDone when a repeat may help."""

    def with_token(self, token: str) -> Self:
        """This adapter, ready to send."""


@runtime_checkable
class SendsInSteps(Protocol):
    """Messages that take several requests (upload, then send). Goes before `render` and `interpret`."""

    def send(self, message: OutboundMessage) -> Steps[SendResult]:
        """Raises Unsendable."""


@runtime_checkable
class HasTemplates(Protocol):
    """Platforms on which only approved texts may be sent outside the reply window."""

    def templates(self) -> Sequence[Template]:
        """Those that the administrator allows."""

    def filled(self, template: ChosenTemplate) -> str:
        """What the customer will read. Raises Unsendable: no such template, or other values than gaps."""


@runtime_checkable
class CommandsInSteps(Protocol):
    """Telephony platforms whose orders take several requests. Goes before `CallControl.command`."""

    controls_calls: bool

    def carry_out(self, command: CallCommand) -> Steps[SendResult]: ...


@runtime_checkable
class Fetches(Protocol):
    """Platforms that are asked for what they hold: because a webhook said so (`FetchAsked`), and every
    `fetch_seconds` to fill what a lost webhook missed (None: only when told; a platform that takes orders
    about calls: every `live_calls_seconds`)."""

    fetch_seconds: ClassVar[float | None]

    def fetch(self, state: Mapping[str, Any], hint: Mapping[str, Any]) -> Steps[Fetched]:
        """`state` is what the last fetch left (empty at first), `hint` what the webhook said. Raises
        NotDone."""


@runtime_checkable
class MarksRead(Protocol):
    """Platforms that show the customer that a message was read, and that somebody writes an answer."""

    def mark_read(self, provider_id: str, *, typing: bool) -> WireRequest:
        """Of the customer's message with this id and all before it."""


@runtime_checkable
class HoldsMedia(Protocol):
    """Platforms whose messages name files that are fetched apart (`Attachment.media`)."""

    def media(self, reference: Mapping[str, Any]) -> Steps[Media]:
        """Raises Unsendable when the file is gone, NotDone when it may be had later."""
