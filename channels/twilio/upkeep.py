"""What a conference's events ask us to do, and what Twilio's lists know that a lost webhook did not tell."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from app.addresses import phone_address
from app.events import CallEnded, CallIncoming, CallsSnapshot, InboundEvent, LegEnded
from channels.abilities import Fetched, NotDone, Steps
from channels.base import SendOutcome
from channels.twilio.call_documents import OVER
from channels.twilio.call_events import CAUSES, caller_of
from channels.twilio.conference_events import is_ours
from channels.twilio.config import VoiceConfig
from channels.twilio.dialling import Dialling
from channels.twilio.endpoint import Endpoint
from channels.twilio.rest import PAGE_SIZE, Rest, document, outcome_of, time_of, told_at
from channels.twilio.room import done_or_over, room_of

OVERLAP: Final = timedelta(minutes=30)
PAGES_MAX: Final = 50


class Upkeep:
    def __init__(self, config: VoiceConfig, rest: Rest, endpoint: Endpoint) -> None:
        self._config, self._rest, self._endpoint = config, rest, endpoint
        self._dialling = Dialling(config, rest, endpoint)

    def fetch(self, state: Mapping[str, Any], hint: Mapping[str, Any]) -> Steps[Fetched]:
        """Raises NotDone."""
        events: Sequence[InboundEvent] = ()
        if "settle" in hint:
            yield from self._settle(str(hint["settle"]), hint.get("consent"))
        elif "over" in hint:
            yield from self._end(str(hint["over"]))
        elif "hand_over" in hint:
            yield from self._hand_over(str(hint["hand_over"]))
        elif "dial" in hint:
            events = yield from self._dial(hint)
        else:
            return (yield from self._compare(state))
        return Fetched(events, dict(state))

    def _settle(self, call: str, consent: str | None) -> Steps[None]:
        """Nobody stays alone in a conference: a caller waits with music again, an agent is let go."""
        room = yield from room_of(self._rest, call)
        if room is None or not room.started or is_ours(call):
            return
        if room.customer is None:
            yield from done_or_over(self._rest.post("Conferences", room.sid, Status="completed"))
        elif not room.others:
            again = self._endpoint.callback(on="waiting", call=call, consent=consent)
            yield from done_or_over(self._rest.post("Calls", room.customer.call_sid, Url=again))

    def _end(self, call: str) -> Steps[None]:
        room = yield from room_of(self._rest, call)
        if room is not None and room.customer is None:
            yield from done_or_over(self._rest.post("Conferences", room.sid, Status="completed"))

    def _hand_over(self, call: str) -> Steps[None]:
        """Somebody answers where the caller was sent to: the agent is out of it."""
        room = yield from room_of(self._rest, call)
        for person in () if room is None else room.others:
            if person.label.kind != "away" and room is not None:
                place = ("Conferences", room.sid, "Participants", person.call_sid)
                yield from done_or_over(self._rest.delete(*place))

    def _dial(self, hint: Mapping[str, Any]) -> Steps[Sequence[InboundEvent]]:
        """The customer, while the agent is still there. A refused number is a customer not reached."""
        call, command = str(hint["dial"]), str(hint["command"])
        room = yield from room_of(self._rest, call)
        if room is None or not room.others or room.customer is not None:
            return ()
        try:
            yield from self._dialling.customer(call, room, str(hint["to"]), str(hint["from"]), command)
        except NotDone as error:
            if error.result.outcome is not SendOutcome.REJECTED:
                raise
            yield from done_or_over(self._rest.post("Conferences", room.sid, Status="completed"))
            return _unreachable(call)
        return ()

    def _compare(self, state: Mapping[str, Any]) -> Steps[Fetched]:
        """Which calls live, and which have ended since the last time. The first time nothing of before."""
        live: list[str] = []
        now: datetime | None = None
        for status in ("in-progress", "ringing"):
            rows, at = yield from self._all("calls", Status=status)
            live += [str(row.get("sid")) for row in rows]
            now = now or at
        for status in ("in-progress", "init"):
            rows, _ = yield from self._all("conferences", Status=status)
            live += [str(row.get("friendly_name")) for row in rows]
        snapshot = CallsSnapshot(call_ids=tuple(dict.fromkeys(live)), occurred_at=now)
        gone = yield from self._missed(state.get("since"))
        return Fetched((snapshot, *gone), _since(now) or dict(state))

    def _missed(self, since: str | None) -> Steps[Sequence[InboundEvent]]:
        """Each by the keys that its webhooks have: what was told already is a duplicate."""
        if since is None:
            return ()
        rows, _ = yield from self._all("calls", To=self._config.address, **{"EndTime>": since})
        return [event for row in rows if row.get("direction") == "inbound" for event in _call_of(row)]

    def _all(self, kind: str, **query: str) -> Steps[tuple[list[Mapping[str, Any]], datetime | None]]:
        page = self._rest.get(kind.capitalize(), **query, PageSize=PAGE_SIZE)
        rows: list[Mapping[str, Any]] = []
        now: datetime | None = None
        for _ in range(PAGES_MAX):
            answer = yield page
            if answer.status != 200:
                raise NotDone(outcome_of(answer))
            told, now = document(answer), now or told_at(answer)
            rows += told.get(kind) or ()
            following = self._rest.next_page(str(told.get("next_page_uri") or ""))
            if following is None:
                break
            page = following
        return rows, now


def _unreachable(call: str) -> Sequence[InboundEvent]:
    facts: dict[str, Any] = {"conversation": call, "external_id": f"{call}:refused"}
    gone = LegEnded(**facts, leg="customer", cause="unreachable", by="platform")
    return gone, CallEnded(**facts, cause="unreachable", by="platform")


def _call_of(row: Mapping[str, Any]) -> Sequence[InboundEvent]:
    call, status = str(row.get("sid")), str(row.get("status"))
    if status not in OVER:
        return ()
    caller = caller_of(str(row.get("from") or ""))
    began = CallIncoming(
        conversation=call,
        external_id=f"{call}:incoming",
        occurred_at=time_of(row.get("start_time")),
        address=caller,
        from_presentation="withheld" if caller is None else "allowed",
        to=phone_address(str(row.get("to") or "")),
    )
    over = CallEnded(
        conversation=call,
        external_id=f"{call}:{status}",
        occurred_at=time_of(row.get("end_time")),
        cause=CAUSES.get(status, "normal"),
        by="customer",
    )
    return began, over


def _since(now: datetime | None) -> dict[str, Any]:
    return {} if now is None else {"since": (now - OVERLAP).strftime("%Y-%m-%dT%H:%M:%SZ")}
