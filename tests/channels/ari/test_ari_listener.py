"""The life of a call through listener and commands, against an exchange that behaves as a real one was seen
to."""

from typing import Any

import pytest

from app.clock import new_id
from channels.base import SendOutcome, Unsendable
from demo.pbx.switch import Device
from tests.channels.ari.desk import Desk, opened
from tests.waiting import eventually


class TestIncoming:
    async def test_the_caller_waits_with_music_and_is_told_once(self, desk: Desk) -> None:
        call = desk.asterisk.call("+8613800138000", "queue=billing", "inbound", exten="95588")
        await eventually(lambda: desk.asterisk.hears(call) == "music")
        assert desk.asterisk.channels[call].state == "Up"
        await desk.told(call, "CallIncoming")
        incoming: Any = desk.door.of(call)[0]
        assert (incoming.address.kind, incoming.address.value) == ("phone", "+8613800138000")
        assert (incoming.to.value, incoming.queue) == ("95588", "billing")

    async def test_answered_bridged_and_ended_by_the_customer(self, desk: Desk) -> None:
        call, route = await desk.talking()
        leg = next(channel for channel in desk.asterisk.channels if channel != call)
        assert desk.asterisk.hears(call) == [leg]
        desk.asterisk.hang_up(call)
        await desk.told(
            call, "CallIncoming", "LegRinging agent", "LegAnswered agent", "CallBridged agent", "CallEnded"
        )
        ended: Any = desk.door.of(call)[-1]
        assert (ended.by, ended.cause) == ("customer", "normal")
        assert [e.command_id for e in desk.door.of(call)[1:4]] == [route] * 3
        await eventually(lambda: not desk.asterisk.channels)
        await eventually(lambda: sorted(desk.asterisk.bridges) == ["touchpoint-held", "touchpoint-waiting"])


CALLERS = [
    ("", None),
    ("anonymous", None),
    ("sipp", None),
    ("1002", ("extension", "1002")),
    ("+8613800138000", ("phone", "+8613800138000")),
]


class TestCallerIds:
    @pytest.mark.parametrize(("number", "expected"), CALLERS)
    async def test_as_they_come(self, desk: Desk, number: str, expected: tuple[str, str] | None) -> None:
        call = desk.asterisk.call(number)
        await desk.told(call, "CallIncoming")
        address = desk.door.of(call)[0].address
        assert (None if address is None else (address.kind, address.value)) == expected

    async def test_withheld_by_the_presentation(self, desk: Desk) -> None:
        call = desk.asterisk.call("+8613800138000", "presentation=prohib_passed_screen")
        await desk.told(call, "CallIncoming")
        incoming: Any = desk.door.of(call)[0]
        assert (incoming.address, incoming.from_presentation) == (None, "withheld")


class TestAgentsPhone:
    @pytest.mark.parametrize(
        ("phone", "endpoint", "cause"),
        [
            (Device.BUSY, "PJSIP/1001", "busy"),
            (Device.REJECTS, "PJSIP/1001", "rejected"),
            (Device.BUSY, "Local/1001@agents", "busy"),
            (Device.UNREACHABLE, "Local/1001@agents", "unreachable"),
        ],
    )
    async def test_it_does_not_come(self, phone: Device, endpoint: str, cause: str) -> None:
        async with opened(devices=endpoint.replace("1001", "{device}")) as desk:
            await desk.listen()
            desk.asterisk.phones[endpoint] = phone
            call = desk.asterisk.call()
            await eventually(lambda: desk.asterisk.hears(call) == "music")
            assert (await desk.order("call.route", call, to="sip:1001")).outcome is SendOutcome.SENT
            await desk.told(call, "CallIncoming", "LegEnded agent")
            ended: Any = desk.door.of(call)[-1]
            assert (ended.cause, ended.by) == (cause, "agent")
            assert desk.asterisk.hears(call) == "music"

    async def test_nobody_picks_up_until_the_time_is_over(self, desk: Desk) -> None:
        """RINGING is the last dial status; the channel's end has cause 19."""
        desk.asterisk.phones["PJSIP/1001"], desk.asterisk.ring_seconds = Device.SILENT, 0.1
        call = desk.asterisk.call()
        await desk.told(call, "CallIncoming")
        await desk.order("call.route", call, to="sip:1001")
        await desk.told(call, "CallIncoming", "LegRinging agent", "LegEnded agent")
        assert desk.door.of(call)[-1].model_dump()["cause"] == "no_answer"

    async def test_one_that_is_not_registered_ends_without_having_rung(self, desk: Desk) -> None:
        desk.asterisk.phones["PJSIP/1001"], desk.asterisk.ring_seconds = Device.UNREACHABLE, 0.1
        call = desk.asterisk.call()
        await desk.told(call, "CallIncoming")
        await desk.order("call.route", call, to="sip:1001")
        await desk.told(call, "CallIncoming", "LegEnded agent")
        assert desk.door.of(call)[-1].model_dump()["cause"] == "unreachable"

    async def test_an_order_to_ring_twice_rings_once(self, desk: Desk) -> None:
        """The id in use is a 409: it has been done."""
        desk.asterisk.phones["PJSIP/1001"] = Device.MANUAL
        call, route = desk.asterisk.call(), new_id()
        await desk.told(call, "CallIncoming")
        results = [await desk.order("call.route", call, route, to="sip:1001") for _ in range(2)]
        assert [result.outcome for result in results] == [SendOutcome.SENT] * 2
        assert len(desk.asterisk.channels) == 2

    async def test_taken_down_in_good_order(self, desk: Desk) -> None:
        desk.asterisk.phones["PJSIP/1001"] = Device.MANUAL
        call, route = desk.asterisk.call(), new_id()
        await desk.told(call, "CallIncoming")
        await desk.order("call.route", call, route, to="sip:1001")
        await desk.told(call, "CallIncoming", "LegRinging agent")
        await desk.order("call.cancel", call, route_command_id=str(route))
        await desk.told(call, "CallIncoming", "LegRinging agent", "LegEnded agent")
        ended: Any = desk.door.of(call)[-1]
        assert (ended.cause, ended.by) == ("normal", "platform")

    async def test_whoever_picks_up_presses_one_first(self, desk: Desk) -> None:
        """Else their mailbox would answer customers."""
        call, route = desk.asterisk.call(), new_id()
        await desk.told(call, "CallIncoming")
        await desk.order("call.route", call, route, to="+8613900139000", confirm_key=True)
        leg = await eventually(lambda: desk.asterisk.phone("PJSIP/+8613900139000@out"))
        assert leg is not None
        await eventually(lambda: leg.heard == ["sound:press-1"])
        desk.asterisk.press(leg.id, "5")
        assert desk.asterisk.hears(call) == "music"
        desk.asterisk.press(leg.id, "1")
        await desk.told(call, "CallIncoming", "LegRinging agent", "LegAnswered agent", "CallBridged agent")

    async def test_the_agent_hangs_up_and_the_customer_hears_music(self, desk: Desk) -> None:
        call, _ = await desk.talking()
        leg = desk.asterisk.phone("PJSIP/1001")
        assert leg is not None
        desk.asterisk.hang_up(leg.id)
        await eventually(lambda: desk.asterisk.hears(call) == "music")
        ended: Any = desk.door.of(call)[-1]
        assert (type(ended).__name__, ended.cause, ended.by) == ("LegEnded", "normal", "agent")

    async def test_a_broken_line_is_no_hanging_up(self, desk: Desk) -> None:
        call, _ = await desk.talking()
        leg = desk.asterisk.phone("PJSIP/1001")
        assert leg is not None
        desk.asterisk.hang_up(leg.id, cause=44)
        await eventually(lambda: desk.asterisk.hears(call) == "music")
        assert desk.door.of(call)[-1].model_dump()["cause"] == "failed"

    async def test_the_caller_is_gone_before_the_order_to_ring(self, desk: Desk) -> None:
        call = desk.asterisk.call()
        await desk.told(call, "CallIncoming")
        desk.asterisk.hang_up(call)
        await desk.told(call, "CallIncoming", "CallEnded")
        desk.asterisk.phones["PJSIP/1001"] = Device.MANUAL
        await desk.order("call.route", call, to="sip:1001")
        await eventually(lambda: not desk.asterisk.channels)
        assert desk.door.names(call) == ["CallIncoming", "CallEnded"]


class TestHangUp:
    async def test_asked_twice_and_after_the_end_is_one_end(self, desk: Desk) -> None:
        call = desk.asterisk.call()
        await desk.told(call, "CallIncoming")
        desk.asterisk.hang_up(call, cause=16)
        await desk.told(call, "CallIncoming", "CallEnded")
        asked = [e for e in desk.asterisk.told if e["type"] == "ChannelHangupRequest"]
        assert len(asked) == 2
        assert not [e for e in desk.asterisk.told if e["type"] == "ChannelDestroyed"]

    async def test_by_our_order_it_is_the_agents_end(self, desk: Desk) -> None:
        call, _ = await desk.talking()
        assert (await desk.order("call.end", call)).outcome is SendOutcome.SENT
        await eventually(lambda: not desk.asterisk.channels)
        await desk.hears_of(call, "CallEnded")
        ended: Any = desk.door.of(call)[-1]
        assert (type(ended).__name__, ended.by) == ("CallEnded", "agent")
        assert (await desk.order("call.end", call)).outcome is SendOutcome.REJECTED

    async def test_the_customer_goes_and_the_agents_phone_with_them(self, desk: Desk) -> None:
        call, _ = await desk.talking()
        desk.asterisk.hang_up(call)
        await eventually(lambda: not desk.asterisk.channels)
        await eventually(lambda: sorted(desk.asterisk.bridges) == ["touchpoint-held", "touchpoint-waiting"])


class TestHold:
    async def test_with_music_and_back(self, desk: Desk) -> None:
        call, _ = await desk.talking()
        await desk.order("call.hold", call)
        await eventually(lambda: desk.door.names(call)[-1] == "LegHeld customer")
        assert desk.asterisk.hears(call) == "music"
        await desk.order("call.resume", call)
        await eventually(lambda: "LegResumed customer" in desk.door.names(call))
        assert len(desk.asterisk.hears(call)) == 1

    async def test_one_who_is_gone_cannot_be_held(self, desk: Desk) -> None:
        result = await desk.order("call.hold", "peer-1.1")
        assert result.outcome is SendOutcome.REJECTED
        assert result.reason is not None and "Channel not found" in result.reason

    async def test_the_room_is_made_again_when_it_is_gone(self, desk: Desk) -> None:
        call, _ = await desk.talking()
        desk.asterisk.destroy("touchpoint-held")
        await desk.order("call.hold", call)
        await eventually(lambda: desk.asterisk.hears(call) == "music")


class TestConsult:
    async def asked(self, desk: Desk, **wish: Any) -> tuple[str, str, str]:
        """A call on hold whose agent asks somebody: the call, the agent's channel, the other's."""
        call, _ = await desk.talking()
        first = desk.asterisk.phone("PJSIP/1001")
        await desk.order("call.hold", call)
        await desk.order("call.consult", call, **wish)
        await eventually(lambda: "LegAnswered consult" in desk.door.names(call))
        second = next(c for c in desk.asterisk.channels.values() if c.id != call and c is not first)
        assert first is not None
        await eventually(lambda: desk.asterisk.hears(first.id) == [second.id])
        assert desk.asterisk.hears(call) == "music"
        return call, first.id, second.id

    async def test_completed(self, desk: Desk) -> None:
        call, first, second = await self.asked(desk, to="sip:1002", confirm_key=False)
        await desk.order("call.complete_transfer", call)
        await eventually(lambda: first not in desk.asterisk.channels)
        assert desk.asterisk.hears(call) == [second]
        await eventually(lambda: desk.door.names(call)[-1] == "LegEnded agent")
        ended: Any = desk.door.of(call)[-1]
        assert (ended.leg_id, ended.cause, ended.by) == (first, "normal", "platform")

    async def test_completed_when_the_first_agent_is_gone(self, desk: Desk) -> None:
        call, first, second = await self.asked(desk, to="sip:1002", confirm_key=False)
        desk.asterisk.hang_up(first)
        await desk.order("call.complete_transfer", call)
        await eventually(lambda: desk.asterisk.hears(call) == [second])

    async def test_given_back(self, desk: Desk) -> None:
        call, first, second = await self.asked(desk, to="sip:1002", confirm_key=False)
        await desk.order("call.cancel_transfer", call)
        await eventually(lambda: desk.asterisk.hears(call) == [first])
        assert second not in desk.asterisk.channels
        await desk.hears_of(call, "LegEnded consult", "LegResumed customer")

    async def test_given_back_when_the_other_has_just_gone(self, desk: Desk) -> None:
        """The one leg that is left is not taken for the consulted one."""
        call, first, second = await self.asked(desk, to="sip:1002", confirm_key=False)
        desk.asterisk.hang_up(second)
        await desk.order("call.cancel_transfer", call)
        await eventually(lambda: desk.asterisk.hears(call) == [first])

    async def test_swapped_there_and_back(self, desk: Desk) -> None:
        call, first, second = await self.asked(desk, to="sip:1002", confirm_key=False)
        await desk.order("call.swap", call)
        await eventually(lambda: desk.asterisk.hears(call) == [first])
        assert desk.asterisk.hears(second) == "music"
        await desk.hears_of(call, "LegHeld consult", "LegResumed customer")
        await desk.order("call.swap", call)
        await eventually(lambda: desk.asterisk.hears(second) == [first])
        await desk.hears_of(call, "LegResumed consult")

    async def test_all_three(self, desk: Desk) -> None:
        call, first, second = await self.asked(desk, to="sip:1002", confirm_key=False)
        await desk.order("call.conference", call)
        await eventually(lambda: desk.asterisk.hears(call) == sorted([first, second]))
        await desk.hears_of(call, "LegResumed customer", "CallBridged")
        bridged = desk.door.of(call)[-1]
        assert (type(bridged).__name__, bridged.leg_id, bridged.command_id) == ("CallBridged", None, None)

    async def test_somebody_outside_who_hangs_up_ends_the_call_they_were_given(self, desk: Desk) -> None:
        call, _, second = await self.asked(desk, to="+8613900139000")
        assert desk.asterisk.channels[second].endpoint == "PJSIP/+8613900139000@out"
        await desk.order("call.complete_transfer", call)
        await eventually(lambda: desk.asterisk.hears(call) == [second])
        desk.asterisk.hang_up(second)
        await eventually(lambda: not desk.asterisk.channels)

    async def test_nobody_is_consulted(self, desk: Desk) -> None:
        call, _ = await desk.talking()
        for command in ("call.swap", "call.conference"):
            assert (await desk.order(command, call)).outcome is SendOutcome.REJECTED


class TestSentAway:
    async def test_the_agent_is_out_of_it_when_the_number_answers(self, desk: Desk) -> None:
        call, _ = await desk.talking()
        await desk.order("call.route", call, to="+8613900139000")
        await eventually(lambda: desk.asterisk.phone("PJSIP/1001") is None)
        away = desk.asterisk.phone("PJSIP/+8613900139000@out")
        assert away is not None
        assert desk.asterisk.hears(call) == [away.id]

    async def test_without_a_way_outside(self) -> None:
        async with opened(numbers=None) as desk:
            await desk.listen()
            call, _ = await desk.talking()
            with pytest.raises(Unsendable, match="numbers"):
                await desk.order("call.route", call, to="+8613900139000")


class TestAnnouncement:
    async def test_played_and_then_hung_up(self, desk: Desk) -> None:
        """A sound that is missing fails after a 201; the caller is turned away all the same."""
        call = desk.asterisk.call()
        await eventually(lambda: desk.asterisk.hears(call) == "music")
        channel = desk.asterisk.channels[call]
        assert (await desk.order("call.play", call, announcement="closed", then="end")).reason is None
        await eventually(lambda: not desk.asterisk.channels)
        assert channel.heard == ["sound:closed"]
        finished = next(e for e in desk.asterisk.told if e["type"] == "PlaybackFinished")
        assert finished["playback"]["state"] == "failed"
        await desk.hears_of(call, "CallEnded")
        ended: Any = desk.door.of(call)[-1]
        assert (type(ended).__name__, ended.by) == ("CallEnded", "platform")

    async def test_the_call_goes_on_after_it(self, desk: Desk) -> None:
        call, _ = await desk.talking()
        await desk.order("call.play", call, announcement="tone:ring")
        await eventually(lambda: [e for e in desk.asterisk.told if e["type"] == "PlaybackFinished"])
        assert call in desk.asterisk.channels


class TestRecording:
    async def test_off_nothing_is_recorded(self, desk: Desk) -> None:
        call, _ = await desk.talking()
        with pytest.raises(Unsendable, match="recording"):
            await desk.order("recording.start", call)
        assert desk.asterisk.bridge(f"tp-talk-{call}").recording is None

    async def test_announced_it_begins_after_the_announcement(self) -> None:
        async with opened(recording="announced") as desk:
            await desk.listen()
            call, _ = await desk.talking()
            bridge = desk.asterisk.bridge(f"tp-talk-{call}")
            await eventually(lambda: bridge.recording == f"touchpoint-{call}")
            heard = desk.asterisk.channels[call].heard
            assert heard == ["sound:this-call-may-be-monitored-or-recorded"]
            order = [line for line in desk.asterisk.requests if line.endswith(("/play", "/record"))]
            assert [line.rpartition("/")[2] for line in order] == ["play", "record"]
            await desk.order("call.hold", call)
            await desk.order("call.resume", call)
            desk.asterisk.hang_up(call)
            await desk.hears_of(call, "RecordingReady")
            assert len([line for line in desk.asterisk.requests if line.endswith("/record")]) == 1

    async def test_who_has_not_agreed_is_not_recorded(self) -> None:
        async with opened(recording="opt_in") as desk:
            await desk.listen()
            call, _ = await desk.talking("consent=no")
            assert (await desk.order("recording.start", call)).outcome is SendOutcome.REJECTED
            assert desk.asterisk.bridge(f"tp-talk-{call}").recording is None

    async def test_who_has_agreed_is_recorded_with_pauses(self) -> None:
        async with opened(recording="opt_in") as desk:
            await desk.listen()
            call, _ = await desk.talking("consent=yes")
            bridge = desk.asterisk.bridge(f"tp-talk-{call}")
            await eventually(lambda: bridge.recording == f"touchpoint-{call}")
            assert desk.asterisk.channels[call].heard == []
            for step in ("start", "start", "pause", "resume", "stop"):
                result = await desk.order(f"recording.{step}", call)
                assert result.outcome is SendOutcome.SENT, (step, result.reason)
            await desk.hears_of(call, "RecordingReady")
            ready: Any = desk.door.of(call)[-1]
            assert ready.url == f"{desk.server.url}/recordings/stored/touchpoint-{call}/file"
            assert ready.consent == "opt_in"
            assert (await desk.order("recording.pause", call)).outcome is SendOutcome.REJECTED


class TestCallOfOurs:
    async def test_the_customers_phone_cannot_be_dialled(self, desk: Desk) -> None:
        desk.asterisk.refuses.add("POST channels/0189")
        call = "01890000-0000-7000-8000-000000000001"
        await desk.order("call.dial", call, to="+8613900139000", device="sip:1001")
        await eventually(lambda: desk.door.names(call)[-1:] == ["CallEnded"])
        await eventually(lambda: not desk.asterisk.channels)
        failed: Any = [e for e in desk.door.of(call) if type(e).__name__ == "LegEnded"]
        assert ("customer", "failed") in [(e.leg, e.cause) for e in failed]

    async def test_a_phone_that_the_exchange_does_not_know(self, desk: Desk) -> None:
        """A 500 at once: nobody waits until the order has run out."""
        desk.asterisk.refuses.add("POST channels/tp-agent")
        call = desk.asterisk.call()
        await desk.told(call, "CallIncoming")
        result = await desk.order("call.route", call, to="sip:1001")
        assert result.outcome is SendOutcome.REJECTED


class TestWhomToDial:
    @pytest.mark.parametrize(
        ("to", "endpoint"),
        [
            ("sip:1001", "PJSIP/1001"),
            ("SIP:li.lei", "PJSIP/li.lei"),
            ("1002", "PJSIP/1002"),
            ("+8613900139000", "PJSIP/+8613900139000@out"),
        ],
    )
    async def test_devices_and_numbers(self, desk: Desk, to: str, endpoint: str) -> None:
        call = desk.asterisk.call()
        await desk.told(call, "CallIncoming")
        await desk.order("call.consult", call, to=to)
        await eventually(lambda: desk.asterisk.phone(endpoint))

    @pytest.mark.parametrize("to", ["sip:1001@evil.test", "sip:1001/n&Local/2", "nobody", "", "sip:a,b"])
    async def test_nothing_else_is_dialled(self, desk: Desk, to: str) -> None:
        with pytest.raises(Unsendable, match="neither a device"):
            await desk.order("call.route", "peer-1.1", to=to)

    async def test_an_id_that_is_too_long_for_a_leg(self, desk: Desk) -> None:
        with pytest.raises(Unsendable, match="too long"):
            await desk.order("call.route", "x" * 120, to="sip:1001")
