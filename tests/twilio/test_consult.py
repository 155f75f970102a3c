"""Warm transfers and calls of ours through Twilio: li has the call, wang is a third participant."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from demo.pbx.switch import Device
from demo.twilio.calls import Call
from tests.running import Desktop
from tests.twilio.conftest import NUMBER, Line, Office
from tests.twilio.test_calls import talking
from tests.voice.test_races import units_free
from tests.waiting import eventually

OUTSIDE = "+13125550142"


@dataclass
class Stage:
    li: Desktop
    wang: Desktop
    mine: Line
    theirs: Line
    call: Call
    x: str

    async def act(self, action: str, body: dict[str, Any] | None = None) -> httpx.Response:
        return await self.li.client.post(f"/v1/interactions/{self.x}/{action}", body)

    async def consulted(self) -> None:
        asked = await self.act("consult", {"to": {"agent": self.theirs.lane.email}})
        assert asked.status_code == 200, asked.text
        offer = await self.wang.offer(self.x)
        await self.wang.client.post(f"/v1/offers/{offer['offer_id']}/accept")
        await self.legs(primary="held", consult="active")

    async def legs(self, **wanted: str) -> dict[str, Any]:
        """The interaction once its legs that are not over are exactly these."""

        async def found() -> dict[str, Any] | None:
            seen = await self.li.interaction(self.x)
            live = {
                leg["role"]: leg["state"] for leg in seen["legs"] if leg["state"] not in ("ended", "wrap_up")
            }
            return seen if live == wanted else None

        seen = await eventually(found)
        assert seen is not None
        return seen

    async def has_the_call(self, desk: Desktop) -> None:
        seen = await self.legs(primary="active")
        me = (await desk.me())["id"]
        assert [leg["agent_id"] for leg in seen["legs"] if leg["state"] == "active"] == [me]

    def phone(self, line: Line) -> Call | None:
        return line.twilio.exchange.talking(line.device)

    def hears(self) -> set[str]:
        """Who talks with the customer."""
        room = self.call.conference
        if room is None or self.call.held:
            return set()
        return {person.to for person in room.connected if person is not self.call and not person.held}


@asynccontextmanager
async def on_the_phone(office: Office) -> AsyncIterator[Stage]:
    mine, theirs = office.line(), office.line()
    async with mine.lane.desktop() as li, theirs.lane.desktop() as wang:
        x, call = await talking(mine, li)
        yield Stage(li, wang, mine, theirs, call, x)


class TestConsult:
    async def test_the_customer_is_handed_over(self, office: Office) -> None:
        async with on_the_phone(office) as stage:
            await stage.consulted()
            assert stage.call.held, "the customer hears music, not the consult"
            assert (await stage.act("consult/complete")).status_code == 202
            await stage.has_the_call(stage.wang)
            await eventually(lambda: stage.hears() == {stage.theirs.device})
            assert stage.phone(stage.mine) is None
            await stage.act("wrap-up", {"disposition": "solved"})
            await units_free(stage.li)
            stage.mine.twilio.exchange.hang_up(stage.call)
            await stage.li.becomes(stage.x, "wrap_up")
            await eventually(lambda: stage.phone(stage.theirs) is None)

    async def test_back_to_the_customer(self, office: Office) -> None:
        async with on_the_phone(office) as stage:
            await stage.consulted()
            assert (await stage.act("consult/return")).status_code == 202
            await stage.has_the_call(stage.li)
            await units_free(stage.wang)
            await eventually(lambda: stage.hears() == {stage.mine.device})
            assert stage.phone(stage.theirs) is None

    async def test_swap_and_then_all_together(self, office: Office) -> None:
        async with on_the_phone(office) as stage:
            await stage.consulted()
            await stage.act("consult/swap")
            await stage.legs(primary="active", consult="held")
            assert stage.hears() == {stage.mine.device}
            await stage.act("consult/swap")
            await stage.legs(primary="held", consult="active")
            await stage.act("consult/conference")
            await stage.legs(primary="active", conference="active")
            assert stage.hears() == {stage.mine.device, stage.theirs.device}

    async def test_the_first_agent_hangs_up_and_the_transfer_completes(self, office: Office) -> None:
        async with on_the_phone(office) as stage:
            await stage.consulted()
            phone = stage.phone(stage.mine)
            assert phone is not None
            stage.mine.twilio.exchange.hang_up(phone)
            await stage.has_the_call(stage.wang)
            await eventually(lambda: stage.hears() == {stage.theirs.device})

    async def test_the_caller_leaves_during_it(self, office: Office) -> None:
        async with on_the_phone(office) as stage:
            await stage.consulted()
            stage.mine.twilio.exchange.hang_up(stage.call)
            await stage.li.becomes(stage.x, "wrap_up")
            await units_free(stage.wang)
            await eventually(lambda: stage.phone(stage.mine) is None and stage.phone(stage.theirs) is None)

    async def test_their_phone_is_busy(self, office: Office) -> None:
        async with on_the_phone(office) as stage:
            stage.theirs.behaves(Device.BUSY)
            await stage.act("consult", {"to": {"agent": stage.theirs.lane.email}})
            offer = await stage.wang.offer(stage.x)
            await stage.wang.client.post(f"/v1/offers/{offer['offer_id']}/accept")
            told = await stage.li.pushed("consult.ended")
            assert told["cause"] == "busy"
            await stage.legs(primary="held")
            assert stage.call.held

    async def test_an_outage_in_the_middle(self, office: Office) -> None:
        """Nothing arrives and nothing can be ordered; the consult goes on as it was, and then completes."""
        faults = office.twilio.faults
        async with on_the_phone(office) as stage:
            await stage.consulted()
            faults.down = True
            try:
                await stage.act("consult/complete")
                failed = await stage.li.pushed("command.failed", seconds=12)
            finally:
                faults.down = False
            assert failed["interaction_id"] == stage.x
            await stage.legs(primary="held", consult="active")
            assert (await stage.act("consult/complete")).status_code == 202
            await stage.has_the_call(stage.wang)

    async def test_everything_twice_and_overtaking(self, office: Office) -> None:
        faults = office.twilio.faults
        faults.copies, faults.shuffle, faults.seed = 2, 0.2, 7
        try:
            async with on_the_phone(office) as stage:
                await stage.consulted()
                await stage.act("consult/complete")
                await stage.has_the_call(stage.wang)
                stage.mine.twilio.exchange.hang_up(stage.call)
                seen = await stage.li.becomes(stage.x, "wrap_up")
                assert len(seen["legs"]) == 2, f"seed {faults.seed}"
        finally:
            faults.copies, faults.shuffle = 1, 0.0


class TestOutside:
    async def test_a_number_is_consulted_and_gets_the_customer(self, office: Office) -> None:
        async with on_the_phone(office) as stage:
            exchange = stage.mine.twilio.exchange
            await stage.act("consult", {"to": {"address": {"kind": "phone", "value": OUTSIDE}}})

            async def talks() -> bool:
                outside = (await stage.li.interaction(stage.x))["outside"] or {}
                return bool(outside.get("state") == "talking")

            await eventually(talks)
            assert (await stage.act("consult/complete")).status_code == 202
            await stage.li.becomes(stage.x, "wrap_up")
            await eventually(lambda: stage.hears() == {OUTSIDE})
            phone = exchange.talking(OUTSIDE)
            assert phone is not None
            exchange.hang_up(phone)
            await eventually(lambda: stage.call.over)

    async def test_a_caller_is_sent_to_a_number(self, office: Office) -> None:
        number = "+13125550143"
        async with on_the_phone(office) as stage:
            to = {"address": {"kind": "phone", "value": number}}
            assert (await stage.act("transfer", {"to": to})).status_code == 200
            await stage.li.becomes(stage.x, "wrap_up")
            await eventually(lambda: stage.hears() == {number})
            await eventually(lambda: stage.phone(stage.mine) is None)

    async def test_nobody_there_and_the_agent_keeps_the_caller(self, office: Office) -> None:
        number = "+13125550144"
        async with on_the_phone(office) as stage:
            stage.mine.twilio.exchange.devices[number] = Device.BUSY
            await stage.act("transfer", {"to": {"address": {"kind": "phone", "value": number}}})
            failed = await stage.li.pushed("command.failed")
            assert (failed["command"], failed["reason"]) == ("transfer", "busy")
            assert stage.hears() == {stage.mine.device}


async def dial(desk: Desktop, line: Line, to: str) -> str:
    wish = {
        "channel": "voice",
        "endpoint": "phone",
        "address": {"kind": "phone", "value": to},
        "queue": line.lane.queue,
        "purpose": "service",
    }
    answer = await desk.client.post("/v1/interactions", wish)
    assert answer.status_code == 201, answer.text
    x: str = answer.json()["id"]
    return x


class TestCallsOfOurs:
    async def test_the_agent_first_then_the_customer(self, line: Line) -> None:
        number, exchange = f"+1312556{line.lane.number:04}", line.twilio.exchange
        line.behaves(Device.MANUAL)
        exchange.devices[number] = Device.MANUAL
        async with line.lane.desktop(available=False) as desk:
            x = await dial(desk, line, number)
            await eventually(lambda: exchange.ringing(line.device))
            assert exchange.ringing(number) is None
            exchange.answer(line.device)
            customer = await eventually(lambda: exchange.ringing(number))
            assert customer is not None and customer.caller == NUMBER
            exchange.answer(number)
            await desk.becomes(x, "active")
            exchange.hang_up(customer)
            await desk.becomes(x, "wrap_up")
            await eventually(lambda: exchange.talking(line.device) is None)

    @pytest.mark.parametrize("device", [Device.BUSY, Device.UNREACHABLE])
    async def test_the_customer_is_not_reached(self, line: Line, device: Device) -> None:
        number, exchange = f"+1312557{line.lane.number:04}", line.twilio.exchange
        exchange.devices[number] = device
        async with line.lane.desktop(available=False) as desk:
            x = await dial(desk, line, number)
            await desk.becomes(x, "closed")
            await units_free(desk)
            await eventually(lambda: exchange.talking(line.device) is None)

    async def test_what_twilio_will_not_dial(self, line: Line) -> None:
        number = f"+1312558{line.lane.number:04}"
        line.twilio.faults.refuses[number] = 21215
        async with line.lane.desktop(available=False) as desk:
            x = await dial(desk, line, number)
            await desk.becomes(x, "closed")
            await eventually(lambda: line.twilio.exchange.talking(line.device) is None)

    async def test_given_up_while_it_rings(self, line: Line) -> None:
        number, exchange = f"+1312559{line.lane.number:04}", line.twilio.exchange
        exchange.devices[number] = Device.MANUAL
        async with line.lane.desktop(available=False) as desk:
            x = await dial(desk, line, number)
            await eventually(lambda: exchange.ringing(number))
            await desk.client.post(f"/v1/interactions/{x}/end")
            await desk.becomes(x, "closed")
            await eventually(lambda: exchange.ringing(number) is None)
            await asyncio.gather(units_free(desk))
