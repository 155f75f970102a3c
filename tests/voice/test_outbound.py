"""Calls of ours: the agent's phone rings first, then the customer's; and mails that nobody asked for."""

from typing import Any

import httpx
import pytest

from demo.pbx.switch import CallState, Device, PhoneCall
from tests.running import CONNECT_SECONDS, Desktop, Lane, Service
from tests.voice.test_races import FREE_SECONDS, figures_of, units_free
from tests.waiting import eventually


async def dial(desk: Desktop, lane: Lane, to: str) -> httpx.Response:
    wish = {
        "channel": "voice",
        "endpoint": "hotline",
        "address": {"kind": "phone", "value": to},
        "queue": lane.queue,
        "purpose": "service",
        "text": "about the delivery",
    }
    return await desk.client.post("/v1/interactions", wish)


async def dialled(desk: Desktop, lane: Lane, to: str) -> tuple[str, PhoneCall]:
    answer = await dial(desk, lane, to)
    assert answer.status_code == 201, answer.text
    calls = lane.service.exchange.switch.calls
    x: str = answer.json()["id"]
    return x, await eventually(lambda: calls.get(x))


async def touch_of(desk: Desktop, x: str) -> dict[str, Any]:
    items = (await desk.client.http.get(f"/v1/interactions/{x}/touches")).json()["items"]
    found: dict[str, Any] = next(item for item in items if item["kind"] == "call")
    return found


async def outcome(desk: Desktop, x: str, wanted: str) -> None:
    async def told() -> bool:
        return bool((await touch_of(desk, x))["payload"].get("outcome") == wanted)

    await eventually(told)


class TestCall:
    async def test_agent_first_then_the_customer_then_wrap_up(self, lane: Lane) -> None:
        lane.behaves(Device.MANUAL)
        switch = lane.service.exchange.switch
        number = f"+86138001{lane.number:05}"
        switch.devices[number] = Device.MANUAL
        async with lane.desktop(available=False) as desk:
            x, call = await dialled(desk, lane, number)
            seen = await desk.interaction(x)
            assert (seen["state"], seen["direction"], seen["legs"][0]["state"]) == (
                "connecting", "outbound", "connecting",
            )  # fmt: skip
            assert seen["legs"][0]["connect_deadline_at"] is not None
            switch.answer(lane.device)

            async def clock_stopped() -> bool:
                return (await desk.interaction(x))["legs"][0]["connect_deadline_at"] is None

            await eventually(clock_stopped)
            switch.answer(number)
            assert (await desk.becomes(x, "active"))["answered_at"] is not None
            touch = await touch_of(desk, x)
            assert (touch["direction"], touch["payload"]["purpose"]) == ("outbound", "service")
            switch.hang_up(call.id)
            await desk.becomes(x, "wrap_up")
            await outcome(desk, x, "answered")
            await desk.client.post(f"/v1/interactions/{x}/wrap-up", {"disposition": "solved"})
            await desk.becomes(x, "closed")
            await units_free(desk)
            figures = await figures_of(lane, desk)
            assert (figures["offered"], figures["answered"]) == (0, 0), "nobody waited"

    @pytest.mark.parametrize("device", [Device.BUSY, Device.UNREACHABLE])
    async def test_the_customer_is_not_reached(self, lane: Lane, device: Device) -> None:
        number = f"+86138002{lane.number:05}"
        lane.service.exchange.switch.devices[number] = device
        async with lane.desktop(available=False) as desk:
            x, call = await dialled(desk, lane, number)
            await desk.becomes(x, "closed")
            await outcome(desk, x, device.value)
            await units_free(desk)
            assert call.state == CallState.ENDED

    async def test_the_agents_own_phone_is_silent(self, lane: Lane) -> None:
        lane.behaves(Device.SILENT)
        async with lane.desktop() as desk:
            x, call = await dialled(desk, lane, f"+86138003{lane.number:05}")
            await desk.becomes(x, "closed", seconds=CONNECT_SECONDS + FREE_SECONDS + 2)
            await eventually(lambda: call.state == CallState.ENDED)
            await outcome(desk, x, "agent_no_answer")
            assert (await desk.me())["presence"]["reason_code"] == "device"
            await units_free(desk)

    async def test_given_up_while_it_rings(self, lane: Lane) -> None:
        number = f"+86138004{lane.number:05}"
        lane.service.exchange.switch.devices[number] = Device.MANUAL
        async with lane.desktop() as desk:
            x, call = await dialled(desk, lane, number)
            await eventually(lambda: call.leg is not None and call.leg.answered)
            assert (await desk.client.post(f"/v1/interactions/{x}/end")).status_code == 202
            await desk.becomes(x, "closed")
            await outcome(desk, x, "cancelled")
            await units_free(desk)

    async def test_handed_to_a_colleague_while_it_rings(self, service: Service) -> None:
        """The end of the first call is told when the second one rings already."""
        mine, theirs = service.lane(), service.lane()
        mine.behaves(Device.MANUAL)
        theirs.behaves(Device.MANUAL)
        switch = service.exchange.switch
        async with (
            mine.desktop() as li,
            theirs.desktop() as wang,
            mine.desktop(available=False, email="boss@acme.test") as boss,
        ):
            x, first = await dialled(li, mine, f"+86138007{mine.number:05}")
            answer = await boss.client.post(f"/v1/interactions/{x}/reassign", {"agent": theirs.email})
            assert answer.status_code == 200, answer.text

            def rings() -> PhoneCall | None:
                calls = switch.calls.values()
                return next((c for c in calls if c.leg and c.leg.device == theirs.device), None)

            second = await eventually(rings)
            await eventually(lambda: first.state == CallState.ENDED)
            switch.answer(theirs.device)
            await li.becomes(x, "active")
            assert second is not None and second.state == CallState.CONNECTED
            await units_free(li)
            assert (await wang.me())["units_held"] == 100

    async def test_what_the_platform_will_not_dial_is_not_the_agents_fault(self, lane: Lane) -> None:
        refuses = lane.service.exchange.switch.refuses
        refuses.add("call.dial")
        async with lane.desktop() as desk:
            try:
                answer = await dial(desk, lane, f"+86138008{lane.number:05}")
                await desk.becomes(answer.json()["id"], "closed")
            finally:
                refuses.discard("call.dial")
            assert (await desk.me())["presence"]["status"] == "available"
            await units_free(desk)

    async def test_what_cannot_be_called(self, lane: Lane) -> None:
        async with lane.desktop(available=False) as desk:
            nobody = await dial(desk, lane, "anonymous")
            assert (nobody.status_code, nobody.json()["errors"][0]["pointer"]) == (422, "/address")
            x, _ = await dialled(desk, lane, f"+86138005{lane.number:05}")
            busy = await dial(desk, lane, f"+86138006{lane.number:05}")
            assert (busy.status_code, busy.json()["type"]) == (409, "/problems/no-room")
            await desk.becomes(x, "active")


class TestMail:
    async def test_a_mail_goes_out_and_stands_on_the_timeline(self, lane: Lane) -> None:
        to = f"customer{lane.number}@example.com"
        wish = {
            "channel": "email",
            "endpoint": "support-mail",
            "address": {"kind": "email", "value": to},
            "purpose": "service",
            "subject": "Your order",
            "text": "It is on its way.",
        }
        async with lane.desktop(available=False) as desk:
            answer = await desk.client.post("/v1/interactions", wish)
            assert answer.status_code == 201, answer.text
            x = answer.json()["id"]
            mail = await eventually(lambda: next(iter(lane.service.inbox.of(to)), None))
            assert mail["subject"] == "Your order"
            assert (await desk.interaction(x))["state"] == "active"
            assert (await desk.client.post(f"/v1/interactions/{x}/close")).status_code == 200
            await units_free(desk)
