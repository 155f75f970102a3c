"""Twilio's calls, from the bodies of its webhooks to the catalogue's events."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest

from app.errors import MalformedPayload
from app.events import (
    Address,
    CallBridged,
    CallDigits,
    CallEnded,
    CallIncoming,
    FetchAsked,
    InboundEvent,
    LegAnswered,
    LegEnded,
    LegHeld,
    LegResumed,
    LegRinging,
    RecordingReady,
    UnknownReceived,
)
from channels.twilio import VoiceAdapter, VoiceConfig
from tests.channels.twilio.wire import ACCOUNT, TOKEN, URL, signed
from tests.channels.wire import NOW

CAPTURED = Path(__file__).parent / "captured"
CALL, LEG, ROOM = "CA" + "1" * 32, "CA" + "2" * 32, "CFe08c870b500f6e44a9ad184defd1f391"
COMMAND = UUID("019364a0-0000-7000-8000-000000000001")
OURS = "019364a0-0000-7000-8000-00000000000f"
STAMP = datetime(2026, 11, 22, 9, 59, 30, tzinfo=UTC)
AGENT = {"leg": "agent", "leg_id": LEG, "command_id": COMMAND}
CUSTOMER = {"leg": "customer", "leg_id": CALL}


def adapter(**config: Any) -> VoiceAdapter:
    settled = {"account_sid": ACCOUNT, "auth_token": TOKEN, "address": "+14155550100", "webhook_url": URL}
    return VoiceAdapter(VoiceConfig.model_validate(settled | config))


def facts(external_id: str, sequence: int, call: str = CALL, **more: Any) -> dict[str, Any]:
    return {
        "conversation": call,
        "external_id": external_id,
        "occurred_at": STAMP,
        "sequence": int(STAMP.timestamp()) * 1000 + sequence,
        **more,
    }


def told(event: str, label: str = f"agent-{COMMAND}", sid: str = LEG, **more: str) -> dict[str, str]:
    """A conference's callback, as twilio.com/docs/voice/twiml/conference lists its fields."""
    return {
        "ConferenceSid": ROOM,
        "FriendlyName": CALL,
        "AccountSid": ACCOUNT,
        "SequenceNumber": "4",
        "Timestamp": "Sun, 22 Nov 2026 09:59:30 +0000",
        "StatusCallbackEvent": event,
        "CallSid": sid,
        "Muted": "false",
        "Hold": "false",
        "Coaching": "false",
        "EndConferenceOnExit": "false",
        "StartConferenceOnEnter": "true",
        "ParticipantLabel": label,
        **more,
    }


def in_room(event: str, **more: Any) -> dict[str, Any]:
    return facts(f"{ROOM}:4:{event}", 4, **more)


def left(label: str, sid: str, reason: str, status: str = "completed") -> dict[str, str]:
    gone = {"ReasonParticipantLeft": reason, "ParticipantCallStatus": status}
    return told("participant-leave", label, sid, **gone)


LEFT = in_room("participant-leave")
SETTLE = FetchAsked(
    **{n: LEFT[n] for n in ("external_id", "conversation", "occurred_at")}, hint={"settle": CALL}
)
JOINED = in_room("participant-join")
CONFERENCE: Mapping[str, tuple[dict[str, str], list[InboundEvent]]] = {
    "the caller joins": (told("participant-join", "customer", CALL), []),
    "the agent joins": (
        told("participant-join"),
        [LegAnswered(**JOINED, **AGENT), CallBridged(**JOINED, **AGENT)],
    ),
    "who is consulted joins": (
        told("participant-join", f"consult-{COMMAND}"),
        [LegAnswered(**JOINED, **{**AGENT, "leg": "consult"})],
    ),
    "the conference starts": (told("conference-start"), []),
    "held": (
        told("participant-hold", "customer", CALL, Hold="true"),
        [LegHeld(**in_room("participant-hold"), **CUSTOMER)],
    ),
    "back": (
        told("participant-unhold", "customer", CALL),
        [
            LegResumed(**in_room("participant-unhold"), **CUSTOMER),
            CallBridged(**in_room("participant-unhold")),
        ],
    ),
    "the caller hangs up": (
        left("customer", CALL, "participant_hung_up"),
        [CallEnded(**LEFT, by="customer")],
    ),
    "the caller is sent elsewhere": (left("customer", CALL, "participant_updated_via_api"), []),
    "the agent hangs up": (
        left(f"agent-{COMMAND}", LEG, "participant_hung_up"),
        [LegEnded(**LEFT, **AGENT, cause="normal", by="agent")],
    ),
    "the agent's line fails": (
        left(f"agent-{COMMAND}", LEG, "participant_hung_up", "failed"),
        [LegEnded(**LEFT, **AGENT, cause="failed", by="agent"), SETTLE],
    ),
    "the agent is taken down": (
        left(f"agent-{COMMAND}", LEG, "participant_updated_via_api"),
        [LegEnded(**LEFT, **AGENT, cause="normal", by="platform"), SETTLE],
    ),
    "the agent's phone is busy": (
        left(f"agent-{COMMAND}", LEG, "participant_add_failed", "busy"),
        [LegEnded(**LEFT, **AGENT, cause="busy", by="agent"), SETTLE],
    ),
    "the order to ring is taken back": (
        left(f"agent-{COMMAND}", LEG, "participant_add_failed", "canceled"),
        [LegEnded(**LEFT, **AGENT, cause="normal", by="platform"), SETTLE],
    ),
    "the conference of a caller ends": (told("conference-end"), []),
    "somebody whom we did not bring": (told("participant-join", "supervisor"), []),
    "muted": (told("participant-mute"), []),
}
PROGRESS = {
    "ringing": [LegRinging(**facts(f"{LEG}:ringing", 1), **AGENT)],
    "in-progress": [],
    "completed": [],
    "busy": [LegEnded(**facts(f"{LEG}:busy", 1), **AGENT, cause="busy", by="agent")],
    "no-answer": [LegEnded(**facts(f"{LEG}:no-answer", 1), **AGENT, cause="no_answer", by="agent")],
    "failed": [LegEnded(**facts(f"{LEG}:failed", 1), **AGENT, cause="unreachable", by="agent")],
    "canceled": [LegEnded(**facts(f"{LEG}:canceled", 1), **AGENT, cause="normal", by="platform")],
}
MALFORMED = {
    "a call without id": ({"From": "+14158675309"}, "", "/CallSid"),
    "a leg of no call": ({"CallSid": LEG, "CallStatus": "ringing"}, "on=leg", "/call"),
    "a leg without state": ({"CallSid": LEG}, f"on=leg&call={CALL}", "/CallStatus"),
    "a conference without name": ({"ConferenceSid": ROOM}, "on=conference", "/FriendlyName"),
    "a conference without event": (
        {"ConferenceSid": ROOM, "FriendlyName": CALL},
        "on=conference",
        "/StatusCallbackEvent",
    ),
    "a participant without id": (told("participant-join", sid=""), "on=conference", "/CallSid"),
    "a recording without address": ({"RecordingSid": "RE1"}, f"on=recording&call={CALL}", "/RecordingUrl"),
    "no form": (b"\xff", "", ""),
}


def parsed(fields: dict[str, str] | bytes, query: str = "", **config: Any) -> list[InboundEvent]:
    request = signed(fields, query)
    adapter(**config).verify(request)
    return list(adapter(**config).parse(request))


class TestIncoming:
    def test_captured(self) -> None:
        (event,) = parsed((CAPTURED / "incoming.form").read_bytes())
        assert event == CallIncoming(
            conversation="CAbe982f58915a2def4cf7aaa1f1766236",
            external_id="CAbe982f58915a2def4cf7aaa1f1766236:incoming",
            address=Address(kind="phone", value="+551135892112"),
            to=Address(kind="phone", value="+16466063895"),
        )

    def test_captured_end(self) -> None:
        (event,) = parsed((CAPTURED / "completed.form").read_bytes(), "on=call")
        assert isinstance(event, CallEnded)
        assert (event.conversation, event.by, event.cause) == (
            "CAbe982f58915a2def4cf7aaa1f1766236", "customer", "normal",
        )  # fmt: skip
        assert event.occurred_at == datetime(2018, 3, 25, 9, 53, 19, tzinfo=UTC)

    @pytest.mark.parametrize("caller", ["", "anonymous", "+266696687", "+7378742883", "Restricted"])
    def test_withheld(self, caller: str) -> None:
        (event,) = parsed({"CallSid": CALL, "CallStatus": "ringing", "From": caller})
        assert isinstance(event, CallIncoming)
        assert (event.address, event.from_presentation) == (None, "withheld")

    def test_for_a_queue(self) -> None:
        (event,) = parsed({"CallSid": CALL, "From": "+14158675309"}, "queue=sales")
        assert isinstance(event, CallIncoming) and event.queue == "sales"

    def test_ended_by_us(self) -> None:
        (event,) = parsed({"CallSid": CALL, "CallStatus": "completed"}, "on=call&by=agent")
        assert isinstance(event, CallEnded) and event.by == "agent"


class TestConference:
    @pytest.mark.parametrize(("fields", "events"), CONFERENCE.values(), ids=CONFERENCE)
    def test_told(self, fields: dict[str, str], events: list[InboundEvent]) -> None:
        assert parsed(fields, "on=conference") == events

    def test_the_agent_of_a_call_of_ours_joins(self) -> None:
        fields = told("participant-join", f"dial-{COMMAND}") | {"FriendlyName": OURS}
        query = urlencode({"on": "conference", "to": "+13125550142", "from": "+1415", "command": COMMAND})
        answered, asked = parsed(fields, query)
        assert isinstance(answered, LegAnswered) and isinstance(asked, FetchAsked)
        assert asked.hint == {"dial": OURS, "to": "+13125550142", "from": "+1415", "command": str(COMMAND)}

    def test_whom_we_called_is_not_reached(self) -> None:
        fields = left(f"called-{COMMAND}", LEG, "participant_add_failed", "no-answer")
        gone, over, asked = parsed(fields | {"FriendlyName": OURS}, "on=conference")
        assert isinstance(gone, LegEnded) and isinstance(over, CallEnded) and isinstance(asked, FetchAsked)
        assert (gone.leg, gone.cause, over.cause, asked.hint) == (
            "customer", "no_answer", "no_answer", {"over": OURS},
        )  # fmt: skip

    def test_whom_we_called_hangs_up(self) -> None:
        reason = {"ReasonConferenceEnded": "participant-with-end-conference-on-exit-left"}
        (over,) = parsed(told("conference-end", **reason) | {"FriendlyName": OURS}, "on=conference")
        assert isinstance(over, CallEnded) and over.by == "customer"

    def test_an_event_that_is_new_to_us(self) -> None:
        (event,) = parsed(told("participant-levitate"), "on=conference")
        assert isinstance(event, UnknownReceived) and event.kind == "participant-levitate"


class TestLeg:
    @pytest.mark.parametrize(("status", "events"), PROGRESS.items())
    def test_progress(self, status: str, events: list[InboundEvent]) -> None:
        stamped = {"Timestamp": "Sun, 22 Nov 2026 09:59:30 +0000", "SequenceNumber": "1"}
        query = urlencode({"on": "leg", "call": CALL, "leg": "agent", "command": COMMAND})
        assert parsed({"CallSid": LEG, "CallStatus": status, **stamped}, query) == events

    def test_declined_at_the_phone(self) -> None:
        query = urlencode({"on": "leg", "call": CALL, "leg": "agent", "command": COMMAND})
        (event,) = parsed({"CallSid": LEG, "CallStatus": "busy", "SipResponseCode": "603"}, query)
        assert isinstance(event, LegEnded) and event.cause == "rejected"

    def test_a_callback_at_once_happened_when_it_came(self) -> None:
        """Twilio's own time has whole seconds."""
        stamp = {"Timestamp": "Sun, 22 Nov 2026 10:00:00 +0000", "SequenceNumber": "1"}
        request = signed({"CallSid": LEG, "CallStatus": "ringing", **stamp}, f"on=leg&call={CALL}&leg=agent")
        at = NOW + timedelta(milliseconds=300)
        (event,) = adapter().parse(replace(request, received_at=at))
        assert event.occurred_at == at


class TestOthers:
    def test_digits(self) -> None:
        (event,) = parsed({"CallSid": CALL, "Digits": "4111111111111111"}, f"on=digits&call={CALL}")
        assert isinstance(event, CallDigits) and event.digits == "************1111"

    def test_recording_with_the_consent_that_it_rests_on(self) -> None:
        fields = {"RecordingSid": "RE1", "RecordingUrl": "https://api.twilio.com/x", "RecordingDuration": "6"}
        (event,) = parsed(
            fields | {"RecordingStatus": "completed"}, f"on=recording&call={CALL}&consent=opt_in"
        )
        assert isinstance(event, RecordingReady)
        assert (event.conversation, event.duration_seconds, event.consent) == (CALL, 6.0, "opt_in")
        assert parsed(fields | {"RecordingStatus": "absent"}, f"on=recording&call={CALL}") == []

    def test_a_message_after_the_beep_is_a_call_that_nobody_answered(self) -> None:
        fields = {"CallSid": CALL, "From": "+14158675309", "To": "+14155550100", "RecordingSid": "RE1"}
        events = parsed(fields | {"RecordingUrl": "https://api.twilio.com/x"}, "on=voicemail")
        assert [type(event) for event in events] == [CallIncoming, RecordingReady, CallEnded]

    @pytest.mark.parametrize("copied", [True, False])
    def test_a_recording_can_be_fetched(self, copied: bool) -> None:
        place = "/2010-04-01/Accounts/AC1/Recordings/RE1"
        fields = {"RecordingSid": "RE1", "RecordingUrl": f"https://api.twilio.com{place}"}
        request = signed(fields, f"on=recording&call={CALL}")
        (event,) = adapter(copy_recordings=copied).parse(request)
        assert isinstance(event, RecordingReady)
        assert (event.media, event.copied) == ({"path": place}, copied)

    @pytest.mark.parametrize("on", ["consent", "waiting", "confirm", "confirmed", "announce", "spoken"])
    def test_questions_for_a_document_tell_nothing(self, on: str) -> None:
        assert parsed({"CallSid": CALL, "CallStatus": "in-progress", "Digits": "1"}, f"on={on}") == []

    def test_an_address_that_is_not_ours(self) -> None:
        (event,) = parsed({"CallSid": CALL}, "on=future")
        assert isinstance(event, UnknownReceived)

    @pytest.mark.parametrize(("fields", "query", "pointer"), MALFORMED.values(), ids=MALFORMED)
    def test_malformed(self, fields: dict[str, str] | bytes, query: str, pointer: str) -> None:
        with pytest.raises(MalformedPayload) as error:
            adapter().parse(
                replace(
                    signed({}, query),
                    body=fields if isinstance(fields, bytes) else urlencode(fields).encode(),
                )
            )
        assert error.value.pointer == pointer
