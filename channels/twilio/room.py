"""Who is in a call's conference now, read anew before each order: what we know may be overtaken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from channels.abilities import NotDone, Steps
from channels.base import CALL_ENDED, SendOutcome, SendResult, WireRequest
from channels.twilio.codes import CALL_OVER
from channels.twilio.conference_events import is_ours
from channels.twilio.labels import Label, label_of
from channels.twilio.rest import PAGE_SIZE, Rest, code_of, document, outcome_of, time_of

GONE: Final = SendResult(SendOutcome.REJECTED, reason=CALL_ENDED)
LIVE_CALL: Final = frozenset({"queued", "ringing", "in-progress"})


@dataclass(frozen=True, slots=True)
class Participant:
    call_sid: str
    label: Label
    held: bool
    connected: bool


@dataclass(frozen=True, slots=True)
class Room:
    """`name` is the call; `people` in the order in which they were dialled."""

    sid: str
    name: str
    started: bool
    people: Sequence[Participant]

    @property
    def customer(self) -> Participant | None:
        return next((person for person in self.people if person.label.part == "customer"), None)

    @property
    def others(self) -> Sequence[Participant]:
        return [person for person in self.people if person.label.part != "customer"]

    @property
    def consulted(self) -> Participant | None:
        """The last who was asked: one asked before may have the call since."""
        asked = [person for person in self.people if person.label.part == "consult"]
        return asked[-1] if asked else None

    def made_by(self, command_id: UUID | str) -> Participant | None:
        wanted = str(command_id)
        return next((person for person in self.people if str(person.label.command_id) == wanted), None)


def done(request: WireRequest) -> Steps[Mapping[str, Any]]:
    """The answer's document. Raises NotDone."""
    answer = yield request
    result = outcome_of(answer)
    if result.outcome is not SendOutcome.SENT:
        raise NotDone(result)
    return document(answer)


def done_to_call(request: WireRequest) -> Steps[Mapping[str, Any]]:
    """Something to the customer's leg. Raises NotDone, with `CALL_ENDED` where that is over."""
    answer = yield request
    result = outcome_of(answer)
    if result.outcome is not SendOutcome.SENT:
        raise NotDone(GONE if code_of(answer) in CALL_OVER else result)
    return document(answer)


def done_or_over(request: WireRequest) -> Steps[None]:
    """As `done`; that it is over already is well."""
    answer = yield request
    result = outcome_of(answer)
    if result.outcome is not SendOutcome.SENT and code_of(answer) not in CALL_OVER:
        raise NotDone(result)


def room_of(rest: Rest, call: str) -> Steps[Room | None]:
    """The live conference of the call; None: there is none. Raises NotDone."""
    listed = yield from done(rest.get("Conferences", FriendlyName=call, PageSize=PAGE_SIZE))
    live = [row for row in listed.get("conferences") or () if row.get("status") in ("init", "in-progress")]
    if not live:
        return None
    sid = str(live[0]["sid"])
    told = yield from done(rest.get("Conferences", sid, "Participants", PageSize=PAGE_SIZE))
    rows = sorted(told.get("participants") or (), key=_made_at)
    people = [person for row in rows if (person := _participant(row)) is not None]
    return Room(sid, call, live[0]["status"] == "in-progress", people)


def room_that_lives(rest: Rest, call: str) -> Steps[Room]:
    """With the customer in it. Raises NotDone: GONE where the call has ended."""
    room = yield from room_of(rest, call)
    if room is None or room.customer is None:
        yield from check_lives(rest, call)
        raise NotDone(SendResult(SendOutcome.REJECTED, reason="the caller is not in the conference"))
    return room


def done_to_customer(rest: Rest, call: str, request: WireRequest) -> Steps[None]:
    """Something to the customer in the conference. Who is not there may have been sent on: raises NotDone,
    GONE only where the call has ended."""
    answer = yield request
    result = outcome_of(answer)
    if result.outcome is not SendOutcome.SENT:
        if code_of(answer) in CALL_OVER:
            yield from check_lives(rest, call)
        raise NotDone(result)


def check_lives(rest: Rest, call: str) -> Steps[None]:
    """A caller who is not in the conference may still hear the greeting. Raises NotDone(GONE)."""
    if is_ours(call):
        raise NotDone(GONE)
    told = yield from done_to_call(rest.get("Calls", call))
    if told.get("status") not in LIVE_CALL:
        raise NotDone(GONE)


def _made_at(row: Mapping[str, Any]) -> float:
    at = time_of(row.get("date_created"))
    return 0.0 if at is None else at.timestamp()


def _participant(row: Mapping[str, Any]) -> Participant | None:
    label = label_of(str(row.get("label") or ""))
    if label is None:
        return None
    connected = row.get("status") in (None, "connected")
    return Participant(str(row["call_sid"]), label, bool(row.get("hold")), connected)
