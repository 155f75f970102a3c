"""What single events tell, and that nothing an exchange sends is lost or stops us."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.errors import BadSignature, MalformedPayload
from app.events import InboundEvent, UnknownReceived
from channels.ari import AriAdapter, AriConfig
from channels.ari.payload import PASSED_OVER, AriEvent, read_frame
from channels.ari.switchboard import Switchboard
from channels.base import WireRequest

CONFIG = {"url": "http://pbx.test:8088/ari", "username": "touchpoint", "password": "secret"}
CALL = "pbx-1795330263.30"
LEG = "tp-agent-01890000000070008000000000000001-pbx-1795330263.30"


def adapter(**config: Any) -> AriAdapter:
    return AriAdapter(AriConfig.model_validate(CONFIG | config))


def event(kind: str, at: int = 0, channel: str = CALL, **members: Any) -> dict[str, Any]:
    dialplan = {"exten": "95588", "app_name": "Stasis", "app_data": "touchpoint,inbound"}
    shown = {
        "id": channel,
        "name": "PJSIP/trunk-00000000",
        "state": "Up",
        "caller": {"name": 'Li "Lei"', "number": "+8613800138000"},
        "dialplan": dialplan,
        "creationtime": "2026-11-22T06:50:41.341+0000",
    }
    head = {"type": kind, "timestamp": f"2026-11-22T06:50:{41 + at}.342+0000", "application": "touchpoint"}
    place = {"peer": shown} if kind == "Dial" else {"channel": shown}
    return {**head, **place, **members}


def bridge(name: str) -> dict[str, Any]:
    return {"id": name, "bridge_type": "mixing", "channels": []}


A_CALL = [
    event("StasisStart", args=["queue=billing", "inbound"]),
    event("ChannelVarset", variable="x", value="1"),
    event("ChannelEnteredBridge", 1, bridge=bridge("touchpoint-waiting")),
    event("ChannelDtmfReceived", 2, digit="1", duration_ms=100),
    event("Dial", 3, LEG, dialstatus=""),
    event("Dial", 3, LEG, dialstatus="RINGING"),
    event("ChannelStateChange", 3, f"{LEG};2"),
    event("Dial", 4, LEG, dialstatus="ANSWER"),
    event("StasisStart", 4, LEG, args=[]),
    event("ChannelLeftBridge", 5, bridge=bridge("touchpoint-waiting")),
    event("ChannelEnteredBridge", 5, bridge=bridge(f"tp-talk-{CALL}")),
    event("ChannelEnteredBridge", 5, LEG, bridge=bridge(f"tp-talk-{CALL}")),
    event("ChannelDtmfReceived", 6, digit="4", duration_ms=100),
    event("ChannelHangupRequest", 7),
    event("ChannelLeftBridge", 7, bridge=bridge(f"tp-talk-{CALL}")),
    event("StasisEnd", 7),
    event("ChannelHangupRequest", 7, cause=16),
    event("StasisEnd", 8, LEG),
    event("ChannelDestroyed", 8, LEG, cause=32, cause_txt="Unknown"),
]


def heard(board: Switchboard, events: list[dict[str, Any]]) -> list[InboundEvent]:
    told: list[InboundEvent] = []
    for item in events:
        read = read_frame(json.dumps(item).encode())
        if isinstance(read, AriEvent):
            told += board.hear(read).events
        elif read is not None:
            told.append(read)
    return told


class TestACall:
    def test_what_is_told_of_it(self) -> None:
        told = heard(adapter().switchboard(), A_CALL)
        assert [type(e).__name__ for e in told] == [
            "CallIncoming",
            "CallDigits",
            "LegRinging",
            "LegAnswered",
            "CallBridged",
            "CallEnded",
        ]
        assert {e.conversation for e in told} == {CALL}

    def test_keys_during_the_talk_are_not_kept(self) -> None:
        """They may be a card number."""
        told = heard(adapter().switchboard(), A_CALL)
        assert [e.digits for e in told if hasattr(e, "digits")] == ["1"]

    def test_the_same_events_tell_the_same(self) -> None:
        first, second = (heard(adapter().switchboard(), A_CALL) for _ in range(2))
        assert first == second

    @pytest.mark.parametrize("cut", range(1, len(A_CALL)))
    def test_heard_again_from_anywhere_it_tells_nothing_new(self, cut: int) -> None:
        """Up to the end; a call that has ended would begin anew, with the key of a duplicate."""
        board = adapter().switchboard()
        part = [e for e in A_CALL[:cut] if e["type"] != "ChannelDtmfReceived"]
        told = heard(board, part)
        again = heard(board, [e for e in part if e["type"] in ("StasisStart", "Dial", "StasisEnd")])
        assert {e.external_id for e in again} <= {e.external_id for e in told}

    def test_the_recording_names_its_call(self) -> None:
        recording = {"name": "touchpoint-x", "format": "wav", "target_uri": f"bridge:tp-talk-{CALL}"}
        finished = event("RecordingFinished", recording={**recording, "state": "done", "duration": 0})
        told: Any = heard(adapter().switchboard(), [finished])
        assert (told[0].conversation, told[0].duration_seconds) == (CALL, 0)
        assert told[0].url == "http://pbx.test:8088/ari/recordings/stored/touchpoint-x/file"

    def test_somebody_elses_recording_is_none_of_ours(self) -> None:
        other = {"name": "x", "format": "wav", "target_uri": "channel:x", "state": "done", "duration": 3}
        assert heard(adapter().switchboard(), [event("RecordingFinished", recording=other)]) == []


OTHERS = [
    event("StasisStart", channel="snoop-1", args=["monitor"])
    | {"channel": {"id": "snoop-1", "name": "Snoop/x-00000000", "state": "Up"}},
    event("StasisEnd", channel="cust-of-others"),
    event("Dial", channel="busy-9d7c2b2c", dialstatus="BUSY"),
    event("ChannelDtmfReceived", channel="p2-0b724bfe", digit="1"),
    event("ChannelUserevent", channel="x", eventname="something"),
]


class TestNotOurs:
    @pytest.mark.parametrize("other", OTHERS, ids=lambda e: e["type"])
    def test_tells_nothing(self, other: dict[str, Any]) -> None:
        assert heard(adapter().switchboard(), [other]) == []

    @pytest.mark.parametrize("kind", sorted(PASSED_OVER))
    def test_most_of_the_traffic(self, kind: str) -> None:
        assert read_frame(json.dumps({"type": kind}).encode()) is None


UNREADABLE = [
    (b"", "empty"),
    (b"[]", "object"),
    (b"{}", "/type"),
    (b'{"type": 7}', "/type"),
    (b'{"type": "StasisStart"}', "/channel"),
    (b'{"type": "StasisStart", "channel": {"id": "x"}}', "/timestamp"),
    (b'{"type": "StasisStart", "channel": {"id": ""}, "timestamp": "2026-11-22T06:50:41.342+0000"}', "/id"),
    (b'{"type": "StasisEnd", "channel": {"id": "x"}, "timestamp": "yesterday"}', "/timestamp"),
    (b'{"type": "ChannelLeftBridge", "channel": {"id": "x"}}', "/bridge"),
]


class TestUnknown:
    def test_an_unknown_type_is_kept(self) -> None:
        told = heard(adapter().switchboard(), [event("ChannelTransfer", state="channel_answered")])
        assert [(type(e), e.model_dump()["kind"]) for e in told] == [(UnknownReceived, "ChannelTransfer")]

    @pytest.mark.parametrize(("frame", "why"), UNREADABLE)
    def test_what_cannot_be_read_is_kept_with_the_reason(self, frame: bytes, why: str) -> None:
        kept = read_frame(frame)
        assert isinstance(kept, UnknownReceived)
        assert kept.kind == "unreadable" and why in kept.payload["why"]

    def test_members_that_are_new_are_passed_over(self) -> None:
        told = heard(adapter().switchboard(), [event("StasisStart", args=[], colour="red")])
        assert [type(e).__name__ for e in told] == ["CallIncoming"]


class TestWebhook:
    """Asterisk calls nobody: whatever comes there is not from it."""

    def test_it_is_refused(self) -> None:
        with pytest.raises(BadSignature):
            adapter().verify(WireRequest("POST", "https://desk.test/webhooks/1", {}, b"{}"))
        with pytest.raises(MalformedPayload):
            adapter().parse(WireRequest("POST", "https://desk.test/webhooks/1", {}, b"{}"))


class TestCorpus:
    def test_what_a_running_exchange_sent(self, shared_data: Path) -> None:
        """One event of each type; the last lines but a few are of another interface and have no type."""
        lines = (shared_data / "asterisk" / "events.jsonl").read_text(encoding="utf-8").splitlines()
        board, unread = adapter().switchboard(), 0
        told: list[Any] = []
        for line in lines:
            read = read_frame(line.encode())
            if isinstance(read, AriEvent):
                told += board.hear(read).events
            unread += isinstance(read, UnknownReceived)
            assert not isinstance(read, UnknownReceived) or "Event" in json.loads(line)
        assert unread == sum("Event" in json.loads(line) for line in lines)
        assert [(type(e).__name__, e.conversation) for e in told] == [("CallIncoming", "cust-8593e1a0")]
        assert (told[0].address.value, told[0].occurred_at.isoformat()) == (
            "5550100",
            "2026-11-22T06:50:41.341000+00:00",
        )
