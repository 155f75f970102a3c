"""What goes out: the touch, the row that a sender claims, and what lets an answer find its way back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from app.clock import new_id
from app.events import Address
from app.hiding.rules import Hiding
from channels.base import ChannelAdapter
from channels.email import EmailAdapter
from interactions.life.work import Work
from models.base import Base
from models.delivery import Delivery, DeliveryState
from models.mail_reference import MailReference, hashed
from models.touch import Touch

MESSAGE_EXPIRES = {"email": timedelta(hours=72)}
"""How long a sender tries; other channels: a day."""

SYSTEM: Mapping[str, Any] = {"type": "system", "id": None, "name": None}


class Known(Protocol):
    @property
    def adapter(self) -> ChannelAdapter: ...


class Directory(Protocol):
    """`app.endpoints.Endpoints`: the adapters that this process knows."""

    @property
    def public_url(self) -> str | None:
        """Where platforms reach us."""

    def get(self, endpoint_id: UUID) -> Known | None: ...

    def hiding(self, tenant_id: UUID, endpoint_id: UUID | None) -> Hiding: ...


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be said. `author` as a touch has it; `attachments` as they stand in a touch."""

    text: str
    author: Mapping[str, Any]
    subject: str | None = None
    html: str | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)
    attachments: Sequence[Mapping[str, Any]] = ()
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Rows of one message. `delivery` None: the activity stream itself carries it (chat)."""

    touch: Touch
    delivery: Delivery | None
    reference: MailReference | None

    @property
    def rows(self) -> list[Base]:
        """What stands beside the touch."""
        return [row for row in (self.delivery, self.reference) if row is not None]


def compose(work: Work, address_id: UUID, draft: Draft, directory: Directory, now: datetime) -> Outgoing:
    """A message of `work` to the address that it came from. What leaves is what the timeline shows: without
    the identity numbers that the endpoint hides."""
    x = work.interaction
    touch = _touch(work, address_id, draft, directory.hiding(x.tenant_id, x.endpoint_id), now)
    if x.channel == "chat":
        touch.provider_id = str(touch.id)  # what the widget's acknowledgement names
        return Outgoing(touch, None, None)
    delivery = _delivery(work, touch, now, automatic=draft.automatic)
    return Outgoing(touch, delivery, _reference(work, touch, directory))


def again(work: Work, touch: Touch, now: datetime) -> Delivery:
    """Sends a touch that has failed once more. A platform that knows the first key would answer as it did
    then; a mail keeps its Message-ID, by which answers find back."""
    delivery = _delivery(work, touch, now, automatic=False)
    if touch.channel != "email":
        delivery.provider_key = f"{touch.id}/{len(touch.payload['sent_before']) + 1}"
    return delivery


def _touch(work: Work, address_id: UUID, draft: Draft, hiding: Hiding, now: datetime) -> Touch:
    x = work.interaction
    subject, html = draft.subject, draft.html
    return Touch(
        tenant_id=x.tenant_id,
        id=new_id(),
        address_id=address_id,
        endpoint_id=x.endpoint_id,
        at=now,
        direction="outbound",
        kind="message",
        channel=x.channel,
        subject=None if subject is None else hiding.text(subject),
        text=hiding.text(draft.text),
        html=None if html is None else hiding.html(html),
        payload=hiding.value(dict(draft.payload)),
        attachments=list(draft.attachments),
        author=dict(draft.author),
        delivery_state="pending",
        delivery_hops=[],
        sealed_numbers=hiding.sealed,
        version=1,
    )


def _delivery(work: Work, touch: Touch, now: datetime, *, automatic: bool) -> Delivery:
    x = work.interaction
    assert x.endpoint_id is not None, "what can be answered has an endpoint"
    return Delivery(
        id=new_id(),
        tenant_id=x.tenant_id,
        kind="message",
        endpoint_id=x.endpoint_id,
        interaction_id=x.id,
        touch_id=touch.id,
        conversation=f"{x.endpoint_id}/{x.conversation or x.id}",
        payload={"automatic": automatic, "conversation": x.conversation, "thread": x.thread or {}},
        provider_key=str(touch.id),
        state=DeliveryState.PENDING,
        attempts=0,
        next_attempt_at=now,
        expires_at=now + MESSAGE_EXPIRES.get(x.channel, timedelta(hours=24)),
        created_at=now,
    )


def _reference(work: Work, touch: Touch, directory: Directory) -> MailReference | None:
    x = work.interaction
    adapter = email_adapter(directory, x.endpoint_id)
    if adapter is None or touch.address_id is None:
        return None
    return MailReference(
        tenant_id=x.tenant_id,
        message_id=hashed(adapter.message_id(str(touch.id))),
        interaction_id=x.id,
        address_id=touch.address_id,
        touch_id=touch.id,
    )


def email_adapter(directory: Directory, endpoint_id: UUID | None) -> EmailAdapter | None:
    known = None if endpoint_id is None else directory.get(endpoint_id)
    return known.adapter if known is not None and isinstance(known.adapter, EmailAdapter) else None


def reachable(address: Address | None) -> bool:
    """Whether something can be written there."""
    return address is not None and address.kind != "anonymous"
