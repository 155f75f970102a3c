"""Whole calls through a running service and an Asterisk, with the races of a phone call (SEMANTICS §1.1)."""

import asyncio

import pytest

from demo.pbx.switch import Device
from tests.asterisk.lane import AsteriskLane, legs_become, talking
from tests.platforms.ari.server import Server
from tests.running import CONNECT_SECONDS, Lane, Service
from tests.voice.test_races import FREE_SECONDS, accepted, entry_outcome, figures_of, units_free
from tests.waiting import eventually


class TestAnswered:
    async def test_a_whole_call(self, lane: AsteriskLane) -> None:
        lane.behaves(Device.MANUAL)
        async with lane.desktop() as desk:
            call = lane.call()
            await lane.hears(call)
            x = await accepted(desk)
            leg = await lane.rings()
            assert (await desk.interaction(x))["state"] == "connecting"
            lane.asterisk.answer(lane.phone)
            await desk.becomes(x, "active")
            await lane.hears(call, leg.id)
            await desk.client.post(f"/v1/interactions/{x}/hold")
            await legs_become(desk, x, "held")
            await lane.hears(call)
            await desk.client.post(f"/v1/interactions/{x}/resume")
            await legs_become(desk, x, "active")
            await lane.hears(call, leg.id)
            lane.asterisk.hang_up(call)
            await desk.becomes(x, "wrap_up")
            await desk.client.post(f"/v1/interactions/{x}/wrap-up", {"disposition": "solved"})
            await desk.becomes(x, "closed")
            assert await entry_outcome(desk, x) == ["answered"]
            await units_free(desk)
            await lane.over(call)

    async def test_the_agent_ends_it(self, lane: AsteriskLane) -> None:
        async with lane.desktop() as desk:
            x, call, _ = await talking(lane, desk)
            answer = await desk.client.post(f"/v1/interactions/{x}/end")
            assert answer.status_code == 202
            await desk.becomes(x, "wrap_up")
            await lane.over(call)

    async def test_the_agents_phone_is_put_down_first(self, lane: AsteriskLane) -> None:
        async with lane.desktop() as desk:
            x, call, leg = await talking(lane, desk)
            lane.asterisk.hang_up(leg)
            await desk.becomes(x, "wrap_up")
            await lane.over(call)

    async def test_the_agents_line_breaks_and_the_customer_waits_again(self, lane: AsteriskLane) -> None:
        async with lane.desktop() as desk:
            x, call, leg = await talking(lane, desk)
            lane.asterisk.hang_up(leg, cause=44)
            waiting = await desk.becomes(x, "queued")
            assert waiting["waiting_since"] is not None
            await lane.hears(call)
            assert (await desk.me())["presence"]["status"] == "not_responding"
            await units_free(desk)

    async def test_digits_go_to_the_customers_side(self, lane: AsteriskLane) -> None:
        async with lane.desktop() as desk:
            x, call, _ = await talking(lane, desk)
            await desk.client.post(f"/v1/interactions/{x}/digits", {"digits": "12#"})
            await eventually(lambda: "dtmf:12#" in lane.asterisk.channels[call].heard)


class TestCallerHangsUp:
    async def test_while_it_is_offered(self, lane: AsteriskLane) -> None:
        async with lane.desktop() as desk:
            call = lane.call()
            offer = await desk.offer()
            lane.asterisk.hang_up(call)
            gone = await desk.pushed("offer.revoked", lambda data: data["offer_id"] == offer["offer_id"])
            assert gone["cause"] == "customer_left"
            await desk.becomes(offer["interaction_id"], "abandoned")
            await units_free(desk)
            figures = await figures_of(lane.lane, desk)
            assert figures["abandoned"] + figures["short_abandoned"] == 1

    async def test_in_the_same_millisecond_as_the_accept(self, lane: AsteriskLane) -> None:
        lane.behaves(Device.MANUAL)
        async with lane.desktop() as desk:
            call = lane.call()
            offer = await desk.offer()
            accept = asyncio.create_task(desk.client.post(f"/v1/offers/{offer['offer_id']}/accept"))
            lane.asterisk.hang_up(call)
            assert (await accept).status_code in (200, 409)
            await desk.becomes(offer["interaction_id"], "abandoned")
            await units_free(desk)
            await lane.over(call)
            assert await entry_outcome(desk, offer["interaction_id"]) == ["abandoned"]

    async def test_while_the_agents_phone_rings(self, lane: AsteriskLane) -> None:
        lane.behaves(Device.MANUAL)
        async with lane.desktop() as desk:
            call = lane.call()
            x = await accepted(desk)
            await lane.rings()
            lane.asterisk.hang_up(call)
            await desk.becomes(x, "abandoned")
            await units_free(desk)
            await lane.over(call)
            assert (await desk.me())["presence"]["status"] == "available"


class TestDevice:
    @pytest.mark.parametrize("phone", [Device.BUSY, Device.REJECTS])
    async def test_refused_the_customer_waits_on(self, lane: AsteriskLane, phone: Device) -> None:
        lane.behaves(phone)
        async with lane.desktop() as desk:
            call = lane.call()
            x = await accepted(desk)
            await desk.becomes(x, "queued")
            await lane.hears(call)
            presence = (await desk.me())["presence"]
            assert (presence["status"], presence["reason_code"]) == ("not_responding", "device")
            await units_free(desk)

    @pytest.mark.parametrize("phone", [Device.SILENT, Device.UNREACHABLE])
    async def test_given_up_after_connect_seconds(self, lane: AsteriskLane, phone: Device) -> None:
        lane.behaves(phone)
        async with lane.desktop() as desk:
            call = lane.call()
            x = await accepted(desk)
            await desk.becomes(x, "queued", seconds=CONNECT_SECONDS + FREE_SECONDS)
            await units_free(desk)
            assert (await desk.me())["presence"]["reason_code"] == "device"
            await eventually(lambda: lane.asterisk.phone(lane.phone) is None)
            await lane.hears(call)

    async def test_the_next_try_succeeds(self, lane: AsteriskLane) -> None:
        lane.behaves(Device.BUSY)
        async with lane.desktop() as desk:
            call = lane.call()
            x = await accepted(desk)
            await desk.becomes(x, "queued")
            lane.behaves(Device.ANSWERS)
            desk.events.clear()
            await desk.client.be("available")
            assert await accepted(desk) == x
            await desk.becomes(x, "active")
            await lane.hears(call, (await lane.rings()).id)


class TestAcceptedByPickingUp:
    """The queue of the last lane is answered at the phone."""

    async def test_picking_up_is_the_accept(self, service: Service, exchange: Server) -> None:
        lane = AsteriskLane(Lane(service.lanes, service), exchange)
        lane.behaves(Device.MANUAL)
        async with lane.desktop() as desk:
            call = lane.call()
            leg = await lane.rings()
            offer = await desk.offer()
            lane.asterisk.answer(lane.phone)
            await desk.becomes(offer["interaction_id"], "active")
            await lane.hears(call, leg.id)
            again = lane.call()
            lane.asterisk.hang_up(call)
            await desk.becomes(offer["interaction_id"], "wrap_up")
            path = f"/v1/interactions/{offer['interaction_id']}/wrap-up"
            await desk.client.post(path, {"disposition": "solved"})
            await lane.rings()
            lane.asterisk.hang_up(again)
            await eventually(lambda: lane.asterisk.phone(lane.phone) is None)
            await units_free(desk)


class TestHold:
    async def test_a_refused_hold_is_told(self, lane: AsteriskLane) -> None:
        async with lane.desktop() as desk:
            x, call, leg = await talking(lane, desk)
            lane.asterisk.refuses.add("POST bridges/touchpoint-held/")
            try:
                await desk.client.post(f"/v1/interactions/{x}/hold")
                failed = await desk.pushed("command.failed", seconds=10)
            finally:
                lane.asterisk.refuses.clear()
            assert (failed["interaction_id"], failed["command"]) == (x, "hold")
            seen = await desk.interaction(x)
            assert (seen["pending"], seen["legs"][0]["state"]) == (None, "active")
            assert lane.asterisk.hears(call) == [leg]


class TestTwoTabs:
    async def test_both_accept_and_both_get_the_call(self, lane: AsteriskLane) -> None:
        async with lane.desktop() as one, lane.desktop(available=False) as two:
            call = lane.call()
            offer = await one.offer()
            assert (await two.offer())["offer_id"] == offer["offer_id"]
            path = f"/v1/offers/{offer['offer_id']}/accept"
            answers = await asyncio.gather(one.client.post(path), two.client.post(path))
            assert [answer.status_code for answer in answers] == [200, 200]
            leg = await lane.rings()
            seen = await one.becomes(offer["interaction_id"], "active")
            assert len(seen["legs"]) == 1
            await lane.hears(call, leg.id)


class TestRepeats:
    async def test_every_event_three_times_is_one_call(self, lane: AsteriskLane) -> None:
        lane.asterisk.copies = 3
        try:
            async with lane.desktop() as desk:
                x, call, _ = await talking(lane, desk)
                await desk.client.post(f"/v1/interactions/{x}/end")
                await desk.becomes(x, "wrap_up")
                await lane.over(call)
                figures = await figures_of(lane.lane, desk)
                assert (figures["offered"], figures["answered"]) == (1, 1)
        finally:
            lane.asterisk.copies = 1
