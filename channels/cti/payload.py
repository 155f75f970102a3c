"""The CTI format's events (docs/channels/cti.md), from bytes to the catalogue's models."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from app.addresses import phone_address
from app.errors import MalformedPayload
from app.events import (
    Address,
    CallBridged,
    CallDigits,
    CallEnded,
    CallEvent,
    CallIncoming,
    CallsSnapshot,
    CommandFailed,
    LegAnswered,
    LegEnded,
    LegHeld,
    LegResumed,
    LegRinging,
    RecordingReady,
    UnknownReceived,
)
from app.hiding.cards import mask_cards
from app.json_body import MalformedJson, parse_json_object
from app.text import clean_value
from channels.config import problems_of
from channels.unknown import unknown

_EVENTS: Final[Mapping[str, tuple[type[CallEvent], tuple[str, ...]]]] = {
    "call.incoming": (CallIncoming, ("trunk", "from_presentation", "queue", "collected_digits", "uui")),
    "leg.ringing": (LegRinging, ()),
    "leg.answered": (LegAnswered, ()),
    "leg.held": (LegHeld, ()),
    "leg.resumed": (LegResumed, ()),
    "leg.ended": (LegEnded, ("cause", "by")),
    "call.bridged": (CallBridged, ()),
    "call.digits": (CallDigits, ("digits",)),
    "call.ended": (CallEnded, ("cause", "by")),
    "recording.ready": (RecordingReady, ("url", "duration_seconds")),
    "command.failed": (CommandFailed, ("command_id", "reason")),
    "calls.snapshot": (CallsSnapshot, ("call_ids",)),
}
"""Wire type → our model and the members of `data` that it takes."""

_KEYED: Final = ("digits", "collected_digits", "uui")

EVENT_TYPES: Final = tuple(_EVENTS)

Id = Annotated[str, Field(min_length=1, max_length=200)]
Party = Annotated[str, Field(max_length=500)]


class _Head(BaseModel):
    """What every event carries, whatever its type. Members that we do not know are ignored."""

    model_config = ConfigDict(extra="ignore")
    call_id: Id | None = None
    sequence: Annotated[int, Field(strict=True, ge=0, lt=2**63)] | None = None
    caller: Annotated[Party | None, Field(alias="from")] = None
    to: Party | None = None
    at: AwareDatetime
    leg_id: Id | None = None
    leg: Literal["customer", "agent", "consult"] | None = None
    command_id: UUID | None = None
    data: dict[str, Any] = Field(default_factory=dict)


def parse_event(body: bytes, external_id: str, region: str | None) -> CallEvent | UnknownReceived:
    """The event in `body`. Raises MalformedPayload."""
    payload = _payload(body)
    wire_type = payload.get("type")
    if not isinstance(wire_type, str):
        raise MalformedPayload("a text is required", "/type")
    if wire_type not in _EVENTS:
        return unknown(wire_type, payload, external_id=external_id)
    head = _head(payload)
    if head.call_id is None and wire_type != "calls.snapshot":
        raise MalformedPayload("the call's id is required", "/call_id")
    model, members = _EVENTS[wire_type]
    data = {name: head.data[name] for name in members if head.data.get(name) is not None}
    return _event(model, _common(head, external_id, region) | _masked(data))


def _payload(body: bytes) -> dict[str, Any]:
    try:
        payload = parse_json_object(body)
    except MalformedJson as error:
        raise MalformedPayload(str(error)) from None
    if b"\\" not in body:  # JSON can say NUL and CR by an escape only: most bodies need no second look
        return payload
    cleaned: dict[str, Any] = clean_value(payload)
    return cleaned


def _head(payload: dict[str, Any]) -> _Head:
    try:
        return _Head.model_validate(payload)
    except ValidationError as error:
        pointer, message = problems_of(error)[0]
        raise MalformedPayload(message, pointer) from None


def _common(head: _Head, external_id: str, region: str | None) -> dict[str, Any]:
    return {
        "external_id": external_id,
        "conversation": head.call_id,
        "sequence": head.sequence,
        "leg_id": head.leg_id,
        "leg": head.leg,
        "command_id": head.command_id,
        "address": _caller(head, region),
        "to": phone_address(head.to, region) if head.to else None,
        "occurred_at": _utc(head.at),
    }


def _caller(head: _Head, region: str | None) -> Address | None:
    """None for a withheld, empty or undialable caller id: such a call has an address of its own."""
    if not head.caller or head.data.get("from_presentation") == "withheld":
        return None
    return phone_address(head.caller, region)


def _utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise MalformedPayload("this time does not exist in UTC", "/at") from None


def _masked(data: dict[str, Any]) -> dict[str, Any]:
    """A caller may have keyed in a card number."""
    return {
        name: mask_cards(item) if name in _KEYED and isinstance(item, str) else item
        for name, item in data.items()
    }


def _event(model: type[CallEvent], values: dict[str, Any]) -> CallEvent:
    try:
        event = model.model_validate(values)
    except ValidationError as error:
        pointer, message = problems_of(error)[0]
        raise MalformedPayload(message, f"/data{pointer}") from None
    if isinstance(event, CommandFailed) and event.command_id is None:
        raise MalformedPayload("the command's id is required", "/data/command_id")
    return event
