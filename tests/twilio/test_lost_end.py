"""The end of a call that Twilio never tells: found in its list of calls."""

from collections.abc import AsyncIterator

import pytest

from tests.twilio.conftest import Line
from tests.twilio.test_calls import talking
from tests.voice.test_races import units_free

FOUND_SECONDS = 20
"""Two lists two seconds apart, and some more on a busy machine."""


@pytest.fixture
async def line(line: Line) -> AsyncIterator[Line]:
    """Its Twilio forgets to tell ends."""
    faults = line.twilio.faults
    faults.drops |= {"completed", "participant-leave", "conference-end"}
    yield line
    faults.drops.clear()


class TestLostEnd:
    async def test_of_a_conversation_the_agent_wraps_up(self, line: Line) -> None:
        async with line.lane.desktop() as desk:
            x, call = await talking(line, desk)
            line.twilio.exchange.hang_up(call)
            lost = await desk.becomes(x, "wrap_up", seconds=FOUND_SECONDS)
            assert [leg["state"] for leg in lost["legs"]] == ["wrap_up"]

    async def test_of_a_ringing_call_frees_the_agent(self, line: Line) -> None:
        async with line.lane.desktop() as desk:
            call = line.call()
            offer = await desk.offer()
            line.twilio.exchange.hang_up(call)
            revoked = await desk.pushed(
                "offer.revoked", lambda data: data["offer_id"] == offer["offer_id"], FOUND_SECONDS
            )
            assert revoked["cause"] == "customer_left"
            await desk.becomes(offer["interaction_id"], "abandoned")
            await units_free(desk)
