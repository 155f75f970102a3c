"""The races of a phone call, each against the running service and a real exchange (SEMANTICS §1.1)."""

import asyncio
from typing import Any

import pytest

from demo.pbx.switch import CallState, Device, PhoneCall
from tests.running import CONNECT_SECONDS, Desktop, Lane
from tests.waiting import eventually

FREE_SECONDS = 2
"""Within this time after the event that ends it, an agent's units are free."""


async def accepted(desk: Desktop, call: PhoneCall | None = None) -> str:
    """Take the next offer; its interaction."""
    offer = await desk.offer()
    answer = await desk.client.post(f"/v1/offers/{offer['offer_id']}/accept")
    assert answer.status_code == 200, answer.text
    return str(offer["interaction_id"])


async def units_free(desk: Desktop, seconds: float = FREE_SECONDS) -> None:
    async def free() -> bool:
        return bool((await desk.me())["units_held"] == 0)

    await eventually(free, seconds=seconds)


async def entry_outcome(desk: Desktop, interaction_id: str) -> list[str | None]:
    """How the queue entries ended, in order."""
    segments = (await desk.interaction(interaction_id))["segments"]
    return [segment["outcome"] for segment in segments if segment["kind"] == "queue"]


async def figures_of(lane: Lane, desk: Desktop) -> dict[str, Any]:
    from tests.running import PASSWORD, desktop

    async with desktop(lane.service.url, "acme", "boss@acme.test", PASSWORD) as boss:
        items = (await boss.http.get("/v1/queues/metrics")).json()["items"]
    return next(item for item in items if item["queue"] == lane.queue)


class TestAnswered:
    async def test_accept_is_not_answer_until_the_bridge(self, lane: Lane) -> None:
        lane.behaves(Device.MANUAL)
        async with lane.desktop() as desk:
            call = lane.call()
            x = await accepted(desk)
            assert (await desk.interaction(x))["state"] == "connecting"
            await eventually(lambda: call.leg is not None)
            lane.service.exchange.switch.answer(lane.device)
            answered = await desk.becomes(x, "active")
            assert answered["answered_at"] is not None
            lane.service.exchange.switch.hang_up(call.id)
            await desk.becomes(x, "wrap_up")
            await desk.client.post(f"/v1/interactions/{x}/wrap-up", {"disposition": "solved"})
            await desk.becomes(x, "closed")
            assert await entry_outcome(desk, x) == ["answered"]
            await units_free(desk)

    async def test_the_agent_hangs_up_and_the_call_ends(self, lane: Lane) -> None:
        async with lane.desktop() as desk:
            call = lane.call()
            x = await accepted(desk)
            await desk.becomes(x, "active")
            answer = await desk.client.post(f"/v1/interactions/{x}/end")
            assert answer.status_code == 202 and answer.json()["command_id"]
            await desk.becomes(x, "wrap_up")
            assert call.state == CallState.ENDED

    async def test_the_agents_device_hangs_up_first(self, lane: Lane) -> None:
        async with lane.desktop() as desk:
            call = lane.call()
            x = await accepted(desk)
            await desk.becomes(x, "active")
            lane.service.exchange.switch.device_hangs_up(lane.device)
            await desk.becomes(x, "wrap_up")
            await eventually(lambda: call.state == CallState.ENDED)

    async def test_a_dropped_agent_leg_gives_the_customer_back(self, lane: Lane) -> None:
        async with lane.desktop() as desk:
            lane.call()
            x = await accepted(desk)
            await desk.becomes(x, "active")
            lane.service.exchange.switch.device_hangs_up(lane.device, cause="failed")
            waiting = await desk.becomes(x, "queued")
            assert waiting["waiting_since"] is not None
            assert (await desk.me())["presence"]["status"] == "not_responding"
            await units_free(desk)


class TestCallerHangsUp:
    async def test_while_it_rings(self, lane: Lane) -> None:
        async with lane.desktop() as desk:
            call = lane.call()
            offer = await desk.offer()
            lane.service.exchange.switch.hang_up(call.id)
            gone = await desk.pushed("offer.revoked", lambda data: data["offer_id"] == offer["offer_id"])
            assert gone["cause"] == "customer_left"
            await desk.becomes(offer["interaction_id"], "abandoned")
            late = await desk.client.post(f"/v1/offers/{offer['offer_id']}/accept")
            assert late.status_code == 409
            assert late.json()["type"] == "/problems/offer-gone"
            assert late.json()["cause"] == "customer_left"
            await units_free(desk)
            figures = await figures_of(lane, desk)
            assert figures["abandoned"] + figures["short_abandoned"] == 1

    async def test_in_the_same_millisecond_as_the_accept(self, lane: Lane) -> None:
        lane.behaves(Device.MANUAL)
        async with lane.desktop() as desk:
            call = lane.call()
            offer = await desk.offer()
            accept = asyncio.create_task(desk.client.post(f"/v1/offers/{offer['offer_id']}/accept"))
            lane.service.exchange.switch.hang_up(call.id)
            assert (await accept).status_code in (200, 409)
            await desk.becomes(offer["interaction_id"], "abandoned")
            await units_free(desk)
            assert await entry_outcome(desk, offer["interaction_id"]) == ["abandoned"]

    async def test_while_the_agents_leg_rings(self, lane: Lane) -> None:
        lane.behaves(Device.MANUAL)
        async with lane.desktop() as desk:
            call = lane.call()
            x = await accepted(desk)
            await eventually(lambda: call.leg is not None)
            lane.service.exchange.switch.hang_up(call.id)
            await desk.becomes(x, "abandoned")
            await units_free(desk)
            assert (await desk.me())["presence"]["status"] == "available"


class TestDevice:
    @pytest.mark.parametrize("device", [Device.BUSY, Device.UNREACHABLE, Device.REJECTS])
    async def test_refused_by_the_device_the_customer_waits_on(self, lane: Lane, device: Device) -> None:
        lane.behaves(device)
        async with lane.desktop() as desk:
            lane.call()
            x = await accepted(desk)
            waiting = await desk.becomes(x, "queued")
            assert await entry_outcome(desk, x) == [None]
            assert waiting["queued_at"] is not None
            presence = (await desk.me())["presence"]
            assert (presence["status"], presence["reason_code"]) == ("not_responding", "device")
            await units_free(desk)

    async def test_a_silent_device_is_given_up_after_connect_seconds(self, lane: Lane) -> None:
        lane.behaves(Device.SILENT)
        async with lane.desktop() as desk:
            lane.call()
            x = await accepted(desk)
            await desk.becomes(x, "queued", seconds=CONNECT_SECONDS + FREE_SECONDS)
            await units_free(desk)
            assert (await desk.me())["presence"]["reason_code"] == "device"

    async def test_back_in_front_with_its_age_for_the_next_try(self, lane: Lane) -> None:
        lane.behaves(Device.BUSY)
        async with lane.desktop() as desk:
            lane.call()
            x = await accepted(desk)
            await desk.becomes(x, "queued")
            lane.behaves(Device.ANSWERS)
            first = await desk.offer(x)
            await desk.client.be("available")
            second = await desk.pushed("offer.created", lambda data: data["offer_id"] != first["offer_id"])
            assert second["interaction_id"] == x
            assert second["waited_seconds"] >= first["waited_seconds"]


class TestOrder:
    async def test_the_end_before_the_beginning(self, lane: Lane) -> None:
        exchange = lane.service.exchange
        exchange.delays["call.incoming"] = 0.5
        try:
            call = lane.call()
            exchange.switch.hang_up(call.id)
        finally:
            exchange.delays.clear()
        async with lane.desktop() as desk:

            async def abandoned() -> bool:
                figures = await figures_of(lane, desk)
                return bool(figures["abandoned"] + figures["short_abandoned"] == 1)

            await eventually(abandoned)
            assert not [event for event in desk.events if event["name"] == "offer.created"]

    async def test_every_event_three_times_is_one_call(self, lane: Lane) -> None:
        exchange = lane.service.exchange
        exchange.copies = 3
        try:
            async with lane.desktop() as desk:
                lane.call()
                x = await accepted(desk)
                await desk.becomes(x, "active")
                await desk.client.post(f"/v1/interactions/{x}/end")
                await desk.becomes(x, "wrap_up")
                figures = await figures_of(lane, desk)
                assert (figures["offered"], figures["answered"]) == (1, 1)
        finally:
            exchange.copies = 1


class TestHold:
    async def test_held_only_on_the_platforms_event(self, lane: Lane) -> None:
        async with lane.desktop() as desk:
            call = lane.call()
            x = await accepted(desk)
            await desk.becomes(x, "active")
            answer = await desk.client.post(f"/v1/interactions/{x}/hold")
            assert answer.status_code == 202
            await eventually(lambda: call.state == CallState.HELD)

            async def leg_state() -> str:
                return str((await desk.interaction(x))["legs"][0]["state"])

            async def held() -> bool:
                return await leg_state() == "held"

            await eventually(held)
            assert (await desk.interaction(x))["pending"] is None
            await desk.client.post(f"/v1/interactions/{x}/resume")

            async def talking() -> bool:
                return await leg_state() == "active"

            await eventually(talking)

    async def test_a_refused_hold_is_told(self, lane: Lane) -> None:
        switch = lane.service.exchange.switch
        async with lane.desktop() as desk:
            lane.call()
            x = await accepted(desk)
            await desk.becomes(x, "active")
            switch.refuses.add("call.hold")
            try:
                await desk.client.post(f"/v1/interactions/{x}/hold")
                failed = await desk.pushed("command.failed", seconds=6)
            finally:
                switch.refuses.clear()
            assert (failed["interaction_id"], failed["command"]) == (x, "hold")
            seen = await desk.interaction(x)
            assert (seen["pending"], seen["legs"][0]["state"]) == (None, "active")


class TestTwoTabs:
    async def test_both_accept_and_both_get_the_call(self, lane: Lane) -> None:
        async with lane.desktop() as one, lane.desktop(available=False) as two:
            lane.call()
            offer = await one.offer()
            assert (await two.offer())["offer_id"] == offer["offer_id"]
            path = f"/v1/offers/{offer['offer_id']}/accept"
            answers = await asyncio.gather(one.client.post(path), two.client.post(path))
            assert [answer.status_code for answer in answers] == [200, 200]
            seen = await one.becomes(offer["interaction_id"], "active")
            assert len(seen["legs"]) == 1
