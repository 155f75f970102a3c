"""Everything that happened, the public stream. Key: the interaction, else the entity."""

from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from app.events.envelope import Event, Stream


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
    """Its delivery state or text (redaction) changed; `visitor_id`: the chat visitor who must see it."""

    type: ClassVar[str] = "touchpoint.touch.updated.v1"
    touch_id: UUID
    interaction_id: UUID | None = None
    touch: dict[str, Any]
    visitor_id: UUID | None = None


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
