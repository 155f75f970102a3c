"""Calls through Twilio, each against the running service: who waits, who is connected, and every race."""

import asyncio
import os
import signal
from typing import Any

import pytest

from demo.pbx.switch import Device
from demo.twilio.calls import Call
from tests.running import CONNECT_SECONDS, Desktop
from tests.twilio.conftest import MOBILE, Line, Office
from tests.voice.sounds import is_played_to, is_played_to_the_boss, sound_on, stands_on_the_timeline
from tests.voice.test_races import FREE_SECONDS, accepted, entry_outcome, figures_of, units_free
from tests.waiting import eventually


async def talking(line: Line, desk: Desktop, **call: Any) -> tuple[str, Call]:
    """Interaction and call, once the agent is connected."""
    dialled = line.call(**call)
    x = await accepted(desk)
    await desk.becomes(x, "active")
    return x, dialled


class TestAnswered:
    async def test_waits_in_a_conference_until_the_agent_joins(self, line: Line) -> None:
        line.behaves(Device.MANUAL)
        async with line.lane.desktop() as desk:
            call = line.call()
            x = await accepted(desk)
            await eventually(lambda: line.twilio.exchange.ringing(line.device))
            assert call.heard[:2] == ["Welcome.", "Press 1 to be called back."]
            assert call.conference is not None and call.conference.status == "init"
            assert (await desk.interaction(x))["state"] == "connecting"
            line.twilio.exchange.answer(line.device)
            await desk.becomes(x, "active")
            line.twilio.exchange.hang_up(call)
            await desk.becomes(x, "wrap_up")
            await desk.client.post(f"/v1/interactions/{x}/wrap-up", {"disposition": "solved"})
            await desk.becomes(x, "closed")
            assert await entry_outcome(desk, x) == ["answered"]
            await units_free(desk)
            assert line.twilio.exchange.talking(line.device) is None

    async def test_the_agent_ends_it(self, line: Line) -> None:
        async with line.lane.desktop() as desk:
            x, call = await talking(line, desk)
            assert (await desk.client.post(f"/v1/interactions/{x}/end")).status_code == 202
            await desk.becomes(x, "wrap_up")
            assert call.status == "completed"

    async def test_the_agents_phone_hangs_up_first(self, line: Line) -> None:
        async with line.lane.desktop() as desk:
            x, call = await talking(line, desk)
            phone = line.twilio.exchange.talking(line.device)
            assert phone is not None
            line.twilio.exchange.hang_up(phone)
            await desk.becomes(x, "wrap_up")
            await eventually(lambda: call.over)


class TestCallerHangsUp:
    async def test_while_it_rings(self, line: Line) -> None:
        async with line.lane.desktop() as desk:
            call = line.call()
            offer = await desk.offer()
            line.twilio.exchange.hang_up(call)
            gone = await desk.pushed("offer.revoked", lambda data: data["offer_id"] == offer["offer_id"])
            assert gone["cause"] == "customer_left"
            await desk.becomes(offer["interaction_id"], "abandoned")
            await units_free(desk)

    async def test_in_the_same_millisecond_as_the_accept(self, line: Line) -> None:
        line.behaves(Device.MANUAL)
        async with line.lane.desktop() as desk:
            call = line.call()
            offer = await desk.offer()
            accept = asyncio.create_task(desk.client.post(f"/v1/offers/{offer['offer_id']}/accept"))
            line.twilio.exchange.hang_up(call)
            assert (await accept).status_code in (200, 409)
            await desk.becomes(offer["interaction_id"], "abandoned")
            await units_free(desk)
            assert await entry_outcome(desk, offer["interaction_id"]) == ["abandoned"]
            assert (await desk.me())["presence"]["status"] == "available"
            await eventually(lambda: line.twilio.exchange.ringing(line.device) is None)

    async def test_while_the_agents_leg_rings(self, line: Line) -> None:
        line.behaves(Device.MANUAL)
        async with line.lane.desktop() as desk:
            call = line.call()
            x = await accepted(desk)
            await eventually(lambda: line.twilio.exchange.ringing(line.device))
            line.twilio.exchange.hang_up(call)
            await desk.becomes(x, "abandoned")
            await units_free(desk)
            assert (await desk.me())["presence"]["status"] == "available"

    async def test_an_end_that_nobody_told_us_shows_when_we_dial(self, line: Line) -> None:
        faults = line.twilio.faults
        async with line.lane.desktop() as desk:
            call = line.call()
            offer = await desk.offer()
            faults.drops |= {"completed", "participant-leave", "conference-end"}
            try:
                line.twilio.exchange.hang_up(call)
                await desk.client.post(f"/v1/offers/{offer['offer_id']}/accept")
                await desk.becomes(offer["interaction_id"], "abandoned")
            finally:
                faults.drops.clear()
            await units_free(desk)
            assert (await desk.me())["presence"]["status"] == "available", "the phone is not to blame"


class TestDevice:
    @pytest.mark.parametrize("device", [Device.BUSY, Device.UNREACHABLE, Device.REJECTS])
    async def test_refused_by_the_device_the_customer_waits_on(self, line: Line, device: Device) -> None:
        line.behaves(device)
        async with line.lane.desktop() as desk:
            call = line.call()
            x = await accepted(desk)
            await desk.becomes(x, "queued")
            presence = (await desk.me())["presence"]
            assert (presence["status"], presence["reason_code"]) == ("not_responding", "device")
            await units_free(desk)
            assert call.conference is not None and call.conference.status == "init", "music goes on"

    async def test_a_silent_device_is_given_up_after_connect_seconds(self, line: Line) -> None:
        line.behaves(Device.SILENT)
        async with line.lane.desktop() as desk:
            line.call()
            x = await accepted(desk)
            await desk.becomes(x, "queued", seconds=CONNECT_SECONDS + FREE_SECONDS)
            await units_free(desk)
            await eventually(lambda: line.twilio.exchange.ringing(line.device) is None)

    async def test_a_dropped_agent_leaves_the_caller_with_music(self, line: Line) -> None:
        async with line.lane.desktop() as desk:
            x, call = await talking(line, desk)
            phone = line.twilio.exchange.talking(line.device)
            assert phone is not None and call.conference is not None
            first = call.conference
            line.twilio.exchange.end(phone, "failed", "participant_hung_up")
            await desk.becomes(x, "queued")
            await eventually(lambda: call.conference not in (None, first))
            assert call.conference is not None and call.conference.status == "init"
            before = await desk.offer()
            await desk.client.be("available")
            again = await desk.pushed("offer.created", lambda data: data["offer_id"] != before["offer_id"])
            await desk.client.post(f"/v1/offers/{again['offer_id']}/accept")
            await desk.becomes(x, "active")
            assert call.conference is not None and call.conference.status == "in-progress"


class TestConfirmKey:
    async def test_who_picks_up_outside_presses_1_before_they_join(self, office: Office) -> None:
        line, exchange = office.mobile_line(), office.twilio.exchange
        exchange.devices[MOBILE] = Device.MANUAL
        async with line.lane.desktop() as desk:
            call = line.call()
            x = await accepted(desk)
            phone = await eventually(lambda: exchange.ringing(MOBILE))
            assert phone is not None and phone.conference is None
            phone.keys = ["1"]
            exchange.answer(MOBILE)
            await desk.becomes(x, "active")
            assert any("Press 1" in heard for heard in phone.heard)
            assert phone.conference is call.conference
            exchange.hang_up(call)
            await desk.becomes(x, "wrap_up")
            await desk.client.post(f"/v1/interactions/{x}/wrap-up", {"disposition": "solved"})
            await units_free(desk)

    async def test_a_phone_that_is_not_wanted_any_more_rings_no_more(self, office: Office) -> None:
        line, exchange = office.mobile_line(), office.twilio.exchange
        exchange.devices[MOBILE] = Device.SILENT
        async with line.lane.desktop() as desk:
            call = line.call()
            x = await accepted(desk)
            await eventually(lambda: exchange.ringing(MOBILE))
            exchange.hang_up(call)
            await desk.becomes(x, "abandoned")
            await eventually(lambda: exchange.ringing(MOBILE) is None)


class TestHold:
    async def test_held_only_on_twilios_event(self, line: Line) -> None:
        async with line.lane.desktop() as desk:
            x, call = await talking(line, desk)

            async def leg(state: str) -> bool:
                return bool((await desk.interaction(x))["legs"][0]["state"] == state)

            assert (await desk.client.post(f"/v1/interactions/{x}/hold")).status_code == 202
            await eventually(lambda: leg("held"))
            assert call.held
            await desk.client.post(f"/v1/interactions/{x}/resume")
            await eventually(lambda: leg("active"))
            assert not call.held

    async def test_a_refused_hold_is_told(self, line: Line) -> None:
        async with line.lane.desktop() as desk:
            x, call = await talking(line, desk)
            line.twilio.faults.refuses["Hold"] = 16099
            try:
                await desk.client.post(f"/v1/interactions/{x}/hold")
                failed = await desk.pushed("command.failed", seconds=6)
            finally:
                line.twilio.faults.refuses.clear()
            assert (failed["interaction_id"], failed["command"]) == (x, "hold")
            seen = await desk.interaction(x)
            assert (seen["pending"], seen["legs"][0]["state"], call.held) == (None, "active", False)


class TestRecording:
    async def test_consent_stands_beside_the_recording(self, office: Office, line: Line) -> None:
        async with line.lane.desktop() as desk:
            x, call = await talking(line, desk, keys=("1",), at=office.recorded)
            room = call.conference
            assert room is not None and room.recorded == "in-progress"
            for step, state in (("pause", "paused"), ("resume", "in-progress")):
                answer = await desk.client.post(f"/v1/interactions/{x}/recording/{step}")
                assert answer.status_code == 202
                await eventually(lambda wanted=state: room.recorded == wanted)
            line.twilio.exchange.hang_up(call)
            await desk.becomes(x, "wrap_up")

            async def consent() -> bool:
                items = (await desk.client.http.get(f"/v1/interactions/{x}/touches")).json()["items"]
                (touch,) = [item for item in items if item["kind"] == "call"]
                return [one["consent"] for one in touch["payload"].get("recordings", [])] == ["opt_in"]

            await eventually(consent)

    async def test_is_copied_and_played_to_who_may_listen(self, office: Office, line: Line) -> None:
        async with line.lane.desktop() as desk:
            x, call = await talking(line, desk, keys=("1",), at=office.recorded)
            line.twilio.exchange.hang_up(call)
            await desk.becomes(x, "wrap_up")
            touch, file = await sound_on(desk, x, "call")
            assert [told["consent"] for told in touch["payload"]["recordings"]] == ["opt_in"]
            assert await stands_on_the_timeline(desk, x, touch)
            assert not await is_played_to(desk, file)
            assert await is_played_to_the_boss(line.lane, file)

    async def test_who_does_not_agree_is_not_recorded(self, office: Office, line: Line) -> None:
        async with line.lane.desktop() as desk:
            _, call = await talking(line, desk, keys=("2",), at=office.recorded)
            assert call.conference is not None and call.conference.recorded is None


class TestTwoTabs:
    async def test_both_accept_and_both_get_the_call(self, line: Line) -> None:
        async with line.lane.desktop() as one, line.lane.desktop(available=False) as two:
            line.call()
            offer = await one.offer()
            assert (await two.offer())["offer_id"] == offer["offer_id"]
            path = f"/v1/offers/{offer['offer_id']}/accept"
            answers = await asyncio.gather(one.client.post(path), two.client.post(path))
            assert [answer.status_code for answer in answers] == [200, 200]
            seen = await one.becomes(offer["interaction_id"], "active")
            assert len(seen["legs"]) == 1
            assert [c.to for c in line.twilio.exchange.calls.values()].count(line.device) == 1


class TestWorkerKilled:
    async def test_between_accept_and_bridge(self, office: Office) -> None:
        line, supervisor = office.patient_line(), office.service.supervisor
        line.behaves(Device.MANUAL)
        async with line.lane.desktop() as desk:
            line.call()
            x = await accepted(desk)
            await eventually(lambda: line.twilio.exchange.ringing(line.device))
            worker = supervisor.pid_of("worker")
            assert worker is not None
            os.kill(worker, signal.SIGKILL)
            line.twilio.exchange.answer(line.device)
            await desk.becomes(x, "active", seconds=40)
            assert [c.to for c in line.twilio.exchange.calls.values()].count(line.device) == 1


class TestFaults:
    async def test_the_end_before_the_beginning(self, line: Line) -> None:
        faults = line.twilio.faults
        faults.slow = 0.5
        try:
            call = line.call()
            line.twilio.exchange.hang_up(call)
            async with line.lane.desktop() as desk:

                async def abandoned() -> bool:
                    figures = await figures_of(line.lane, desk)
                    return bool(figures["abandoned"] + figures["short_abandoned"] == 1)

                await eventually(abandoned)
                assert not [event for event in desk.events if event["name"] == "offer.created"]
        finally:
            faults.slow = 0.0

    async def test_every_webhook_three_times_and_overtaking(self, line: Line) -> None:
        faults = line.twilio.faults
        faults.copies, faults.shuffle = 3, 0.3
        try:
            async with line.lane.desktop() as desk:
                x, _ = await talking(line, desk)
                await desk.client.post(f"/v1/interactions/{x}/end")
                await desk.becomes(x, "wrap_up")
                seen = await desk.interaction(x)
                assert len(seen["legs"]) == 1, f"seed {faults.seed}"
                assert await entry_outcome(desk, x) == ["answered"]
        finally:
            faults.copies, faults.shuffle = 1, 0.0

    async def test_too_many_requests_are_tried_again_and_ring_once(self, line: Line) -> None:
        line.behaves(Device.MANUAL)
        async with line.lane.desktop() as desk:
            line.call()
            offer = await desk.offer()
            line.twilio.faults.too_many = 2
            await desk.client.post(f"/v1/offers/{offer['offer_id']}/accept")
            await eventually(lambda: line.twilio.exchange.ringing(line.device))
            line.twilio.exchange.answer(line.device)
            await desk.becomes(offer["interaction_id"], "active")
            assert [c.to for c in line.twilio.exchange.calls.values()].count(line.device) == 1


class TestMenu:
    async def test_a_key_asks_for_a_callback(self, line: Line) -> None:
        call = line.call("+14158675300", keys=("1",))  # whose next call would take this one's place
        await eventually(lambda: call.over)
        assert call.heard[-1] == "We shall call you."
