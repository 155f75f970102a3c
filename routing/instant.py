"""The order in which the events of one instant are applied, whatever order they came in (SEMANTICS §1.5)."""

import json
from collections.abc import Sequence
from typing import Any

from routing.events import TRACE_ORDER, InteractionLeft, InteractionQueued, RoutingEvent
from routing.state import AgentRemoved, AgentSnapshot, InteractionSnapshot, PolicyReplaced, QueueMeasured

_ORDER: dict[type, int] = {
    kind: place
    for place, kind in enumerate(
        (PolicyReplaced, QueueMeasured, InteractionSnapshot, AgentSnapshot, AgentRemoved, *TRACE_ORDER)
    )
}
_AFTER_ALL = len(_ORDER)


def arranged(events: Sequence[RoutingEvent]) -> Sequence[RoutingEvent]:
    """The events in the order in which they count; snapshots of one entity by version."""
    queued = {event.interaction for event in events if isinstance(event, InteractionQueued)}
    keys = [_key(event, queued) for event in events]
    if len(set(keys)) < len(keys):
        keys = [(*key, _content(event)) for key, event in zip(keys, events, strict=True)]
    order = sorted(range(len(events)), key=keys.__getitem__)
    return [events[index] for index in order]


def _content(event: Any) -> str:
    return json.dumps(event._asdict(), sort_keys=True, ensure_ascii=False, default=repr)


def _key(event: Any, queued: set[str]) -> tuple[Any, ...]:
    """Kind, then interaction and agent; who leaves what is queued just then leaves after that."""
    kind = _ORDER[type(event)]
    if isinstance(event, InteractionLeft) and event.interaction in queued:
        kind = _AFTER_ALL
    if isinstance(event, PolicyReplaced):
        return kind, "", str(event.policy.version).zfill(20)
    if isinstance(event, QueueMeasured):
        return kind, event.queue, ""
    if isinstance(event, InteractionSnapshot | AgentSnapshot | AgentRemoved):
        return kind, event.id, str(event.version).zfill(20)
    return kind, getattr(event, "interaction", ""), getattr(event, "agent", "")
