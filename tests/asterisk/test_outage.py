"""The WebSocket breaks, or nobody listens for a while: every call once, none lost, none counted twice."""

import os
import signal

from demo.pbx.switch import Device
from tests.asterisk.lane import PATIENT_LANE, AsteriskLane, legs_become, talking
from tests.running import Lane
from tests.voice.test_races import accepted, entry_outcome, figures_of, units_free
from tests.waiting import eventually

BACK_SECONDS = 60
"""Until the listener is there again: seconds after a break, longer after a death on a busy machine."""


async def breaks(lane: AsteriskLane) -> None:
    lane.exchange.drop_lines()
    assert lane.asterisk.listeners["touchpoint"] is None


async def back(lane: AsteriskLane) -> None:
    await eventually(lambda: lane.asterisk.listeners["touchpoint"] is not None, seconds=BACK_SECONDS)


async def killed(lane: AsteriskLane) -> None:
    """The one worker dies at once; its line goes with it."""
    pid = lane.lane.service.supervisor.pid_of("worker")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await eventually(lambda: lane.asterisk.listeners["touchpoint"] is None)


class TestTheWorkerDies:
    """Whoever listens next knows nothing of what was, but for what Asterisk holds."""

    async def test_a_talk_goes_on(self, lane: AsteriskLane) -> None:
        async with lane.desktop() as desk:
            x, call, leg = await talking(lane, desk)
            await killed(lane)
            assert lane.asterisk.hears(call) == [leg]
            await back(lane)
            await desk.client.post(f"/v1/interactions/{x}/hold")
            await legs_become(desk, x, "held")
            await lane.hears(call)
            await desk.client.post(f"/v1/interactions/{x}/end")
            await desk.becomes(x, "wrap_up")
            await lane.over(call)
            figures = await figures_of(lane.lane, desk)
            assert (figures["offered"], figures["answered"]) == (1, 1)

    async def test_between_accept_and_bridge_the_call_is_answered(self, lane: AsteriskLane) -> None:
        patient = AsteriskLane(Lane(PATIENT_LANE, lane.lane.service), lane.exchange)
        patient.behaves(Device.MANUAL)
        async with patient.desktop() as desk:
            call = patient.call()
            x = await accepted(desk)
            leg = await patient.rings()
            await killed(patient)
            patient.asterisk.answer(patient.phone)
            answered = await desk.becomes(x, "active", seconds=BACK_SECONDS)
            assert answered["answered_at"] is not None and len(answered["legs"]) == 1
            await patient.hears(call, leg.id)
            figures = await figures_of(patient.lane, desk)
            assert (figures["offered"], figures["answered"]) == (1, 1)

    async def test_the_customer_hung_up_meanwhile(self, lane: AsteriskLane) -> None:
        """Absent at two looks, the call is lost; the agent's phone is not left up."""
        async with lane.desktop() as desk:
            x, call, _ = await talking(lane, desk)
            await killed(lane)
            lane.asterisk.hang_up(call)
            await back(lane)
            await desk.becomes(x, "wrap_up", seconds=20)
            await lane.over(call)

    async def test_the_agent_hung_up_meanwhile(self, lane: AsteriskLane) -> None:
        async with lane.desktop() as desk:
            x, call, leg = await talking(lane, desk)
            await killed(lane)
            lane.asterisk.hang_up(leg)
            await back(lane)
            await desk.becomes(x, "wrap_up", seconds=20)
            await lane.over(call)


class TestTheLineBreaks:
    async def test_in_the_middle_of_a_talk(self, lane: AsteriskLane) -> None:
        async with lane.desktop() as desk:
            x, call, leg = await talking(lane, desk)
            await breaks(lane)
            await desk.client.post(f"/v1/interactions/{x}/hold")  # orders need no listener
            await lane.hears(call)
            await back(lane)
            await legs_become(desk, x, "held")
            await desk.client.post(f"/v1/interactions/{x}/resume")
            await legs_become(desk, x, "active")
            await lane.hears(call, leg)
            lane.asterisk.hang_up(call)
            await desk.becomes(x, "wrap_up")
            figures = await figures_of(lane.lane, desk)
            assert (figures["offered"], figures["answered"]) == (1, 1)

    async def test_the_customer_hangs_up_meanwhile(self, lane: AsteriskLane) -> None:
        async with lane.desktop() as desk:
            x, call, _ = await talking(lane, desk)
            await breaks(lane)
            lane.asterisk.hang_up(call)
            await back(lane)
            await desk.becomes(x, "wrap_up")
            await lane.over(call)

    async def test_the_agents_phone_is_given_up_meanwhile(self, lane: AsteriskLane) -> None:
        lane.behaves(Device.SILENT)
        async with lane.desktop() as desk:
            call = lane.call()
            x = await accepted(desk)
            await lane.rings()
            await breaks(lane)
            await desk.becomes(x, "queued")
            await eventually(lambda: lane.asterisk.phone(lane.phone) is None)
            await back(lane)
            await lane.hears(call)
            lane.behaves(Device.ANSWERS)
            desk.events.clear()
            await desk.client.be("available")
            assert await accepted(desk) == x
            await desk.becomes(x, "active")
            assert await entry_outcome(desk, x) == ["answered"]

    async def test_who_waits_keeps_the_place_and_new_callers_go_on_in_the_dialplan(
        self, lane: AsteriskLane
    ) -> None:
        async with lane.desktop(available=False) as desk:
            first = lane.call()
            await lane.hears(first)
            await breaks(lane)
            second = lane.call()
            assert second in lane.asterisk.failed_in_stasis
            await back(lane)
            await lane.hears(first)
            await desk.client.be("available")
            x = await accepted(desk)
            await desk.becomes(x, "active")
            await lane.hears(first, (await lane.rings()).id)
            figures = await figures_of(lane.lane, desk)
            assert (figures["offered"], figures["answered"]) == (1, 1)

    async def test_asterisk_is_stopped_and_started(self, lane: AsteriskLane) -> None:
        async with lane.desktop() as desk:
            x, _, _ = await talking(lane, desk)
            lane.asterisk.stop_now()
            await desk.becomes(x, "wrap_up")
            await breaks(lane)
            await desk.client.post(f"/v1/interactions/{x}/wrap-up", {"disposition": "solved"})
            await units_free(desk)
            await back(lane)
            desk.events.clear()
            call = lane.call()
            await lane.hears(call)
            again = await accepted(desk)
            await desk.becomes(again, "active")
            await lane.hears(call, (await lane.rings()).id)
