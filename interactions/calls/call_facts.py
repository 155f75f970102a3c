"""What a telephony platform has told about a call, merged so that the order of arrival does not matter.

Facts only grow (started, bridged, ended), and a leg's state moves by the event's order: its `sequence`, or
its time where there is none. Nothing here decides; `interactions.calls.voice` does, from the merged facts."""

from datetime import datetime
from typing import Any

from app.events import (
    CallBridged,
    CallDigits,
    CallEnded,
    CallEvent,
    CallIncoming,
    LegAnswered,
    LegEnded,
    LegHeld,
    LegResumed,
    LegRinging,
    RecordingReady,
)
from app.hiding.numbers import mask_numbers
from models.call import Call

_LEG_STATES: dict[type[CallEvent], str] = {
    LegRinging: "ringing",
    LegAnswered: "answered",
    LegHeld: "held",
    LegResumed: "answered",
    LegEnded: "ended",
}

_RECORDING = {"url", "duration_seconds", "consent", "media", "copied"}


def merge(call: Call, event: CallEvent, at: datetime) -> bool:
    """Put `event` (which happened `at`) into the call's facts. False: it is older than what is known, or
    known."""
    _raise_marks(call, event, at)
    if type(event) in _LEG_STATES:
        return _merge_leg(call, event, at)
    if isinstance(event, CallIncoming):
        return _once(
            call, "incoming", event.model_dump(mode="json", exclude_none=True) | {"at": at.isoformat()}
        )
    if isinstance(event, CallBridged):
        call.bridged_at = min(call.bridged_at or at, at)
    elif isinstance(event, CallEnded):
        return _once(call, "ended", {"at": at.isoformat(), "cause": event.cause, "by": event.by})
    elif isinstance(event, CallDigits):
        _append(call, "digits", event.digits)
        call.facts["digits"] = _keyed(call.facts["digits"])
    elif isinstance(event, RecordingReady):
        told = event.model_dump(include=_RECORDING)
        kept = {name: value for name, value in told.items() if value or name == "duration_seconds"}
        _append(call, "recordings", kept)
    return True


def happened(call: Call, fact: str) -> datetime | None:
    """When `incoming` or `ended` happened, by the platform's clock."""
    known = call.facts.get(fact)
    return None if known is None else datetime.fromisoformat(known["at"])


def is_late(call: Call, event: CallEvent) -> bool:
    """Before it is merged: its leg is known already, or something that happened later is."""
    overtaken = event.sequence is not None and event.sequence < (call.last_sequence or 0)
    return overtaken or (event.leg_id is not None and event.leg_id in call.legs)


def leg_key(event: CallEvent) -> str:
    """The platform's leg id; platforms without leg ids have one leg of a kind."""
    return event.leg_id or event.leg or "agent"


def _raise_marks(call: Call, event: CallEvent, at: datetime) -> None:
    if event.sequence is not None:
        call.last_sequence = max(call.last_sequence or 0, event.sequence)
    call.last_at = max(call.last_at or at, at)


def _merge_leg(call: Call, event: CallEvent, at: datetime) -> bool:
    key = leg_key(event)
    known = call.legs.get(key)
    if known is not None and not _moves(event, at, known):
        return False
    state = {
        "leg": event.leg,
        "state": _LEG_STATES[type(event)],
        "sequence": event.sequence,
        "at": at.isoformat(),
    }
    if isinstance(event, LegEnded):
        state |= {"cause": event.cause, "by": event.by}
    call.legs = {**call.legs, key: state}
    return True


def _moves(event: CallEvent, at: datetime, known: dict[str, Any]) -> bool:
    """Whether the event tells something new of its leg. A leg with an id ends once, whenever that is told; of
    legs without one the next follows the one that ended, and only the order tells them apart."""
    if known["state"] == "ended":
        return event.leg_id is None and _compared(event, at, known) > 0
    if isinstance(event, LegEnded):
        return event.leg_id is not None or _compared(event, at, known) >= 0
    return _compared(event, at, known) > 0


def _compared(event: CallEvent, at: datetime, known: dict[str, Any]) -> int:
    """1: it happened after what is known, -1: before. By `sequence`, by time where there is none."""
    before: int | None = known["sequence"]
    if event.sequence is not None and before is not None:
        return (event.sequence > before) - (event.sequence < before)
    known_at = datetime.fromisoformat(known["at"])
    return (at > known_at) - (at < known_at)


def _once(call: Call, fact: str, value: dict[str, Any]) -> bool:
    if fact in call.facts:
        return False
    call.facts = {**call.facts, fact: value}
    return True


def _keyed(digits: list[str]) -> list[str]:
    """Some switches tell each key by itself: together they may be a card number, or
    an identity number."""
    together = "".join(digits)
    masked = mask_numbers(together)
    return digits if masked == together else [masked]


def _append(call: Call, fact: str, value: Any) -> None:
    call.facts = {**call.facts, fact: [*call.facts.get(fact, []), value]}
