"""What the journal keeps of an instant of the engine: its inputs and decisions as JSON, out and in again."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from routing.decision import Decision
from routing.events import RoutingEvent
from routing.policy import Policy
from routing.state import (
    AgentRemoved,
    AgentSnapshot,
    InteractionSnapshot,
    PolicyReplaced,
    QueueMeasured,
    agent_from_json,
    interaction_from_json,
    to_json,
)

Document = Mapping[str, Any]


class Unreadable(Exception):
    """An entry that this version of the engine cannot read."""


class Recorded(NamedTuple):
    """One entry of the journal: what the engine was told at `now_us` (microseconds since the epoch), and what
    it decided. `kind` `rebuild`: a new engine of that policy was told all there is. `number` counts the
    entries since then, None in entries older than the count."""

    position: int
    epoch: int
    kind: str
    now_us: int
    policy_version: int
    events: Sequence[Document]
    decisions: Sequence[Document]
    number: int | None = None

    @classmethod
    def read(cls, position: int, epoch: int, kind: str, now_us: int, document: Document) -> "Recorded":
        version, events, decisions = (document[name] for name in ("policy_version", "events", "decisions"))
        return cls(position, epoch, kind, now_us, version, events, decisions, document.get("number"))


def recorded_document(
    policy_version: int, number: int, events: Sequence[RoutingEvent], decisions: Sequence[Decision]
) -> dict[str, Any]:
    """The `document` of a journal's row."""
    return {
        "policy_version": policy_version,
        "number": number,
        "events": [input_to_json(event) for event in events],
        "decisions": [decision._asdict() for decision in decisions],
    }


def input_to_json(event: RoutingEvent) -> dict[str, Any]:
    match event:
        case InteractionSnapshot():
            return {"interaction": to_json(event)}
        case AgentSnapshot():
            return {"agent": to_json(event)}
        case AgentRemoved():
            return {"agent_removed": event._asdict()}
        case PolicyReplaced():
            return {"policy": event.policy.version}
        case QueueMeasured():
            return {"measured": {**event._asdict(), "handle_us": dict(event.handle_us)}}
    raise AssertionError(f"a trace's event in the live service: {event!r}")


def input_from_json(document: Document, policy_of: Callable[[int], Policy]) -> RoutingEvent:
    """`policy_of` finds a policy by version. Raises Unreadable for an input that this code does not know."""
    [(kind, content)] = document.items()
    match kind:
        case "interaction":
            return interaction_from_json(content)
        case "agent":
            return agent_from_json(content)
        case "agent_removed":
            return AgentRemoved(**content)
        case "policy":
            return PolicyReplaced(policy_of(content))
        case "measured":
            return QueueMeasured(**content)
    raise Unreadable(f"an input {kind!r}, which this version does not know")
