"""Calls and conferences as Twilio has them; everybody's phone does what `devices` says."""

import asyncio
import secrets
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urljoin

from demo.pbx.switch import Device
from demo.twilio.hooks import Hooks

STATUSES = {
    Device.BUSY: ("busy", "486"),
    Device.UNREACHABLE: ("failed", "480"),
    Device.REJECTS: ("busy", "603"),
}


def sid(kind: str) -> str:
    return kind + secrets.token_hex(16)


def now() -> str:
    return format_datetime(datetime.now(UTC))


def _read(document: str) -> ET.Element:
    return ET.fromstring(document)  # noqa: S314 - our own service wrote it


@dataclass
class Call:
    """One leg. `keys`: what its person presses, one by one, when asked. `heard`: what was said to them."""

    sid: str
    caller: str
    to: str
    direction: str
    status: str = "queued"
    label: str | None = None
    callback: str | None = None
    wants: frozenset[str] = frozenset({"completed"})
    sequence: int = 0
    conference: "Conference | None" = None
    start_on_enter: bool = True
    end_on_exit: bool = False
    held: bool = False
    url: str | None = None
    keys: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    made_at: str = field(default_factory=now)
    ended_at: str | None = None
    timer: asyncio.TimerHandle | None = None
    program: int = 0

    @property
    def over(self) -> bool:
        return self.status in ("completed", "busy", "failed", "no-answer", "canceled")


@dataclass
class Conference:
    sid: str
    name: str
    callback: str | None = None
    status: str = "init"
    people: list[Call] = field(default_factory=list)
    sequence: int = 0
    recorded: str | None = None
    recording_callback: str | None = None

    @property
    def connected(self) -> list[Call]:
        return [person for person in self.people if person.status == "in-progress"]


class Exchange:
    """All calls and conferences of one account. `recordings`: how many seconds each has."""

    def __init__(self, account: str, number: str, hooks: Hooks, answer_seconds: float = 1.0) -> None:
        self.account, self.number, self.hooks = account, number, hooks
        self.answer_seconds = answer_seconds
        self.devices: dict[str, Device] = {}
        self.calls: dict[str, Call] = {}
        self.conferences: dict[str, Conference] = {}
        self.recordings: dict[str, int] = {}
        self.voice_url = ""
        self.status_url = ""

    # ---- what people do ----

    def call(self, caller: str, query: str = "", keys: tuple[str, ...] = (), at: str | None = None) -> Call:
        """A customer dials our number, or another whose calls are told `at` an address of its own."""
        url = (at or self.voice_url) + (f"?{query}" if query else "")
        call = Call(sid("CA"), caller, self.number, "inbound", "ringing", callback=self.status_url, url=url)
        call.keys = list(keys)
        self.calls[call.sid] = call
        self.hooks.start(self._run(call, url, {"CallStatus": "ringing"}))
        return call

    def hang_up(self, call: Call) -> None:
        self.end(call, "completed", "participant_hung_up")

    def ringing(self, to: str) -> Call | None:
        return next((c for c in self.calls.values() if c.to == to and c.status == "ringing"), None)

    def talking(self, to: str) -> Call | None:
        return next((c for c in self.calls.values() if c.to == to and c.status == "in-progress"), None)

    def answer(self, to: str) -> None:
        call = self.ringing(to)
        assert call is not None, f"{to} does not ring"
        self._pick_up(call)

    # ---- what orders and documents do ----

    def dial(self, call: Call, conference: Conference | None) -> None:
        """A leg of ours begins; into `conference`, or by its own document."""
        self.calls[call.sid] = call
        if conference is not None:
            call.conference = conference
            conference.people.append(call)
        self._progress(call, "initiated")
        behaviour = self.devices.get(call.to, Device.ANSWERS)
        if behaviour in STATUSES:
            status, code = STATUSES[behaviour]
            self.hooks.start(self._refuse(call, status, code))
            return
        call.status = "ringing"
        self._progress(call, "ringing")
        if behaviour is Device.ANSWERS:
            asyncio.get_running_loop().call_later(self.answer_seconds, self._pick_up, call)

    def ring_out(self, call: Call, seconds: int) -> None:
        call.timer = asyncio.get_running_loop().call_later(seconds, self._nobody, call)

    def redirect(self, call: Call, url: str | None, twiml: str | None) -> None:
        """Out of where it is, on to another document."""
        self._leave(call, "participant_updated_via_api", "in-progress")
        call.program += 1
        if url is not None:
            call.url = url
            self.hooks.start(self._run(call, url, {}))
        else:
            self.hooks.start(self._obey(call, _read(twiml or "<Response/>"), call.program))

    def end(self, call: Call, status: str = "completed", reason: str = "participant_updated_via_api") -> None:
        if call.over:
            return
        if call.timer is not None:
            call.timer.cancel()
        answered = call.status == "in-progress"
        call.status, call.ended_at = status if answered or status != "completed" else "canceled", now()
        call.program += 1
        self._leave(call, reason if answered else "participant_add_failed", call.status)
        self._progress(call, "completed")

    def find(self, name: str) -> Conference | None:
        """The live conference of that sid or name."""
        live = [c for c in self.conferences.values() if c.status != "completed"]
        return next((c for c in live if name in (c.sid, c.name)), None)

    def room(self, name: str, callback: str | None) -> Conference:
        found = self.find(name)
        if found is None:
            found = Conference(sid("CF"), name, callback)
            self.conferences[found.sid] = found
        return found

    def finish(self, room: Conference, reason: str, left: str = "conference_ended_via_api") -> None:
        if room.status == "completed":
            return
        room.status = "completed"
        for person in list(room.people):
            self._leave(person, left, "completed")
            if person.direction == "inbound":
                self.hooks.start(self._fall_through(person))
            else:
                self.end(person)
        self._tell(room, "conference-end", None, {"ReasonConferenceEnded": reason})
        if room.recorded in ("in-progress", "paused") and room.recording_callback:
            self._recording_ready(room)

    def hold(self, person: Call, held: bool) -> None:
        if person.held != held and person.conference is not None:
            person.held = held
            self._tell(person.conference, "participant-hold" if held else "participant-unhold", person)

    # ---- inner parts ----

    def _pick_up(self, call: Call) -> None:
        if call.status != "ringing":
            return
        if call.timer is not None:
            call.timer.cancel()
        call.status = "in-progress"
        self._progress(call, "answered")
        if call.conference is not None:
            self._entered(call.conference, call)
        elif call.url is not None:
            self.hooks.start(self._run(call, call.url, {}))

    def _nobody(self, call: Call) -> None:
        if call.status == "ringing":
            self.end(call, "no-answer")

    async def _refuse(self, call: Call, status: str, code: str) -> None:
        await asyncio.sleep(self.answer_seconds)
        call.status = "ringing" if not call.over else call.status
        call.heard.append(code)
        self.end(call, status)

    async def _fall_through(self, call: Call) -> None:
        """The conference is over, and no verb comes after it."""
        await asyncio.sleep(0)
        if call.status == "in-progress" and call.conference is None:
            self.end(call)

    async def _run(self, call: Call, url: str, more: Mapping[str, str]) -> None:
        call.program += 1
        program = call.program
        document = await self._document(call, url, more)
        if call.program != program or call.over:
            return
        if document is None:
            self.end(call, "failed")
            return
        call.status = "in-progress"
        await self._obey(call, document, program)

    async def _document(self, call: Call, url: str, more: Mapping[str, str]) -> ET.Element | None:
        fields = self.fields(call) | {"ApiVersion": "2010-04-01"} | dict(more)
        await asyncio.sleep(self.hooks.faults.slow)
        answer = await self.hooks.ask(url, fields)
        if answer is None:
            return None
        assert answer.headers["content-type"].startswith(("text/xml", "application/xml")), answer.headers
        return _read(answer.text)

    async def _obey(self, call: Call, document: ET.Element, program: int) -> None:
        assert document.tag == "Response", document.tag
        for verb in document:
            if call.program != program or call.over:
                return
            if await self._verb(call, verb):
                return
        if call.program == program:
            self.end(call)

    async def _verb(self, call: Call, verb: ET.Element) -> bool:
        """Whether the document is left by it."""
        match verb.tag:
            case "Say" | "Play":
                call.heard.append(verb.text or verb.get("digits") or "")
            case "Gather":
                call.heard += [said.text or "" for said in verb]
                if call.keys:
                    url = urljoin(call.url or "", verb.attrib["action"])
                    await self._run(call, url, {"Digits": call.keys.pop(0)})
                    return True
            case "Redirect":
                await self._run(call, verb.text or "", {})
                return True
            case "Record":
                told = self._spoken(call, verb.get("recordingStatusCallback"))
                await self._run(call, verb.attrib["action"], told)
                return True
            case "Dial":
                return self._dial_verb(call, verb)
            case "Hangup":
                self.end(call)
                return True
            case other:
                raise AssertionError(f"no TwiML verb: {other}")
        return False

    def _dial_verb(self, call: Call, verb: ET.Element) -> bool:
        if not len(verb):
            call.heard.append(f"dial {verb.text}")
            return True
        noun = verb[0]
        assert noun.tag == "Conference" and noun.text, noun.tag
        room = self.room(noun.text, noun.get("statusCallback"))
        if noun.get("record") == "record-from-start":
            room.recorded, room.recording_callback = "in-progress", noun.get("recordingStatusCallback")
        call.label = noun.get("participantLabel")
        call.start_on_enter = noun.get("startConferenceOnEnter") != "false"
        call.end_on_exit = noun.get("endConferenceOnExit") == "true"
        call.conference = room
        room.people.append(call)
        self._entered(room, call)
        return True

    def _entered(self, room: Conference, person: Call) -> None:
        self._tell(room, "participant-join", person)
        starts = any(other.start_on_enter for other in room.connected)
        if room.status == "init" and len(room.connected) > 1 and starts:
            room.status = "in-progress"
            self._tell(room, "conference-start", None)
        elif room.status == "init" and starts and person.direction != "inbound":
            room.status = "in-progress"

    def _leave(self, person: Call, reason: str, status: str) -> None:
        room = person.conference
        if room is None:
            return
        person.conference, person.held = None, False
        room.people.remove(person)
        told = {"ReasonParticipantLeft": reason, "ParticipantCallStatus": status}
        if person.heard and person.heard[-1].isdigit() and status in ("busy", "failed"):
            told["SipResponseCode"] = person.heard[-1]
        self._tell(room, "participant-leave", person, told)
        if room.status == "completed":
            return
        if person.end_on_exit and reason != "participant_add_failed":
            self.finish(room, "participant-with-end-conference-on-exit-left", "moderator_ended_conference")
        elif not room.people:
            self.finish(room, "last-participant-left")

    def _spoken(self, call: Call, ready: str | None) -> dict[str, str]:
        """A message of three seconds."""
        told = self._recorded(3)
        if ready is not None:
            about = {"AccountSid": self.account, "CallSid": call.sid, "RecordingStatus": "completed"}
            self.hooks.tell("recording", ready, about | told)
        return told

    def _recorded(self, seconds: int) -> dict[str, str]:
        name = sid("RE")
        self.recordings[name] = seconds
        url = f"https://api.twilio.com/2010-04-01/Accounts/{self.account}/Recordings/{name}"
        return {"RecordingSid": name, "RecordingUrl": url, "RecordingDuration": str(seconds)}

    def _recording_ready(self, room: Conference) -> None:
        about = {"AccountSid": self.account, "ConferenceSid": room.sid, "RecordingStatus": "completed"}
        self.hooks.tell("recording", room.recording_callback or "", about | self._recorded(6))

    def _tell(
        self, room: Conference, event: str, person: Call | None, more: Mapping[str, str] | None = None
    ) -> None:
        room.sequence += 1
        fields = {
            "ConferenceSid": room.sid,
            "FriendlyName": room.name,
            "AccountSid": self.account,
            "SequenceNumber": str(room.sequence),
            "Timestamp": now(),
            "StatusCallbackEvent": event,
            **(more or {}),
        }
        if person is not None:
            fields |= {"CallSid": person.sid, "Muted": "false", "Hold": str(person.held).lower()}
            fields |= {"ParticipantLabel": person.label} if person.label else {}
        if room.callback:
            self.hooks.tell(event, room.callback, fields)

    def _progress(self, call: Call, event: str) -> None:
        if not call.callback or event not in call.wants:
            return
        fields = self.fields(call) | {
            "Timestamp": now(),
            "SequenceNumber": str(call.sequence),
            "CallbackSource": "call-progress-events",
        }
        if call.status in ("busy", "failed") and call.heard:
            fields["SipResponseCode"] = call.heard[-1]
        call.sequence += 1
        self.hooks.tell(event, call.callback, fields)

    def fields(self, call: Call) -> dict[str, str]:
        status = "ringing" if call.status == "queued" else call.status
        parties = {"From": call.caller, "To": call.to, "Caller": call.caller, "Called": call.to}
        known = {"AccountSid": self.account, "CallSid": call.sid, "CallStatus": status}
        return {**known, **parties, "Direction": call.direction}

    def row(self, call: Call) -> dict[str, Any]:
        return {
            "sid": call.sid,
            "status": call.status,
            "from": call.caller,
            "to": call.to,
            "direction": call.direction,
            "start_time": call.made_at,
            "end_time": call.ended_at,
        }
