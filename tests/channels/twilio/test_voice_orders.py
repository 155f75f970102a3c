"""Orders as requests: what is asked, in which order, and what Twilio's refusals mean."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID
from xml.etree.ElementTree import fromstring

import orjson
import pytest

from app.events import CallEnded, CallIncoming, CallsSnapshot, LegEnded
from channels.abilities import NotDone
from channels.base import CALL_ENDED, CallCommand, SendOutcome, SendResult, WireRequest, WireResponse
from channels.twilio.form import query_of
from tests.channels.twilio.test_voice_events import CALL, COMMAND, OURS, adapter
from tests.channels.twilio.wire import ACCOUNT, URL, fields_in, run
from tests.channels.wire import NOW

OLDER = UUID(int=1)
ROOM = {"sid": "CF1", "friendly_name": CALL, "status": "in-progress"}
CUSTOMER = {"call_sid": CALL, "label": "customer", "hold": False, "status": "connected"}
AGENT = {"call_sid": "CA2", "label": f"agent-{OLDER}", "hold": False, "status": "connected"}
ASKED = {"call_sid": "CA3", "label": f"consult-{UUID(int=2)}", "hold": False, "status": "connected"}
HELD = CUSTOMER | {"hold": True}
GONE = SendResult(SendOutcome.REJECTED, reason=CALL_ENDED)


def ok(document: object, status: int = 200) -> WireResponse:
    return WireResponse(status, {"date": "Sun, 22 Nov 2026 10:00:00 GMT"}, orjson.dumps(document))


def refusal(code: int, status: int = 400) -> WireResponse:
    return ok({"code": code, "message": "Refused", "status": status}, status)


def room(*people: Mapping[str, Any], **changes: Any) -> list[WireResponse]:
    dated = [
        {"date_created": f"Sun, 22 Nov 2026 09:00:{second:02} +0000", **person}
        for second, person in enumerate(people)
    ]
    return [ok({"conferences": [ROOM | changes]}), ok({"participants": dated})]


def order(name: str, call: str | None = CALL, **arguments: Any) -> CallCommand:
    return CallCommand(name, COMMAND, call, NOW, NOW + timedelta(seconds=5), arguments)


def carried_out(
    command: CallCommand, answers: Sequence[WireResponse], **config: Any
) -> tuple[list[WireRequest], SendResult]:
    return run(adapter(**config).carry_out(command), answers)


def told(request: WireRequest) -> tuple[str, str, dict[str, str]]:
    path = request.url.removeprefix(f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/")
    form = {name: values[0] for name, values in fields_in(request.body).items()}
    return request.method, path.partition("?")[0].removesuffix(".json"), form


def changes(asked: Sequence[WireRequest]) -> list[tuple[str, str, dict[str, str]]]:
    return [told(request) for request in asked if request.method != "GET"]


class TestRoute:
    def test_the_agents_device_into_the_callers_conference(self) -> None:
        command = order("call.route", to="sip:1001@x.test", confirm_key=False)
        asked, result = carried_out(command, [*room(CUSTOMER, status="init"), ok({"call_sid": "CA9"}, 201)])
        assert result.outcome is SendOutcome.SENT
        ((method, path, form),) = changes(asked)
        assert (method, path) == ("POST", "Conferences/CF1/Participants")
        assert (form["To"], form["From"], form["Label"]) == (
            "sip:1001@x.test", "+14155550100", f"agent-{COMMAND}",
        )  # fmt: skip
        assert (form["EndConferenceOnExit"], form["EarlyMedia"]) == ("false", "false")
        progress = f"{URL}?on=leg&call={CALL}&leg=agent&command={COMMAND}#rc=5&rp=all"
        assert form["StatusCallback"] == progress
        assert fields_in(asked[-1].body)["StatusCallbackEvent"][1] == "ringing"

    def test_tried_again_it_rings_once(self) -> None:
        rings = AGENT | {"label": f"agent-{COMMAND}", "status": "ringing"}
        asked, result = carried_out(order("call.route", to="x", confirm_key=False), room(CUSTOMER, rings))
        assert result.outcome is SendOutcome.SENT and not changes(asked)

    @pytest.mark.parametrize("answer", [refusal(20404, 404), ok({"status": "completed"})])
    def test_the_caller_has_left(self, answer: WireResponse) -> None:
        _, result = carried_out(
            order("call.route", to="x", confirm_key=False), [ok({"conferences": []}), answer]
        )
        assert result == GONE

    def test_the_caller_still_hears_the_greeting(self) -> None:
        answers = [ok({"conferences": []}), ok({"status": "in-progress"}), ok({"call_sid": "CA9"}, 201)]
        asked, _ = carried_out(order("call.route", to="sip:1@x.test", confirm_key=False), answers)
        assert changes(asked)[0][1] == f"Conferences/{CALL}/Participants"

    def test_a_phone_outside_is_asked_first(self) -> None:
        command = order("call.route", to="+13125550142", confirm_key=True)
        asked, _ = carried_out(command, [*room(CUSTOMER), ok({"sid": "CA9"}, 201)])
        ((_, path, form),) = changes(asked)
        assert path == "Calls"
        assert form["Url"].startswith(f"{URL}?on=confirm&call={CALL}&label=agent-{COMMAND}")

    def test_away_to_a_number(self) -> None:
        asked, _ = carried_out(order("call.route", to="+13125550142"), [*room(CUSTOMER, AGENT), ok({}, 201)])
        form = changes(asked)[0][2]
        assert (form["Label"], form["EndConferenceOnExit"]) == (f"away-{COMMAND}", "true")


class TestHold:
    def test_with_music(self) -> None:
        asked, _ = carried_out(
            order("call.hold"), [*room(CUSTOMER, AGENT), ok({})], music_url="https://x.test/m.mp3"
        )
        assert changes(asked) == [
            ("POST", f"Conferences/CF1/Participants/{CALL}",
             {"Hold": "true", "HoldUrl": "https://x.test/m.mp3", "HoldMethod": "GET"}),
        ]  # fmt: skip

    @pytest.mark.parametrize("code", [20404, 21220])
    def test_refused_because_the_call_has_ended(self, code: int) -> None:
        answers = [*room(CUSTOMER, AGENT), refusal(code, 404), ok({"status": "completed"})]
        assert carried_out(order("call.hold"), answers)[1] == GONE

    def test_refused_while_the_call_lives(self) -> None:
        """Sent on to another conference, say."""
        answers = [*room(CUSTOMER, AGENT), refusal(20404, 404), ok({"status": "in-progress"})]
        result = carried_out(order("call.hold"), answers)[1]
        assert result.outcome is SendOutcome.REJECTED and result != GONE

    def test_too_many_requests(self) -> None:
        _, result = carried_out(order("call.hold"), [refusal(20429, 429)])
        assert result.outcome is SendOutcome.THROTTLED


class TestConsult:
    def test_swap_never_lets_them_hear_each_other(self) -> None:
        asked, _ = carried_out(order("call.swap"), [*room(HELD, AGENT, ASKED), ok({}), ok({})])
        assert [(path[-3:], form["Hold"]) for _, path, form in changes(asked)] == [
            ("CA3", "true"), (CALL[-3:], "false"),
        ]  # fmt: skip

    def test_handed_over(self) -> None:
        asked, _ = carried_out(
            order("call.complete_transfer"), [*room(HELD, AGENT, ASKED), ok({}), WireResponse(204)]
        )
        assert [(method, path[-3:]) for method, path, _ in changes(asked)] == [
            ("POST", CALL[-3:]), ("DELETE", "CA2"),
        ]  # fmt: skip

    def test_a_number_outside_takes_the_call_along(self) -> None:
        outside = ASKED | {"label": f"outside-{OLDER}"}
        asked, _ = carried_out(order("call.complete_transfer"), [*room(HELD, outside), ok({}), ok({})])
        assert changes(asked)[0][2] == {"EndConferenceOnExit": "true"}

    def test_nobody_has_answered(self) -> None:
        rings = ASKED | {"status": "ringing"}
        _, result = carried_out(order("call.complete_transfer"), room(HELD, AGENT, rings))
        assert (result.outcome, result.reason) == (SendOutcome.REJECTED, "nobody is consulted")

    def test_given_up_while_it_rings(self) -> None:
        rings = ASKED | {"status": "ringing"}
        asked, _ = carried_out(order("call.cancel_transfer"), [*room(HELD, AGENT, rings), ok({}), ok({})])
        assert changes(asked)[0] == ("POST", "Calls/CA3", {"Status": "completed"})
        assert changes(asked)[1][2] == {"Hold": "false"}


class TestEnd:
    def test_who_called_us(self) -> None:
        asked, _ = carried_out(order("call.end"), [ok({})])
        ((_, path, form),) = changes(asked)
        assert (path, form["Status"]) == (f"Calls/{CALL}", "completed")
        assert form["StatusCallback"] == f"{URL}?on=call&by=agent#rc=5&rp=all"

    def test_over_already(self) -> None:
        assert carried_out(order("call.end"), [refusal(21220)])[1] == GONE

    def test_whom_we_call_rings_no_more(self) -> None:
        rings = {"call_sid": "CA4", "label": f"called-{OLDER}", "status": "ringing"}
        asked, _ = carried_out(order("call.end", OURS), [*room(AGENT, rings), ok({}), ok({})])
        assert [path for _, path, _ in changes(asked)] == ["Calls/CA4", "Conferences/CF1"]

    def test_an_announcement_and_then_the_end(self) -> None:
        command = order("call.play", announcement="closed", then="end")
        asked, _ = carried_out(command, [ok({})], announcements={"closed": "We are <closed>."})
        assert changes(asked)[0][2]["Twiml"].endswith(
            '<Response><Say language="en-US">We are &lt;closed&gt;.</Say><Hangup/></Response>'
        )

    def test_an_announcement_and_then_what_the_caller_says(self) -> None:
        command = order("call.play", announcement="closed", then="record")
        asked, _ = carried_out(command, [ok({})], announcements={"closed": "We are closed."})
        document = fromstring(changes(asked)[0][2]["Twiml"])
        say, record, hang_up = document
        assert (say.tag, say.text, record.tag, hang_up.tag) == ("Say", "We are closed.", "Record", "Hangup")
        assert record.get("maxLength") == "180"
        assert query_of(record.get("recordingStatusCallback", "")) == {
            "on": "recording", "call": CALL, "consent": "announced",
        }  # fmt: skip
        assert query_of(record.get("action", "")) == {"on": "spoken"}

    def test_nothing_rings_any_more(self) -> None:
        command = order("call.cancel", route_command_id=str(UUID(int=9)))
        asked, result = carried_out(command, room(CUSTOMER))
        assert result.outcome is SendOutcome.SENT and not changes(asked)


class TestRecording:
    def test_paused_in_silence(self) -> None:
        asked, _ = carried_out(order("recording.pause"), [*room(CUSTOMER, AGENT), ok({})])
        assert changes(asked) == [
            ("POST", "Conferences/CF1/Recordings/Twilio.CURRENT",
             {"Status": "paused", "PauseBehavior": "silence"}),
        ]  # fmt: skip

    def test_nothing_is_recorded(self) -> None:
        """The call goes on: only its recording is not there."""
        _, result = carried_out(order("recording.pause"), [*room(CUSTOMER, AGENT), refusal(20404, 404)])
        assert result.outcome is SendOutcome.REJECTED and result != GONE

    def test_off_stays_off(self) -> None:
        _, result = carried_out(order("recording.start"), [])
        assert result.outcome is SendOutcome.REJECTED


class TestUpkeep:
    def test_which_calls_live_and_which_have_ended(self) -> None:
        ended = {
            "sid": "CA8", "status": "completed", "direction": "inbound", "from": "+14158675309",
            "to": "+14155550100", "start_time": "Sun, 22 Nov 2026 09:00:00 +0000",
            "end_time": "Sun, 22 Nov 2026 09:01:00 +0000",
        }  # fmt: skip
        answers = [
            ok({"calls": [{"sid": CALL}]}),
            ok({"calls": []}),
            ok({"conferences": [ROOM, {**ROOM, "friendly_name": OURS}]}),
            ok({"conferences": []}),
            ok({"calls": [ended, ended | {"direction": "outbound-api"}]}),
        ]
        _, fetched = run(adapter().fetch({"since": "2026-11-22T09:00:00Z"}, {}), answers)
        snapshot, began, over = fetched.events
        assert isinstance(snapshot, CallsSnapshot) and snapshot.call_ids == (CALL, OURS)
        assert snapshot.occurred_at == NOW
        assert isinstance(began, CallIncoming) and began.external_id == "CA8:incoming"
        assert isinstance(over, CallEnded) and over.external_id == "CA8:completed"
        assert fetched.state == {"since": "2026-11-22T09:30:00Z"}

    def test_an_outage_is_no_empty_list(self) -> None:
        with pytest.raises(NotDone) as error:
            run(adapter().fetch({}, {}), [WireResponse(503)])
        assert error.value.result.outcome is SendOutcome.RETRY

    def test_a_caller_left_alone_hears_music_again(self) -> None:
        asked, _ = run(
            adapter().fetch({"a": 1}, {"settle": CALL, "consent": "opt_in"}), [*room(HELD), ok({})]
        )
        assert changes(asked) == [
            ("POST", f"Calls/{CALL}", {"Url": f"{URL}?on=waiting&call={CALL}&consent=opt_in#rc=5&rp=all"}),
        ]  # fmt: skip

    def test_an_agent_left_alone_is_let_go(self) -> None:
        asked, _ = run(adapter().fetch({}, {"settle": CALL}), [*room(AGENT), ok({})])
        assert changes(asked) == [("POST", "Conferences/CF1", {"Status": "completed"})]

    def test_a_number_that_twilio_will_not_dial(self) -> None:
        hint = {"dial": OURS, "to": "+1", "from": "+14155550100", "command": str(COMMAND)}
        _, fetched = run(adapter().fetch({}, hint), [*room(AGENT), refusal(21211), ok({})])
        gone, over = fetched.events
        assert isinstance(gone, LegEnded) and isinstance(over, CallEnded)
        assert (gone.leg, over.cause) == ("customer", "unreachable")

    def test_the_agent_has_gone_before_the_customer_was_dialled(self) -> None:
        hint = {"dial": OURS, "to": "+1", "from": "+14155550100", "command": str(COMMAND)}
        asked, fetched = run(adapter().fetch({}, hint), [ok({"conferences": []})])
        assert not changes(asked) and not fetched.events
