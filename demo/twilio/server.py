"""The REST API of the stand-in: HTTP Basic, required fields, formats and limits as Twilio checks them."""

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from fastapi import Request
from fastapi.responses import JSONResponse, Response

from demo.speech import spoken
from demo.twilio.calls import Call, Conference, Exchange, sid
from demo.twilio.hooks import Hooks, Sign, classic
from demo.twilio.messages import Messages, Refused

E164 = re.compile(r"\+[1-9][0-9]{6,14}")
CALL_FIELDS = {"To", "From", "Url", "Timeout", "StatusCallback", "StatusCallbackEvent"}
CALL_UPDATES = {"Status", "Url", "Twiml", "StatusCallback"}
JOIN_FIELDS = {
    "To", "From", "Label", "Timeout", "Beep", "EarlyMedia", "StartConferenceOnEnter", "EndConferenceOnExit",
    "StatusCallback", "StatusCallbackEvent", "ConferenceStatusCallback", "ConferenceStatusCallbackEvent",
}  # fmt: skip
PARTICIPANT_UPDATES = {
    "Hold", "HoldUrl", "HoldMethod", "Muted", "EndConferenceOnExit", "AnnounceUrl", "AnnounceMethod",
}  # fmt: skip


class FakeTwilio:
    """One account with one number."""

    def __init__(
        self,
        account: str,
        auth_token: str,
        number: str,
        *,
        answer_seconds: float = 1.0,
        sign: Sign | None = None,
    ) -> None:
        self.account, self.auth_token, self.number = account, auth_token, number
        self.hooks = Hooks(sign or classic(auth_token))
        self.faults = self.hooks.faults
        self.exchange = Exchange(account, number, self.hooks, answer_seconds)
        self.messages = Messages(account, number, self.hooks)
        self.requests: list[tuple[str, str, dict[str, Any]]] = []

    def connect(self, voice_url: str, sms_url: str) -> None:
        self.exchange.voice_url, self.exchange.status_url = voice_url, f"{voice_url}?on=call#rc=5&rp=all"
        self.messages.url = f"{sms_url}#rc=5&rp=all"

    def posted(self, ending: str) -> list[dict[str, Any]]:
        """The forms of the POSTs whose path ends so."""
        return [form for method, path, form in self.requests if method == "POST" and path.endswith(ending)]

    async def handle(self, request: Request) -> Response:
        form = _form((await request.body()).decode())
        path = request.url.path.removeprefix(f"/2010-04-01/Accounts/{self.account}/")
        self.requests.append((request.method, path, form))
        try:
            self._admit(request)
            parts = path.removesuffix(".json").split("/")
            answer = self._answer(request.method, parts, form, dict(request.query_params))
        except Refused as refused:
            body = {"code": refused.code, "message": refused.message, "status": refused.status}
            return JSONResponse(body, refused.status, {"date": _date()})
        if isinstance(answer, Response):
            return answer
        status = 204 if answer is None else 201 if request.method == "POST" else 200
        if answer is None:
            return Response(status_code=204)
        return JSONResponse(answer, status, {"date": _date()})

    def _admit(self, request: Request) -> None:
        if self.faults.down:
            raise Refused(503, 20503, "Service unavailable")
        expected = base64.b64encode(f"{self.account}:{self.auth_token}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {expected}":
            raise Refused(401, 20003, "Authenticate")
        if not request.url.path.startswith(f"/2010-04-01/Accounts/{self.account}/"):
            raise _not_found()
        if self.faults.too_many > 0:
            self.faults.too_many -= 1
            raise Refused(429, 20429, "Too many requests")

    def _answer(self, method: str, parts: list[str], form: dict[str, Any], query: Mapping[str, str]) -> Any:
        match parts:
            case ["Messages", *rest]:
                return self.messages.get(rest, query) if method == "GET" else self.messages.create(form)
            case ["Calls", *rest]:
                return self._about_calls(method, rest, form, query)
            case ["Recordings", name]:
                return self._sound(name)
            case ["Conferences", name, "Participants", *rest]:
                return self._about_participants(method, name, rest, form)
            case ["Conferences", *rest]:
                return self._about_conferences(method, rest, form, query)
        raise _not_found()

    def _about_calls(
        self, method: str, rest: list[str], form: dict[str, Any], query: Mapping[str, str]
    ) -> Any:
        match method, rest:
            case "GET", []:
                return self._calls(query)
            case "POST", []:
                return self._call(form)
            case "GET", [name]:
                return self.exchange.row(self._known(name))
            case "POST", [name]:
                return self._update_call(self._known(name), form)
        raise _not_found()

    def _about_conferences(
        self, method: str, rest: list[str], form: dict[str, Any], query: Mapping[str, str]
    ) -> Any:
        match method, rest:
            case "GET", []:
                return self._conferences(query)
            case "POST", [name]:
                return self._end_conference(name, form)
            case "POST", [name, "Recordings", "Twilio.CURRENT"]:
                return self._recording(self._room(name), form)
        raise _not_found()

    def _about_participants(self, method: str, name: str, rest: list[str], form: dict[str, Any]) -> Any:
        match method, rest:
            case "GET", []:
                return {"participants": [_participant(p) for p in self._room(name).people]}
            case "POST", []:
                return self._join(name, form)
            case "POST", [person]:
                return self._update_participant(name, person, form)
            case "DELETE", [person]:
                self.exchange.end(self._participant(name, person))
                return None
        raise _not_found()

    # ---- calls ----

    def _calls(self, query: Mapping[str, str]) -> dict[str, Any]:
        rows = [self.exchange.row(call) for call in self.exchange.calls.values()]
        for name, member in (("Status", "status"), ("To", "to"), ("From", "from")):
            rows = [row for row in rows if query.get(name) in (None, row[member])]
        if "EndTime>" in query:
            datetime.strptime(query["EndTime>"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
            rows = [row for row in rows if row["end_time"] is not None]
        return {"calls": rows, "next_page_uri": None}

    def _call(self, form: dict[str, Any]) -> dict[str, Any]:
        self._check_form(form, CALL_FIELDS, {"To": 21201, "From": 21213, "Url": 21205})
        call = self._leg(form)
        call.url = form["Url"]
        self.exchange.dial(call, None)
        self.exchange.ring_out(call, int(form.get("Timeout", 60)))
        return self.exchange.row(call)

    def _update_call(self, call: Call, form: dict[str, Any]) -> dict[str, Any]:
        self._check_form(form, CALL_UPDATES, {})
        if call.over or (call.status != "in-progress" and "Status" not in form):
            raise Refused(400, 21220, "Call is not in-progress. Cannot redirect.")
        if "StatusCallback" in form:
            call.callback = form["StatusCallback"]
        if form.get("Status") in ("completed", "canceled"):
            self.exchange.end(call)
        else:
            assert len(form.get("Twiml", "")) <= 4000
            self.exchange.redirect(call, form.get("Url"), form.get("Twiml"))
        return self.exchange.row(call)

    def _leg(self, form: dict[str, Any]) -> Call:
        self._check_party(form["To"])
        if form["From"] != self.number:
            raise Refused(400, 21210, "Source phone number provided is not yet verified for this account")
        timeout = int(form.get("Timeout", 60))
        if not 5 <= timeout <= 600:
            raise Refused(400, 21218, "Invalid Timeout")
        wants = frozenset(form.get("StatusCallbackEvent", ["completed"]))
        return Call(
            sid("CA"), form["From"], form["To"], "outbound-api",
            label=form.get("Label"), callback=form.get("StatusCallback"), wants=wants,
        )  # fmt: skip

    # ---- conferences ----

    def _conferences(self, query: Mapping[str, str]) -> dict[str, Any]:
        rows = [
            {"sid": c.sid, "friendly_name": c.name, "status": c.status}
            for c in reversed(self.exchange.conferences.values())
            if query.get("FriendlyName") in (None, c.name) and query.get("Status") in (None, c.status)
        ]
        return {"conferences": rows, "next_page_uri": None}

    def _join(self, name: str, form: dict[str, Any]) -> dict[str, Any]:
        self._check_form(form, JOIN_FIELDS, {"To": 21201, "From": 21213})
        call = self._leg(form)
        if name.startswith("CF"):
            room = self._room(name)
        else:
            room = self.exchange.room(name, form.get("ConferenceStatusCallback"))
        if any(person.label == call.label for person in room.people):
            raise Refused(400, 16025, "The label is in use")
        call.start_on_enter = form.get("StartConferenceOnEnter", "true") == "true"
        call.end_on_exit = form.get("EndConferenceOnExit") == "true"
        self.exchange.dial(call, room)
        self.exchange.ring_out(call, int(form.get("Timeout", 60)))
        return {"call_sid": call.sid, "conference_sid": room.sid, "label": call.label, "status": "queued"}

    def _update_participant(self, name: str, person: str, form: dict[str, Any]) -> dict[str, Any]:
        self._check_form(form, PARTICIPANT_UPDATES, {})
        call = self._participant(name, person)
        if "Hold" in form:
            if "Hold" in self.faults.refuses:
                raise Refused(400, self.faults.refuses["Hold"], "Refused")
            self.exchange.hold(call, form["Hold"] == "true")
        if "EndConferenceOnExit" in form:
            call.end_on_exit = form["EndConferenceOnExit"] == "true"
        if "AnnounceUrl" in form:
            self.hooks.start(self._announce(call, form["AnnounceUrl"]))
        return _participant(call)

    async def _announce(self, call: Call, url: str) -> None:
        answer = await self.hooks.ask(url, self.exchange.fields(call))
        call.heard.append("" if answer is None else answer.text)

    def _end_conference(self, name: str, form: dict[str, Any]) -> dict[str, Any]:
        self._check_form(form, {"Status"}, {"Status": 20001})
        room = self._room(name)
        self.exchange.finish(room, "conference-ended-via-api")
        return {"sid": room.sid, "status": "completed"}

    def _recording(self, room: Conference, form: dict[str, Any]) -> dict[str, Any]:
        self._check_form(form, {"Status", "PauseBehavior"}, {"Status": 20001})
        if room.recorded not in ("in-progress", "paused"):
            raise _not_found()
        room.recorded = form["Status"]
        return {"sid": sid("RE"), "status": room.recorded}

    def _sound(self, name: str) -> Response:
        if name not in self.exchange.recordings:
            raise _not_found()
        return Response(spoken(self.exchange.recordings[name]), media_type="audio/x-wav")

    # ---- checks ----

    def _known(self, name: str) -> Call:
        call = self.exchange.calls.get(name)
        if call is None:
            raise _not_found()
        return call

    def _room(self, name: str) -> Conference:
        room = self.exchange.conferences.get(name)
        if room is None or room.status == "completed":
            raise _not_found()
        return room

    def _participant(self, name: str, person: str) -> Call:
        for call in self._room(name).people:
            if person in (call.sid, call.label):
                return call
        raise _not_found()

    def _check_form(self, form: Mapping[str, Any], known: set[str], required: Mapping[str, int]) -> None:
        unknown = set(form) - known
        if unknown:
            raise Refused(400, 20001, f"Unknown parameters {sorted(unknown)}")
        for name, code in required.items():
            if not form.get(name):
                raise Refused(400, code, f"No '{name}' is specified")
        for name in ("Url", "StatusCallback", "ConferenceStatusCallback", "AnnounceUrl"):
            if name in form and not urlsplit(form[name]).hostname:
                raise Refused(400, 21609, f"Invalid {name}")

    def _check_party(self, to: str) -> None:
        if to in self.faults.refuses:
            raise Refused(400, self.faults.refuses[to], "Refused")
        if not to.startswith("sip:") and not E164.fullmatch(to):
            raise Refused(400, 21211, f"The 'To' number {to} is not a valid phone number")


def _not_found() -> Refused:
    return Refused(404, 20404, "The requested resource was not found")


def _participant(call: Call) -> dict[str, Any]:
    status = {"in-progress": "connected", "ringing": "ringing"}.get(call.status, "queued")
    return {
        "call_sid": call.sid,
        "label": call.label,
        "hold": call.held,
        "status": status,
        "date_created": call.made_at,
        "end_conference_on_exit": call.end_on_exit,
    }


def _form(body: str) -> dict[str, Any]:
    form: dict[str, Any] = {}
    for name, value in parse_qsl(body, keep_blank_values=True):
        if name.endswith("Event") or name == "MediaUrl":
            form.setdefault(name, []).append(value)
        else:
            form[name] = value
    return form


def _date() -> str:
    return format_datetime(datetime.now(UTC), usegmt=True)
