"""What Twilio tells of a call's conference: who joined, left, waits and talks again.

Some of it asks for more than a note: those events are followed by `FetchAsked`, whose hint `upkeep` carries
out.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from app.events import (
    CallBridged,
    CallEnded,
    FetchAsked,
    InboundEvent,
    LegAnswered,
    LegEnded,
    LegHeld,
    LegResumed,
)
from channels.twilio.call_events import Told, cause_of, not_reached
from channels.twilio.form import needed
from channels.twilio.labels import Label, label_of
from channels.unknown import unknown

OF_NO_INTEREST: Final = frozenset(
    {
        "conference-start",
        "participant-mute",
        "participant-unmute",
        "participant-modify",
        "participant-speech-start",
        "participant-speech-stop",
        "announcement-end",
        "announcement-fail",
    }
)
HUNG_UP: Final = "participant_hung_up"
NEVER_CAME: Final = "participant_add_failed"
_ENDED_BY: Final = {
    "conference-ended-via-api": "agent",
    "participant-with-end-conference-on-exit-left": "customer",
}


def conference(told: Told) -> Sequence[InboundEvent]:
    """Raises MalformedPayload."""
    call, sid = needed(told.fields, "FriendlyName"), needed(told.fields, "ConferenceSid")
    event = needed(told.fields, "StatusCallbackEvent")
    external_id = f"{sid}:{told.fields.get('SequenceNumber', '')}:{event}"
    if event in OF_NO_INTEREST:
        return ()
    if event == "conference-end":
        return _over(told, call, external_id)
    label = label_of(told.fields.get("ParticipantLabel", ""))
    reader = _READERS.get(event)
    if reader is None:
        return (unknown(event, dict(told.fields), external_id=external_id),)
    if label is None:
        return ()  # somebody whom we did not bring
    leg = {"leg": label.part, "leg_id": needed(told.fields, "CallSid"), "command_id": label.command_id}
    return reader(told, label, told.facts(call, external_id, **leg))


def is_ours(call: str) -> bool:
    """Whether we began the call: its id is ours then."""
    try:
        UUID(call)
    except ValueError:
        return False
    return True


def _over(told: Told, call: str, external_id: str) -> Sequence[InboundEvent]:
    """Who called us may go on to another conference; whom we called has no other."""
    if not is_ours(call):
        return ()
    by = _ENDED_BY.get(told.fields.get("ReasonConferenceEnded", ""), "platform")
    return (CallEnded.model_validate(told.facts(call, external_id, by=by)),)


def _joined(told: Told, label: Label, facts: Mapping[str, Any]) -> Sequence[InboundEvent]:
    call = facts["conversation"]
    answered = LegAnswered(**facts)
    if label.kind == "customer":
        return ()
    if label.part == "consult":
        return (answered,)
    if label.kind == "dial":
        hint = {name: told.query[name] for name in ("to", "from", "command") if name in told.query}
        return answered, _ask(facts, {"dial": call, **hint})
    if label.kind == "called":
        return answered, CallBridged(**{**facts, "leg": None, "leg_id": None})
    more = (
        {"hand_over": call} if label.kind == "away" else {"settle": call} if "alone" in told.query else None
    )
    bridged = CallBridged(**facts)
    return (answered, bridged) if more is None else (answered, bridged, _ask(facts, more))


def _left(told: Told, label: Label, facts: Mapping[str, Any]) -> Sequence[InboundEvent]:
    reason, call = told.fields.get("ReasonParticipantLeft", HUNG_UP), facts["conversation"]
    status = told.fields.get("ParticipantCallStatus", "completed")
    if reason == NEVER_CAME:
        gone = not_reached(facts, cause_of(told.fields, status))
        return *gone, _ask(facts, {"over" if label.part == "customer" else "settle": call})
    if label.part == "customer":
        hung_up = {**facts, "leg": None, "leg_id": None, "by": "customer"}
        return (CallEnded(**hung_up),) if reason == HUNG_UP else ()
    if reason != HUNG_UP:
        return LegEnded(**facts, cause="normal", by="platform"), _settle(told, facts)
    if status == "failed":
        return LegEnded(**facts, cause="failed", by="agent"), _settle(told, facts)
    return (LegEnded(**facts, cause="normal", by="agent"),)


def _held(told: Told, label: Label, facts: Mapping[str, Any]) -> Sequence[InboundEvent]:
    return (LegHeld(**facts),)


def _resumed(told: Told, label: Label, facts: Mapping[str, Any]) -> Sequence[InboundEvent]:
    """Whoever is back talks with all who are there: that answers a wish to talk all together, too."""
    nobodys = {**facts, "leg": None, "leg_id": None, "command_id": None}
    return LegResumed(**facts), CallBridged(**nobodys)


def _settle(told: Told, facts: Mapping[str, Any]) -> FetchAsked:
    return _ask(facts, {"settle": facts["conversation"], "consent": told.query.get("consent")})


def _ask(facts: Mapping[str, Any], hint: Mapping[str, str | None]) -> FetchAsked:
    return FetchAsked(
        external_id=facts["external_id"],
        conversation=facts["conversation"],
        occurred_at=facts["occurred_at"],
        hint={name: value for name, value in hint.items() if value},
    )


_READERS: Final = {
    "participant-join": _joined,
    "participant-leave": _left,
    "participant-hold": _held,
    "participant-unhold": _resumed,
}
