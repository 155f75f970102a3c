"""A platform that obeys a command, but whose answer never comes: nobody knows, so its events decide."""

import asyncio

import pytest

from demo.pbx.switch import Device
from interactions.calls.call_commands import COMMAND_SECONDS
from tests.outage.test_lost_end import FOUND_SECONDS
from tests.running import Lane
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(300)


async def test_a_device_that_rings_may_still_answer(lane: Lane) -> None:
    lane.behaves(Device.MANUAL)
    exchange = lane.service.exchange
    exchange.answers_with = 503
    try:
        async with lane.desktop() as desk:
            call = lane.call()
            offer = await desk.offer()
            await desk.client.post(f"/v1/offers/{offer['offer_id']}/accept")
            await eventually(lambda: call.leg is not None)
            routed = len(exchange.orders)
            await asyncio.sleep(COMMAND_SECONDS + 2)  # nothing can be seen when a command has run out
            assert len(exchange.orders) > routed, "it was sent again until it ran out"
            exchange.switch.answer(lane.device)
            await desk.becomes(offer["interaction_id"], "active", FOUND_SECONDS)
    finally:
        exchange.answers_with = 202
