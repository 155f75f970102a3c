"""The end of a call that the platform never tells: found by asking it which calls live."""

from collections.abc import AsyncIterator

import pytest

from tests.running import Lane

pytestmark = pytest.mark.timeout(300)

FOUND_SECONDS = 20
"""Two lists a second apart, after the five seconds in which a new call may be missing in one."""


@pytest.fixture
async def lane(lane: Lane) -> AsyncIterator[Lane]:
    """Its platform forgets to tell ends."""
    lane.service.exchange.drops = {"call.ended", "leg.ended"}
    yield lane
    lane.service.exchange.drops = set()


class TestLostEnd:
    async def test_of_a_conversation_the_agent_wraps_up(self, lane: Lane) -> None:
        async with lane.desktop() as desk:
            call = lane.call()
            offer = await desk.offer()
            await desk.client.post(f"/v1/offers/{offer['offer_id']}/accept")
            await desk.becomes(offer["interaction_id"], "active")
            lane.service.exchange.switch.hang_up(call.id)
            lost = await desk.becomes(offer["interaction_id"], "wrap_up", seconds=FOUND_SECONDS)
            assert [leg["state"] for leg in lost["legs"]] == ["wrap_up"]

    async def test_of_a_ringing_call_frees_the_agent(self, lane: Lane) -> None:
        async with lane.desktop() as desk:
            call = lane.call()
            offer = await desk.offer()
            lane.service.exchange.switch.hang_up(call.id)
            revoked = await desk.pushed(
                "offer.revoked", lambda data: data["offer_id"] == offer["offer_id"], FOUND_SECONDS
            )
            assert revoked["cause"] == "customer_left"
            await desk.becomes(offer["interaction_id"], "abandoned")
            assert (await desk.me())["units_held"] == 0
