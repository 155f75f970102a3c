"""Nothing is replayed after a gap: what happened meanwhile is found, and counted once."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.clock import new_id
from app.errors import Unavailable
from channels.ari.listener import AriListener, Replaced
from channels.base import SendOutcome
from channels.transport import NotAllowed
from demo.pbx.switch import Device
from tests.channels.ari.desk import Desk, opened
from tests.platforms.ari.door import MemoryDoor
from tests.waiting import eventually


async def broken(desk: Desk) -> None:
    """The line is down, and the listener says so."""
    desk.server.drop_lines()
    with pytest.raises(Exception, match="no close frame"):
        await desk.tasks[-1]


def another_process(desk: Desk) -> None:
    """Whoever listens next knows nothing of what was."""
    desk.listener = AriListener(desk.adapter)


class TestTheLineBreaks:
    @pytest.mark.parametrize("remembered", [True, False])
    async def test_a_talk_goes_on(self, desk: Desk, remembered: bool) -> None:
        call, _ = await desk.talking()
        leg = desk.asterisk.phone("PJSIP/1001")
        await broken(desk)
        if not remembered:
            another_process(desk)
        await desk.listen()
        assert leg is not None and desk.asterisk.hears(call) == [leg.id]
        assert desk.snapshots[-1].call_ids == (call,)
        desk.asterisk.hang_up(call)
        await eventually(lambda: desk.door.names(call)[-1] == "CallEnded")
        assert [e.external_id for e in desk.door.of(call) if type(e).__name__ == "CallIncoming"] == (
            [f"incoming/{call}"] * (1 if remembered else 2)  # the second is a duplicate by its key
        )
        await eventually(lambda: not desk.asterisk.channels)

    async def test_a_call_that_ended_meanwhile_has_ended(self, desk: Desk) -> None:
        call, _ = await desk.talking()
        await broken(desk)
        desk.asterisk.hang_up(call)
        await desk.listen()
        assert desk.door.names(call)[-1] == "CallEnded"
        assert desk.snapshots[-1].call_ids == ()
        await eventually(lambda: not desk.asterisk.channels)

    async def test_to_another_process_its_absence_tells(self, desk: Desk) -> None:
        call = desk.asterisk.call()
        await desk.told(call, "CallIncoming")
        await broken(desk)
        desk.asterisk.hang_up(call)
        another_process(desk)
        await desk.listen()
        assert call not in desk.snapshots[-1].call_ids
        assert (await desk.order("calls.list", None)).outcome is SendOutcome.SENT
        await eventually(lambda: len(desk.snapshots) == 3)

    @pytest.mark.parametrize("remembered", [True, False])
    async def test_the_agent_hung_up_meanwhile(self, desk: Desk, remembered: bool) -> None:
        call, _ = await desk.talking()
        leg = desk.asterisk.phone("PJSIP/1001")
        assert leg is not None
        await broken(desk)
        desk.asterisk.hang_up(leg.id)
        if not remembered:
            another_process(desk)
        await desk.listen()
        await eventually(lambda: desk.asterisk.hears(call) == "music")
        ended: Any = [e for e in desk.door.of(call) if type(e).__name__ == "LegEnded"]
        assert [(e.leg, e.cause, e.by) for e in ended] == [("agent", "normal", "agent")]

    @pytest.mark.parametrize("remembered", [True, False])
    async def test_the_agent_picked_up_meanwhile(self, desk: Desk, remembered: bool) -> None:
        desk.asterisk.phones["PJSIP/1001"] = Device.MANUAL
        call, route = desk.asterisk.call(), new_id()
        await eventually(lambda: desk.asterisk.hears(call) == "music")
        await desk.order("call.route", call, route, to="sip:1001", confirm_key=False)
        await desk.hears_of(call, "LegRinging agent")
        await broken(desk)
        desk.asterisk.answer("PJSIP/1001")
        if not remembered:
            another_process(desk)
        await desk.listen()
        await desk.hears_of(call, "LegAnswered agent", "CallBridged agent")
        assert len(desk.asterisk.hears(call)) == 1

    async def test_a_hold_is_told_again_to_another_process(self, desk: Desk) -> None:
        call, _ = await desk.talking()
        await desk.order("call.hold", call)
        await desk.hears_of(call, "LegHeld customer")
        await broken(desk)
        await desk.order("call.resume", call)
        another_process(desk)
        await desk.listen()
        await desk.hears_of(call, "LegResumed customer")

    async def test_who_is_on_hold_stays_there(self, desk: Desk) -> None:
        call, _ = await desk.talking()
        await desk.order("call.hold", call)
        await desk.hears_of(call, "LegHeld customer")
        await broken(desk)
        another_process(desk)
        desk.door = MemoryDoor()
        await desk.listen()
        await desk.told(call, "CallIncoming", "LegAnswered agent", "LegHeld customer")
        assert desk.asterisk.hears(call) == "music"

    async def test_a_recording_is_not_announced_again(self) -> None:
        async with opened(recording="announced") as desk:
            await desk.listen()
            call, _ = await desk.talking()
            await eventually(lambda: desk.asterisk.bridge(f"tp-talk-{call}").recording)
            await broken(desk)
            another_process(desk)
            await desk.listen()
            await desk.order("call.hold", call)
            await desk.order("call.resume", call)
            await desk.hears_of(call, "LegHeld customer", "LegResumed customer")
            assert len(desk.asterisk.channels[call].heard) == 1

    async def test_a_new_call_goes_on_in_the_dialplan_meanwhile(self, desk: Desk) -> None:
        await broken(desk)
        call = desk.asterisk.call()
        assert desk.asterisk.failed_in_stasis == [call]
        await desk.listen()
        assert desk.door.of(call) == []

    async def test_asterisk_is_stopped(self, desk: Desk) -> None:
        """Calls end with StasisEnd, then the line breaks without a close frame."""
        call, _ = await desk.talking()
        desk.asterisk.stop_now()
        await eventually(lambda: desk.door.names(call)[-1] == "CallEnded")
        await broken(desk)
        await desk.listen()
        fresh = desk.asterisk.call()
        await eventually(lambda: desk.asterisk.hears(fresh) == "music")

    async def test_a_call_that_comes_just_as_the_line_is_up_is_taken_once(self, desk: Desk) -> None:
        """Its event waits while the channels are read, in which it is too."""
        await broken(desk)
        told = len(desk.snapshots)
        desk.tasks.append(asyncio.create_task(desk.listener.listen(desk.door)))
        await eventually(lambda: desk.asterisk.listeners["touchpoint"] is not None)
        call = desk.asterisk.call()
        await eventually(lambda: len(desk.snapshots) > told)
        await eventually(lambda: desk.asterisk.hears(call) == "music")
        assert desk.door.names(call) == ["CallIncoming"]

    async def test_what_an_order_made_for_a_call_that_is_over_is_cleared(self, desk: Desk) -> None:
        await desk.order("call.resume", "peer-1.1")
        assert "tp-talk-peer-1.1" in desk.asterisk.bridges
        await desk.order("calls.list", None)
        await eventually(lambda: "tp-talk-peer-1.1" not in desk.asterisk.bridges)


class TestAnotherListens:
    async def test_whoever_comes_second_has_it_and_the_first_stops(self, desk: Desk) -> None:
        first_door, replaced = desk.door, desk.listener
        desk.door = MemoryDoor()
        another_process(desk)
        first = desk.tasks[0]
        await desk.listen()
        call = desk.asterisk.call()
        await desk.told(call, "CallIncoming")
        assert first_door.of(call) == []
        for attempt in (first, asyncio.create_task(replaced.listen(first_door))):
            with pytest.raises(Replaced, match="another WebSocket"):  # it does not fight for it
                await attempt

    async def test_when_the_second_goes_nobody_has_it(self, desk: Desk) -> None:
        """Although the first is still connected. Whoever listens next has it at once."""
        another_process(desk)
        second = await desk.listen()
        second.cancel()
        await eventually(lambda: desk.asterisk.listeners["touchpoint"] is None)
        assert desk.asterisk.call() in desk.asterisk.failed_in_stasis
        another_process(desk)
        await desk.listen()
        call = desk.asterisk.call()
        await eventually(lambda: desk.asterisk.hears(call) == "music")

    async def test_one_call_told_by_both_is_the_same_by_its_keys(self, desk: Desk) -> None:
        call, _ = await desk.talking()
        keys = [e.external_id for e in desk.door.of(call)]
        assert len(set(keys)) == len(keys) and None not in keys


class TestRepeats:
    async def test_every_event_three_times_changes_nothing(self, desk: Desk) -> None:
        desk.asterisk.copies = 3
        call, _ = await desk.talking()
        desk.asterisk.hang_up(call)
        await eventually(lambda: not desk.asterisk.channels)
        await eventually(lambda: desk.door.names(call)[-1] == "CallEnded")
        names = desk.door.names(call)
        assert [names.count(n) for n in ("CallIncoming", "LegAnswered agent", "CallEnded")] == [1, 1, 1]

    async def test_the_order_never_goes_back(self, desk: Desk) -> None:
        call, _ = await desk.talking()
        desk.asterisk.hang_up(call)
        await desk.hears_of(call, "CallEnded")
        told = [e.sequence for e in desk.door.of(call)]
        assert told == sorted(told, key=lambda n: n or 0) and len(set(told)) == len(told)


class TestRefused:
    async def test_a_wrong_password_is_named(self) -> None:
        async with opened(password="wrong") as desk:
            with pytest.raises(Exception, match=r"40[13]"):
                await desk.listen()

    async def test_a_read_only_user(self) -> None:
        async with opened(username="reader") as desk:
            with pytest.raises(Exception, match="read_only"):
                await desk.listen()

    async def test_an_address_that_may_not_be_reached(self) -> None:
        async with opened() as desk:
            desk.door = MemoryDoor(allowed=())
            with pytest.raises(NotAllowed, match="outbound_allow"):
                await desk.listen()

    async def test_while_nothing_can_be_stored_the_dialplan_goes_on(self, desk: Desk) -> None:
        """The line is given up, so that Asterisk does not give callers to somebody who cannot take them."""
        desk.door.away = True
        desk.asterisk.call()
        with pytest.raises(Unavailable):
            await asyncio.wait_for(desk.tasks[-1], timedelta(seconds=5).total_seconds())
        await eventually(lambda: desk.asterisk.listeners["touchpoint"] is None)
        assert desk.asterisk.call() in desk.asterisk.failed_in_stasis
