"""What Twilio tells of calls, legs and conferences, as the catalogue's events.

A call is its customer's: `CallSid` of who called us, our own id of whom we call; the conference bears it as
its name. Twilio counts each leg's and each conference's callbacks apart and times them in whole seconds;
both together give one order.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final, Literal
from urllib.parse import urlsplit
from uuid import UUID

from app.addresses import phone_address
from app.events import (
    Address,
    CallDigits,
    CallEnded,
    CallIncoming,
    InboundEvent,
    LegEnded,
    LegRinging,
    RecordingReady,
)
from app.hiding.cards import mask_cards
from channels.base import WireRequest
from channels.twilio.call_documents import OVER
from channels.twilio.form import fields_of, needed, query_of
from channels.twilio.rest import time_of
from channels.unknown import unknown

WITHHELD: Final = frozenset(
    {"+266696687", "+7378742883", "+2562533", "+8656696", "+86282452253", "266696687", "7378742883"}
)
"""ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN, UNAVAILABLE on a keypad: Twilio's caller ids of who shows none."""

AT_ONCE: Final = timedelta(seconds=2)
PROGRESS: Final = frozenset({"queued", "initiated", "ringing", "in-progress"})
CAUSES: Final = {"busy": "busy", "no-answer": "no_answer", "failed": "unreachable", "canceled": "normal"}
SIP_CAUSES: Final = {"603": "rejected", "403": "rejected", "480": "unreachable", "404": "unreachable"}

_CONSENTS: Final[Mapping[str, Literal["announced", "opt_in"]]] = {
    "announced": "announced",
    "opt_in": "opt_in",
}


@dataclass(frozen=True)
class Told:
    """One request of Twilio's about a call."""

    request: WireRequest
    fields: Mapping[str, str]
    query: Mapping[str, str]

    @cached_property
    def at(self) -> datetime | None:
        """Its arrival where that is about when it happened: Twilio's time has whole seconds only."""
        stamp, arrival = time_of(self.fields.get("Timestamp")), self.request.received_at
        if stamp is None or arrival is None:
            return stamp
        return arrival if timedelta() <= arrival - stamp < AT_ONCE else stamp

    @cached_property
    def sequence(self) -> int | None:
        stamp, number = time_of(self.fields.get("Timestamp")), self.fields.get("SequenceNumber", "")
        if stamp is None or not (number.isascii() and number.isdigit() and len(number) < 9):
            return None
        return int(stamp.timestamp()) * 1000 + min(int(number), 999)

    def facts(self, call: str, external_id: str, **facts: Any) -> dict[str, Any]:
        known = {"conversation": call, "external_id": external_id, "occurred_at": self.at}
        return known | {"sequence": self.sequence} | facts


def told_by(request: WireRequest) -> Told:
    """Raises MalformedPayload."""
    return Told(request, fields_of(request), query_of(request.url))


def incoming(told: Told) -> Sequence[InboundEvent]:
    """A call to our number; or its end, where the number's status callback has the same address."""
    call = needed(told.fields, "CallSid")
    if told.fields.get("CallStatus") in OVER:
        return ended(told)
    return (_incoming(told.fields, call, told.query.get("queue")),)


def ended(told: Told) -> Sequence[InboundEvent]:
    """The customer's call has a new state; only its end says something."""
    call, status = needed(told.fields, "CallSid"), needed(told.fields, "CallStatus")
    if status in PROGRESS:
        return ()
    if status not in OVER:
        return (_unknown(told, status, call),)
    by = "agent" if told.query.get("by") == "agent" else "customer"
    return (CallEnded(**told.facts(call, f"{call}:{status}", by=by, cause=CAUSES.get(status, "normal"))),)


def leg_progress(told: Told) -> Sequence[InboundEvent]:
    """A leg that we dialled rings, or is not reached. That it has joined or left, its conference tells."""
    call, sid = needed(told.query, "call"), needed(told.fields, "CallSid")
    status, part = needed(told.fields, "CallStatus"), told.query.get("leg")
    about: dict[str, Any] = {"leg_id": sid, "leg": part, "command_id": command_of(told.query)}
    facts = told.facts(call, f"{sid}:{status}", **about)
    if status == "ringing":
        return (LegRinging(**facts),)
    if status in CAUSES:
        return not_reached(facts, cause_of(told.fields, status))
    return () if status in PROGRESS or status == "completed" else (_unknown(told, status, sid),)


def not_reached(facts: Mapping[str, Any], cause: str) -> Sequence[InboundEvent]:
    """A leg that ends before it was answered: taken down by us, or nobody came. A call of ours is over when
    its customer is not reached."""
    customers = facts["leg"] == "customer"
    by = "platform" if cause == "normal" else "customer" if customers else "agent"
    gone = LegEnded.model_validate({**facts, "cause": cause, "by": by})
    if not customers:
        return (gone,)
    plain = {**facts, "leg": None, "leg_id": None}
    return gone, CallEnded.model_validate({**plain, "cause": cause, "by": by})


def cause_of(fields: Mapping[str, str], status: str) -> str:
    return SIP_CAUSES.get(fields.get("SipResponseCode", ""), CAUSES.get(status, "failed"))


def digits(told: Told) -> Sequence[InboundEvent]:
    """What a caller pressed in the menu."""
    pressed, call = mask_cards(told.fields.get("Digits", "")), needed(told.fields, "CallSid")
    if not pressed:
        return ()
    return (CallDigits(**told.facts(call, f"{call}:digits:{pressed}", digits=pressed)),)


def recording(told: Told) -> Sequence[InboundEvent]:
    if told.fields.get("RecordingStatus", "completed") != "completed":
        return ()
    return (_recorded(told, needed(told.query, "call")),)


def voicemail(told: Told) -> Sequence[InboundEvent]:
    """A caller whom the fallback took: a call that nobody answered, with its message."""
    call = needed(told.fields, "CallSid")
    gone = CallEnded(**told.facts(call, f"{call}:completed", by="customer"))
    return _incoming(told.fields, call, None), _recorded(told, call), gone


def command_of(query: Mapping[str, str]) -> UUID | None:
    try:
        return UUID(query.get("command", ""))
    except ValueError:
        return None


def nothing(_told: Told) -> Sequence[InboundEvent]:
    return ()


def _incoming(fields: Mapping[str, str], call: str, queue: str | None) -> CallIncoming:
    caller = caller_of(fields.get("From", ""))
    return CallIncoming(
        conversation=call,
        external_id=f"{call}:incoming",
        address=caller,
        from_presentation="withheld" if caller is None else "allowed",
        to=phone_address(fields.get("To", "")),
        queue=queue,
    )


def caller_of(number: str) -> Address | None:
    return None if number in WITHHELD else phone_address(number)


def _recorded(told: Told, call: str) -> RecordingReady:
    seconds = told.fields.get("RecordingDuration", "")
    return RecordingReady(
        conversation=call,
        external_id=needed(told.fields, "RecordingSid"),
        occurred_at=told.at,
        url=needed(told.fields, "RecordingUrl", 2000),
        duration_seconds=float(seconds) if seconds.isascii() and seconds.isdigit() else None,
        consent=_CONSENTS.get(told.query.get("consent", "")),
        media={"path": urlsplit(told.fields["RecordingUrl"]).path},
    )


def _unknown(told: Told, kind: str, sid: str) -> InboundEvent:
    return unknown(kind, dict(told.fields), external_id=f"{sid}:{kind}")


READERS: Final[Mapping[str, Callable[[Told], Sequence[InboundEvent]]]] = {
    "": incoming,
    "call": ended,
    "leg": leg_progress,
    "digits": digits,
    "recording": recording,
    "voicemail": voicemail,
    "consent": nothing,
    "waiting": nothing,
    "confirm": nothing,
    "confirmed": nothing,
    "announce": nothing,
    "spoken": nothing,
}
"""By `on` of the address that Twilio was given; conferences have a module of their own."""
