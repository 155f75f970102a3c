"""Warm and cold transfer through a running service and an Asterisk: li has the call, wang is asked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from demo.pbx.switch import Device
from tests.asterisk.lane import AsteriskLane, legs_become, talking
from tests.platforms.ari.server import Server
from tests.running import CONNECT_SECONDS, Desktop, Service
from tests.voice.test_races import FREE_SECONDS, entry_outcome, units_free
from tests.waiting import eventually


@dataclass
class Stage:
    """`first` and `second`: the channels of li's and of wang's phone."""

    li: Desktop
    wang: Desktop
    mine: AsteriskLane
    theirs: AsteriskLane
    x: str
    call: str
    first: str
    second: str = ""

    async def act(self, action: str, body: dict[str, Any] | None = None, by: Desktop | None = None) -> None:
        answer = await (by or self.li).client.post(f"/v1/interactions/{self.x}/{action}", body)
        assert answer.status_code in (200, 202), answer.text

    async def ask(self) -> None:
        """Wang is offered the consult and takes it."""
        await self.act("consult", {"to": {"agent": self.theirs.lane.email}})
        offer = await self.wang.offer(self.x)
        answer = await self.wang.client.post(f"/v1/offers/{offer['offer_id']}/accept")
        assert answer.status_code == 200, answer.text

    async def outside_talks(self) -> None:
        async def so() -> bool:
            outside = (await self.li.interaction(self.x))["outside"]
            return bool(outside and outside["state"] == "talking")

        await eventually(so)

    async def consulted(self) -> None:
        """Both agents talk, the customer hears music."""
        await self.ask()
        await legs_become(self.li, self.x, "held", "active")
        self.second = (await self.theirs.rings()).id
        await self.mine.hears(self.call)
        await self.mine.hears(self.first, self.second)


@pytest.fixture
def lanes(service: Service, exchange: Server) -> tuple[AsteriskLane, AsteriskLane]:
    return AsteriskLane(service.lane(), exchange), AsteriskLane(service.lane(), exchange)


@asynccontextmanager
async def staged(lanes: tuple[AsteriskLane, AsteriskLane]) -> AsyncIterator[Stage]:
    mine, theirs = lanes
    async with mine.desktop() as li, theirs.desktop() as wang:
        x, call, leg = await talking(mine, li)
        yield Stage(li, wang, mine, theirs, x, call, leg)


Lanes = tuple[AsteriskLane, AsteriskLane]


class TestWarm:
    async def test_completed(self, lanes: Lanes) -> None:
        async with staged(lanes) as stage:
            await stage.consulted()
            await stage.act("consult/complete")
            await stage.mine.hears(stage.call, stage.second)
            await legs_become(stage.li, stage.x, "wrap_up", "active")
            await eventually(lambda: stage.mine.asterisk.phone(stage.mine.phone) is None)
            await stage.act("wrap-up", {"disposition": "solved"})
            await units_free(stage.li)
            stage.mine.asterisk.hang_up(stage.call)
            await stage.li.becomes(stage.x, "wrap_up")
            await stage.act("wrap-up", {"disposition": "solved"}, stage.wang)
            await stage.li.becomes(stage.x, "closed")
            await units_free(stage.wang)
            await stage.mine.over(stage.call)
            assert await entry_outcome(stage.li, stage.x) == ["answered"]

    async def test_completed_after_a_swap(self, lanes: Lanes) -> None:
        async with staged(lanes) as stage:
            await stage.consulted()
            await stage.act("consult/swap")
            await stage.mine.hears(stage.call, stage.first)
            await legs_become(stage.li, stage.x, "active", "held")
            await stage.mine.hears(stage.second)
            await stage.act("consult/complete")
            await stage.mine.hears(stage.call, stage.second)
            await legs_become(stage.li, stage.x, "wrap_up", "active")

    async def test_given_back(self, lanes: Lanes) -> None:
        async with staged(lanes) as stage:
            await stage.consulted()
            await stage.act("consult/return")
            await legs_become(stage.li, stage.x, "active")
            await stage.mine.hears(stage.call, stage.first)
            await units_free(stage.wang)

    async def test_all_three_talk(self, lanes: Lanes) -> None:
        async with staged(lanes) as stage:
            await stage.consulted()
            await stage.act("consult/conference")
            await stage.mine.hears(stage.call, stage.first, stage.second)
            await legs_become(stage.li, stage.x, "active", "active")

    async def test_the_first_agents_phone_is_put_down(self, lanes: Lanes) -> None:
        async with staged(lanes) as stage:
            await stage.consulted()
            stage.mine.asterisk.hang_up(stage.first)
            await stage.mine.hears(stage.call, stage.second)
            await legs_become(stage.li, stage.x, "wrap_up", "active")

    async def test_the_caller_leaves(self, lanes: Lanes) -> None:
        async with staged(lanes) as stage:
            await stage.consulted()
            stage.mine.asterisk.hang_up(stage.call)
            await stage.li.becomes(stage.x, "wrap_up")
            await units_free(stage.wang)
            await stage.mine.over(stage.call)

    async def test_their_phone_is_busy(self, lanes: Lanes) -> None:
        async with staged(lanes) as stage:
            stage.theirs.behaves(Device.BUSY)
            await stage.ask()
            await legs_become(stage.li, stage.x, "held")
            await units_free(stage.wang)
            await stage.act("resume")
            await stage.mine.hears(stage.call, stage.first)

    async def test_their_phone_is_silent(self, lanes: Lanes) -> None:
        async with staged(lanes) as stage:
            stage.theirs.behaves(Device.SILENT)
            await stage.ask()
            await units_free(stage.wang, CONNECT_SECONDS + FREE_SECONDS + 1)
            await legs_become(stage.li, stage.x, "held")
            await eventually(lambda: stage.theirs.asterisk.phone(stage.theirs.phone) is None)

    async def test_somebody_outside(self, lanes: Lanes) -> None:
        async with staged(lanes) as stage:
            number = f"+861390013{stage.mine.lane.number:04}"
            await stage.act("consult", {"to": {"address": {"kind": "phone", "value": number}}})
            outside = (await stage.mine.rings(f"PJSIP/{number}@out")).id
            await stage.mine.hears(stage.first, outside)
            await stage.mine.hears(stage.call)
            await stage.outside_talks()
            await stage.act("consult/complete")
            await stage.mine.hears(stage.call, outside)
            await stage.li.becomes(stage.x, "wrap_up")
            stage.mine.asterisk.hang_up(outside)
            await stage.mine.over(stage.call)


class TestCold:
    async def test_to_a_number(self, lanes: Lanes) -> None:
        async with staged(lanes) as stage:
            number = f"+861390014{stage.mine.lane.number:04}"
            await stage.act("transfer", {"to": {"address": {"kind": "phone", "value": number}}})
            away = (await stage.mine.rings(f"PJSIP/{number}@out")).id
            await stage.mine.hears(stage.call, away)
            await stage.li.becomes(stage.x, "wrap_up")
            await eventually(lambda: stage.mine.asterisk.phone(stage.mine.phone) is None)

    async def test_to_a_number_that_is_busy_the_agent_keeps_them(self, lanes: Lanes) -> None:
        async with staged(lanes) as stage:
            number = f"+861390015{stage.mine.lane.number:04}"
            stage.mine.asterisk.phones[f"PJSIP/{number}@out"] = Device.BUSY
            await stage.act("transfer", {"to": {"address": {"kind": "phone", "value": number}}})
            await stage.li.pushed("command.failed")
            await stage.mine.hears(stage.call, stage.first)

    async def test_to_a_queue(self, lanes: Lanes) -> None:
        async with staged(lanes) as stage:
            await stage.act("transfer", {"to": {"queue": stage.theirs.lane.queue}})
            offer = await stage.wang.offer(stage.x)
            await stage.mine.hears(stage.call)
            await stage.wang.client.post(f"/v1/offers/{offer['offer_id']}/accept")
            second = (await stage.theirs.rings()).id
            await stage.mine.hears(stage.call, second)
