"""Facts for the engine. Key: the tenant. Each carries the entity's whole state and version."""

from typing import Any, ClassVar
from uuid import UUID

from app.events.envelope import Event, Stream


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
