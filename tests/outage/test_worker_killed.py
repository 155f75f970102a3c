"""The only worker is killed while a call is on its way to an agent; the supervisor starts the next one."""

import os
import signal
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from demo.pbx.switch import Device
from tests.running import Lane
from tests.voice.test_consult import talking
from tests.voice.test_races import units_free
from tests.waiting import eventually

pytestmark = [pytest.mark.crash, pytest.mark.timeout(300)]

RESTARTED_SECONDS = 60
"""The supervisor waits longer after every kill."""


async def kill_worker(lane: Lane) -> None:
    supervisor = lane.service.supervisor
    pid = supervisor.pid_of("worker")
    os.kill(pid or 0, signal.SIGKILL)
    await eventually(lambda: supervisor.pid_of("worker") not in (None, pid), seconds=RESTARTED_SECONDS)


async def no_worker_until(lane: Lane, when: datetime) -> None:
    """Each is killed as it starts."""
    supervisor = lane.service.supervisor

    def over() -> bool:
        pid = supervisor.pid_of("worker")
        with suppress(ProcessLookupError):
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
        return datetime.now(UTC) > when

    await eventually(over, seconds=RESTARTED_SECONDS)


class TestKilled:
    async def test_mid_ring_it_goes_on_ringing_and_can_be_accepted(self, lane: Lane) -> None:
        async with lane.desktop() as desk:
            lane.call()
            offer = await desk.offer()
            await kill_worker(lane)
            answer = await desk.client.post(f"/v1/offers/{offer['offer_id']}/accept")
            assert answer.status_code == 200, answer.text
            assert answer.json()["state"] == "connecting"
            ended = [event["data"] for event in desk.events if event["name"] == "offer.revoked"]
            assert {data["state"] for data in ended} <= {"accepted"}

            async def dialled() -> bool:
                return (await desk.interaction(offer["interaction_id"]))["state"] != "connecting"

            await eventually(dialled, seconds=RESTARTED_SECONDS)

    async def test_the_next_worker_leaves_the_offer_alone(self, lane: Lane) -> None:
        async with lane.desktop() as desk:
            lane.call()
            offer = await desk.offer()
            await kill_worker(lane)
            lane.call("+8613800138001")  # routed by the next worker: it is at work

            async def two_wait() -> bool:
                answer = await desk.client.http.get("/v1/interactions", params={"queue": lane.queue})
                return len(answer.json()["items"]) == 2

            await eventually(two_wait, seconds=RESTARTED_SECONDS)
            await desk.client.post(f"/v1/offers/{offer['offer_id']}/accept")
            await desk.becomes(offer["interaction_id"], "active")

    async def test_between_accept_and_bridge_the_call_is_answered(self, lane: Lane) -> None:
        lane.behaves(Device.MANUAL)
        async with lane.desktop() as desk:
            call = lane.call()
            offer = await desk.offer()
            await desk.client.post(f"/v1/offers/{offer['offer_id']}/accept")
            await eventually(lambda: call.leg is not None)
            await kill_worker(lane)
            lane.service.exchange.switch.answer(lane.device)
            answered = await desk.becomes(offer["interaction_id"], "active", seconds=RESTARTED_SECONDS)
            assert answered["answered_at"] is not None
            assert len(answered["legs"]) == 1

    async def test_no_agent_is_to_blame_whose_phone_nobody_told_to_ring(self, lane: Lane) -> None:
        """No worker lives for the whole time in which it must be answered."""
        hasty = Lane(lane.service.lanes, lane.service)
        async with hasty.desktop() as desk:
            call = hasty.call()
            offer = await desk.offer()
            await no_worker_until(lane, datetime.now(UTC))
            await desk.client.post(f"/v1/offers/{offer['offer_id']}/accept")
            [leg] = (await desk.interaction(offer["interaction_id"]))["legs"]
            await no_worker_until(lane, datetime.fromisoformat(leg["connect_deadline_at"]))
            await desk.becomes(offer["interaction_id"], "active", seconds=RESTARTED_SECONDS)
            assert (await desk.me())["presence"]["status"] == "available"
            lane.service.exchange.switch.hang_up(call.id)  # the lane is used again
            await desk.becomes(offer["interaction_id"], "wrap_up")
            await desk.client.post(
                f"/v1/interactions/{offer['interaction_id']}/wrap-up", {"disposition": "other"}
            )
            await units_free(desk)

    async def test_during_a_consult_the_transfer_can_still_be_completed(self, lane: Lane) -> None:
        """An order that ran out before the next worker came is told, and given again."""
        async with talking(lane.service) as stage:
            await stage.consulted()
            await kill_worker(lane)

            async def handed_over() -> bool:
                if await stage.holds(stage.wang):
                    return True
                if (await stage.li.interaction(stage.x))["pending"] is None:
                    await stage.act("consult/complete")
                return False

            await eventually(handed_over, seconds=RESTARTED_SECONDS)

    async def test_nor_does_a_consult_that_nobody_takes_ring_for_ever(self, lane: Lane) -> None:
        hasty = Lane(lane.service.lanes, lane.service)
        async with talking(lane.service, hasty) as stage:
            stage.theirs.behaves(Device.SILENT)
            await stage.ask()
            await stage.take()
            await kill_worker(lane)
            await units_free(stage.wang, RESTARTED_SECONDS)
            await stage.legs(primary="held")
