"""Every event of the CTI format, from the bytes that a platform posts to the catalogue's models."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from app.errors import BadSignature, MalformedPayload
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
from channels.cti import CtiAdapter, CtiConfig
from channels.cti.payload import EVENT_TYPES
from tests.channels.wire import SECRET, post, signed

CAPTURED = Path(__file__).parent / "captured"
COMMAND = UUID("019364a0-0000-7000-8000-000000000001")
HEAD: Mapping[str, Any] = {
    "call_id": "c-1",
    "sequence": 3,
    "from": "+14158675309",
    "to": "+14158675310",
    "at": "2026-11-22T10:00:01Z",
}
COMMON: Mapping[str, Any] = {
    "external_id": "msg_1",
    "conversation": "c-1",
    "sequence": 3,
    "address": Address(kind="phone", value="+14158675309"),
    "to": Address(kind="phone", value="+14158675310"),
    "occurred_at": datetime(2026, 11, 22, 10, 0, 1, tzinfo=UTC),
}
CASES: Mapping[str, tuple[Mapping[str, Any], CallEvent]] = {
    "call.incoming": ({"data": {}}, CallIncoming(**COMMON)),
    "leg.ringing": ({"leg": "agent", "leg_id": "l"}, LegRinging(**COMMON, leg="agent", leg_id="l")),
    "leg.answered": ({"leg": "consult"}, LegAnswered(**COMMON, leg="consult")),
    "leg.held": ({"command_id": str(COMMAND)}, LegHeld(**COMMON, command_id=COMMAND)),
    "leg.resumed": ({}, LegResumed(**COMMON)),
    "leg.ended": ({"data": {"cause": "no_answer"}}, LegEnded(**COMMON, cause="no_answer")),
    "call.bridged": ({"leg": None, "data": {}}, CallBridged(**COMMON)),
    "call.digits": ({"data": {"digits": "12#"}}, CallDigits(**COMMON, digits="12#")),
    "call.ended": ({"data": {"cause": "normal", "by": "customer"}}, CallEnded(**COMMON, by="customer")),
    "recording.ready": (
        {"data": {"url": "https://pbx.test/r/1.wav", "duration_seconds": 12.5}},
        RecordingReady(
            **COMMON,
            url="https://pbx.test/r/1.wav",
            duration_seconds=12.5,
            media={"url": "https://pbx.test/r/1.wav"},
        ),
    ),
    "command.failed": (
        {"data": {"command_id": str(COMMAND), "reason": "no such call"}},
        CommandFailed(**COMMON, command_id=COMMAND, reason="no such call"),
    ),
    "calls.snapshot": (
        {"call_id": None, "data": {"call_ids": ["c-1", "c-2"]}},
        CallsSnapshot(**{**COMMON, "conversation": None}, call_ids=("c-1", "c-2")),
    ),
}
MALFORMED = {
    "not json": (b"{", ""),
    "a list": (b"[]", ""),
    "no type": (b"{}", "/type"),
    "type a number": (b'{"type": 1}', "/type"),
    "no call": ({"type": "leg.ringing", "call_id": None}, "/call_id"),
    "call empty": ({"type": "leg.ringing", "call_id": ""}, "/call_id"),
    "call a number": ({"type": "leg.ringing", "call_id": 7}, "/call_id"),
    "call too long": ({"type": "leg.ringing", "call_id": "c" * 201}, "/call_id"),
    "no time": ({"type": "leg.ringing", "at": None}, "/at"),
    "time without zone": ({"type": "leg.ringing", "at": "2026-11-22T10:00:01"}, "/at"),
    "time that UTC has not": ({"type": "leg.ringing", "at": "9999-12-31T23:59:59-14:00"}, "/at"),
    "time a word": ({"type": "leg.ringing", "at": "now"}, "/at"),
    "sequence a text": ({"type": "leg.ringing", "sequence": "3"}, "/sequence"),
    "sequence negative": ({"type": "leg.ringing", "sequence": -1}, "/sequence"),
    "sequence a float": ({"type": "leg.ringing", "sequence": 1e30}, "/sequence"),
    "sequence a truth": ({"type": "leg.ringing", "sequence": True}, "/sequence"),
    "caller a number": ({"type": "leg.ringing", "from": 14158675309}, "/from"),
    "unknown leg": ({"type": "leg.ringing", "leg": "ghost"}, "/leg"),
    "command id no uuid": ({"type": "leg.ringing", "command_id": "1"}, "/command_id"),
    "data a text": ({"type": "leg.ended", "data": "busy"}, "/data"),
    "unknown cause": ({"type": "leg.ended", "data": {"cause": "boredom"}}, "/data/cause"),
    "no digits": ({"type": "call.digits"}, "/data/digits"),
    "digits a number": ({"type": "call.digits", "data": {"digits": 1}}, "/data/digits"),
    "no url": ({"type": "recording.ready", "data": {}}, "/data/url"),
    "failure of nothing": ({"type": "command.failed", "data": {"reason": "x"}}, "/data/command_id"),
    "snapshot of nothing": ({"type": "calls.snapshot", "data": {}}, "/data/call_ids"),
    "snapshot of numbers": ({"type": "calls.snapshot", "data": {"call_ids": [1]}}, "/data/call_ids/0"),
    "presentation unknown": (
        {"type": "call.incoming", "data": {"from_presentation": "shy"}},
        "/data/from_presentation",
    ),
}
CALLERS = {
    "+8613800138000": Address(kind="phone", value="+8613800138000"),
    "138 0013 8000": Address(kind="phone", value="+8613800138000"),
    "95588": Address(kind="short_code", value="95588"),
    "400-800-1234": Address(kind="short_code", value="4008001234"),
    "8001": Address(kind="extension", value="8001"),
    "sip:wang@PBX.test": Address(kind="sip", value="sip:wang@pbx.test"),
    "sip:+8613800138000@carrier.test;user=phone": Address(kind="phone", value="+8613800138000"),
    "": None,
    "anonymous": None,
    "sip:anonymous@anonymous.invalid": None,
    "Unavailable": None,
    "+0": None,
    "0000000000": None,
    "+999123456789": None,
}


def adapter(**config: Any) -> CtiAdapter:
    return CtiAdapter(CtiConfig.model_validate({"secret": SECRET, "region": "CN"} | config))


def parse_one(payload: Mapping[str, Any]) -> CallEvent:
    (event,) = adapter().parse(signed(dict(payload)))
    assert isinstance(event, CallEvent)
    return event


class TestParse:
    @pytest.mark.parametrize("wire_type", EVENT_TYPES)
    def test_every_type(self, wire_type: str) -> None:
        extra, expected = CASES[wire_type]
        assert parse_one({**HEAD, "type": wire_type, **extra}) == expected

    def test_captured_incoming(self) -> None:
        (event,) = adapter().parse(signed((CAPTURED / "incoming.json").read_bytes()))
        assert event == CallIncoming(
            external_id="msg_1",
            conversation="c-7f3a",
            sequence=1,
            address=Address(kind="phone", value="+8613800138000"),
            to=Address(kind="short_code", value="4008001234"),
            occurred_at=datetime(2026, 11, 22, 10, 0, 0, 123000, tzinfo=UTC),
            trunk="trunk-a",
            queue="billing",
            collected_digits="2",
            uui="004f7264",
        )

    def test_captured_withheld(self) -> None:
        (event,) = adapter().parse(signed((CAPTURED / "incoming_withheld.json").read_bytes()))
        assert isinstance(event, CallIncoming)
        assert (event.address, event.from_presentation) == (None, "withheld")

    def test_captured_leg_ended_with_a_member_of_later(self) -> None:
        (event,) = adapter().parse(signed((CAPTURED / "leg_ended.json").read_bytes()))
        assert isinstance(event, LegEnded)
        assert (event.cause, event.by, event.leg, event.command_id) == ("busy", "agent", "agent", COMMAND)

    def test_withheld_goes_before_a_number(self) -> None:
        payload = {**HEAD, "type": "call.incoming", "data": {"from_presentation": "withheld"}}
        assert parse_one(payload).address is None

    @pytest.mark.parametrize(("caller", "address"), CALLERS.items())
    def test_caller(self, caller: str, address: Address | None) -> None:
        assert parse_one({**HEAD, "type": "call.incoming", "from": caller}).address == address

    def test_without_sequence(self) -> None:
        assert parse_one({**HEAD, "type": "leg.ringing", "sequence": None}).sequence is None

    @pytest.mark.parametrize("payload", [{"type": "call.sung"}, {"type": "call.sung", "at": 0, "data": 3}])
    def test_unknown_type_is_kept_as_what_it_is(self, payload: dict[str, Any]) -> None:
        (event,) = adapter().parse(signed(payload))
        assert isinstance(event, UnknownReceived)
        assert (event.kind, event.external_id, event.payload) == ("call.sung", "msg_1", payload)

    def test_card_number_keyed_in(self) -> None:
        event = parse_one({**HEAD, "type": "call.digits", "data": {"digits": "4111111111111111"}})
        assert isinstance(event, CallDigits)
        assert event.digits == "************1111"

    def test_nul_in_a_text(self) -> None:
        event = parse_one({**HEAD, "type": "call.incoming", "data": {"uui": "a\x00b"}})
        assert isinstance(event, CallIncoming)
        assert event.uui == "ab"

    @pytest.mark.parametrize(("payload", "pointer"), MALFORMED.values(), ids=MALFORMED.keys())
    def test_malformed(self, payload: bytes | dict[str, Any], pointer: str) -> None:
        body = payload if isinstance(payload, bytes) else {**HEAD, **payload}
        with pytest.raises(MalformedPayload) as caught:
            adapter().parse(signed(body))
        assert caught.value.pointer == pointer

    def test_without_webhook_id(self) -> None:
        with pytest.raises(BadSignature):
            adapter().parse(post(b"{}"))

    def test_any_json(self, shared_data: Path) -> None:
        for file in sorted((shared_data / "json").glob("*.json")):
            with pytest.raises(MalformedPayload):
                adapter().parse(post(file.read_bytes(), {"webhook-id": file.name[:200]}))
