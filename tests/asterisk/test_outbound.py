"""Calls of ours and callbacks by an Asterisk: the agent's phone first, then the customer's."""

from typing import Any

import pytest

from demo.pbx.switch import Device
from tests.asterisk.lane import OUR_NUMBER, AsteriskLane, legs_become
from tests.running import Desktop
from tests.voice.test_callback import lives_where_it_is, number_of, waits
from tests.voice.test_outbound import outcome
from tests.voice.test_races import accepted, units_free
from tests.waiting import eventually


async def dialled(desk: Desktop, lane: AsteriskLane, number: str) -> str:
    wish: dict[str, Any] = {
        "channel": "voice",
        "endpoint": "asterisk",
        "address": {"kind": "phone", "value": number},
        "queue": lane.lane.queue,
        "purpose": "service",
        "text": "about the delivery",
    }
    answer = await desk.client.post("/v1/interactions", wish)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


class TestCall:
    async def test_agent_first_then_the_customer(self, lane: AsteriskLane) -> None:
        number = f"+86138011{lane.lane.number:05}"
        customers = f"PJSIP/{number}@out"
        lane.behaves(Device.MANUAL)
        lane.asterisk.phones[customers] = Device.MANUAL
        async with lane.desktop(available=False) as desk:
            x = await dialled(desk, lane, number)
            agent = await lane.rings()
            assert lane.asterisk.phone(customers) is None
            lane.asterisk.answer(lane.phone)
            customer = await lane.rings(customers)
            assert customer.id == (await desk.interaction(x))["id"], "the call bears the id that we gave"
            assert customer.connected == OUR_NUMBER, "the customer sees who calls"
            await eventually(lambda: agent.rings)
            lane.asterisk.answer(customers)
            await desk.becomes(x, "active")
            await lane.hears(customer.id, agent.id)
            assert not agent.rings
            await desk.client.post(f"/v1/interactions/{x}/hold")
            await legs_become(desk, x, "held")
            await lane.hears(customer.id)
            lane.asterisk.hang_up(customer.id)
            await desk.becomes(x, "wrap_up")
            await outcome(desk, x, "answered")
            await lane.over(x)

    @pytest.mark.parametrize(("phone", "told"), [(Device.BUSY, "busy"), (Device.REJECTS, "rejected")])
    async def test_the_customer_is_not_reached(self, lane: AsteriskLane, phone: Device, told: str) -> None:
        number = f"+86138012{lane.lane.number:05}"
        lane.asterisk.phones[f"PJSIP/{number}@out"] = phone
        async with lane.desktop(available=False) as desk:
            x = await dialled(desk, lane, number)
            await desk.becomes(x, "closed")
            await outcome(desk, x, told)
            await units_free(desk)
            await lane.over(x)

    async def test_the_agent_gives_up_before_the_customer_answers(self, lane: AsteriskLane) -> None:
        number = f"+86138013{lane.lane.number:05}"
        lane.asterisk.phones[f"PJSIP/{number}@out"] = Device.SILENT
        async with lane.desktop(available=False) as desk:
            x = await dialled(desk, lane, number)
            await lane.rings(f"PJSIP/{number}@out")
            await desk.client.post(f"/v1/interactions/{x}/end")
            await lane.over(x)
            await desk.becomes(x, "closed")
            await units_free(desk)

    async def test_the_agents_own_phone_is_busy(self, lane: AsteriskLane) -> None:
        lane.behaves(Device.BUSY)
        async with lane.desktop(available=False) as desk:
            x = await dialled(desk, lane, f"+86138014{lane.lane.number:05}")
            await desk.becomes(x, "closed")
            await units_free(desk)
            await lane.over(x)


class TestCallback:
    async def test_the_key_of_the_queue_then_both_are_dialled(self, lane: AsteriskLane) -> None:
        number = number_of(lane.lane)
        async with lane.desktop(available=False) as desk:
            await lives_where_it_is(desk, lane.lane, 14)
            call = lane.call(number)
            await lane.hears(call)
            x = (await waits(desk, lane.lane))["id"]
            lane.asterisk.press(call, "7")
            lane.asterisk.press(call, "1")
            await desk.becomes(x, "callback_waiting")
            await lane.over(call)
            await desk.client.be("available")
            assert await accepted(desk) == x
            await desk.becomes(x, "active")
            customer = await lane.rings(f"PJSIP/{number}@out")
            await lane.hears(customer.id, (await lane.rings()).id)
