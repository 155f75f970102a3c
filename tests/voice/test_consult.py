"""Warm transfer on the phone, sentence by sentence (SEMANTICS §1.1), against the running service and a real
exchange: li has the call, wang is consulted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from demo.pbx.switch import CallState, Device, PhoneCall
from tests.running import CONNECT_SECONDS, Desktop, Lane, Service
from tests.voice.test_races import FREE_SECONDS, accepted, entry_outcome, figures_of, units_free
from tests.waiting import eventually

OUTSIDE = "+8613900139000"


@dataclass
class Stage:
    li: Desktop
    wang: Desktop
    mine: Lane
    theirs: Lane
    call: PhoneCall
    x: str

    async def act(
        self, action: str, body: dict[str, Any] | None = None, by: Desktop | None = None
    ) -> httpx.Response:
        return await (by or self.li).client.post(f"/v1/interactions/{self.x}/{action}", body)

    async def ask(self, to: dict[str, Any] | None = None) -> httpx.Response:
        return await self.act("consult", {"to": to or {"agent": self.theirs.email}})

    async def take(self) -> None:
        """Wang takes the consult that rings."""
        offer = await self.wang.offer(self.x)
        answer = await self.wang.client.post(f"/v1/offers/{offer['offer_id']}/accept")
        assert answer.status_code == 200, answer.text

    async def consulted(self) -> None:
        """Wang is on the line, the customer on hold."""
        asked = await self.ask()
        assert asked.status_code == 200, asked.text
        await self.take()
        await self.legs(primary="held", consult="active")

    async def cause(self) -> str:
        """Why li is told that nobody is consulted any more."""
        told = await self.li.pushed("consult.ended", lambda data: data["interaction_id"] == self.x)
        assert told["whom"] == f"Agent {self.theirs.number}"
        return str(told["cause"])

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

    async def holds(self, desk: Desktop) -> bool:
        """Whether it is the agent of this desk who has the customer."""
        me = await self.id_of(desk)
        seen = await self.li.interaction(self.x)
        return [leg["agent_id"] for leg in seen["legs"] if leg["state"] in ("active", "held")] == [me]

    async def id_of(self, desk: Desktop) -> str:
        return str((await desk.me())["id"])

    async def wraps_up(self) -> list[str]:
        seen = await self.li.interaction(self.x)
        return [leg["agent_id"] for leg in seen["legs"] if leg["state"] == "wrap_up"]

    async def segments(self, kind: str) -> list[str | None]:
        seen = await self.li.interaction(self.x)
        return [segment["outcome"] for segment in seen["segments"] if segment["kind"] == kind]

    @property
    def switch(self) -> Any:
        return self.mine.service.exchange.switch


@asynccontextmanager
async def talking(service: Service, mine: Lane | None = None) -> AsyncIterator[Stage]:
    mine, theirs = mine or service.lane(), service.lane()
    async with mine.desktop() as li, theirs.desktop() as wang:
        call = mine.call()
        x = await accepted(li)
        await li.becomes(x, "active")
        yield Stage(li, wang, mine, theirs, call, x)


class TestComplete:
    async def test_the_customer_is_handed_over_and_the_first_agent_wraps_up(self, service: Service) -> None:
        async with talking(service) as stage:
            await stage.consulted()
            assert stage.call.state == CallState.HELD
            assert (await stage.act("consult/complete")).status_code == 202
            await stage.legs(primary="active")
            assert await stage.holds(stage.wang)
            seen = await stage.li.interaction(stage.x)
            assert (seen["id"], seen["state"], seen["pending"]) == (stage.x, "active", None)
            await stage.act("wrap-up", {"disposition": "solved"})
            await units_free(stage.li)
            assert stage.call.state == CallState.CONNECTED
            stage.switch.hang_up(stage.call.id)
            await stage.li.becomes(stage.x, "wrap_up")
            await stage.act("wrap-up", {"disposition": "solved"}, stage.wang)
            await stage.li.becomes(stage.x, "closed")
            await units_free(stage.wang)
            assert await entry_outcome(stage.li, stage.x) == ["answered"], "one customer waited, once"
            assert await stage.segments("agent") == ["transferred", "ended"]
            assert await stage.segments("consult") == ["completed"]
            figures = await figures_of(stage.mine, stage.li)
            assert (figures["offered"], figures["answered"]) == (1, 1)

    async def test_two_clicks_are_one_order(self, service: Service) -> None:
        async with talking(service) as stage:
            await stage.consulted()
            service.exchange.delays["leg.ended"] = service.exchange.delays["call.bridged"] = 0.3
            try:
                one, two = await asyncio.gather(stage.act("consult/complete"), stage.act("consult/complete"))
                assert [one.status_code, two.status_code] == [202, 202]
                assert one.json() == two.json()
                await stage.legs(primary="active")
            finally:
                service.exchange.delays.clear()
            orders = [o["command"] for o in service.exchange.orders if o.get("call_id") == stage.call.id]
            assert orders.count("call.complete_transfer") == 1
            third = await stage.act("consult/complete")
            assert third.status_code == 409

    async def test_nobody_has_answered_yet(self, service: Service) -> None:
        async with talking(service) as stage:
            await stage.ask()
            for step in ("complete", "conference", "swap"):
                answer = await stage.act(f"consult/{step}")
                assert (answer.status_code, answer.json()["type"]) == (409, "/problems/illegal-transition")

    async def test_the_customer_hangs_up_in_the_same_moment(self, service: Service) -> None:
        async with talking(service) as stage:
            await stage.consulted()
            complete = asyncio.create_task(stage.act("consult/complete"))
            stage.switch.hang_up(stage.call.id)
            assert (await complete).status_code in (202, 409)
            await stage.li.becomes(stage.x, "wrap_up")
            for desk in (stage.li, stage.wang):
                await stage.act("wrap-up", {"disposition": "solved"}, desk)
                await units_free(desk)
            await stage.li.becomes(stage.x, "closed")

    async def test_the_queue_consulted_is_the_interactions_then(self, service: Service) -> None:
        async with talking(service) as stage:
            assert (await stage.ask({"queue": stage.theirs.queue})).status_code == 200
            await stage.take()
            await stage.legs(primary="held", consult="active")
            await stage.act("consult/complete")

            async def moved() -> bool:
                return bool((await stage.li.interaction(stage.x))["queue"] == stage.theirs.queue)

            await eventually(moved)
            await stage.legs(primary="active")
            theirs = await figures_of(stage.theirs, stage.li)
            assert theirs["offered"] == 0, "no customer entered that queue"


class TestReturn:
    async def test_the_consulted_agent_is_free_and_the_customer_back(self, service: Service) -> None:
        async with talking(service) as stage:
            await stage.consulted()
            assert (await stage.act("consult/return")).status_code == 202
            seen = await stage.legs(primary="active")
            assert await stage.holds(stage.li) and seen["state"] == "active"
            await units_free(stage.wang)
            assert stage.call.state == CallState.CONNECTED
            assert await stage.segments("hold") == ["resumed"]
            assert (await stage.wang.me())["presence"]["status"] == "available"

    async def test_after_a_swap_the_order_is_done_at_once(self, service: Service) -> None:
        """The customer was not on hold, so no event said that they are back, and a failure was told."""
        async with talking(service) as stage:
            await stage.consulted()
            await stage.act("consult/swap")
            await stage.legs(primary="active", consult="held")
            await stage.act("consult/return")
            await stage.legs(primary="active")

            async def done() -> bool:  # a read beside the change may see the legs before the order
                return (await stage.li.interaction(stage.x))["pending"] is None

            await eventually(done, seconds=3)

    async def test_while_it_rings_at_the_desktop(self, service: Service) -> None:
        async with talking(service) as stage:
            await stage.ask()
            offer = await stage.wang.offer(stage.x)
            await stage.act("consult/return")
            gone = await stage.wang.pushed(
                "offer.revoked", lambda data: data["offer_id"] == offer["offer_id"]
            )
            assert gone["cause"] == "returned"
            await stage.legs(primary="active")
            await units_free(stage.wang)

    async def test_the_consulted_agent_hangs_up(self, service: Service) -> None:
        async with talking(service) as stage:
            await stage.consulted()
            stage.switch.device_hangs_up(stage.theirs.device)
            await stage.legs(primary="held")
            assert await stage.cause() == "normal"
            await units_free(stage.wang)
            assert (await stage.act("resume")).status_code == 202
            await stage.legs(primary="active")


class TestNotAnswered:
    """Back, the customer is still held."""

    async def test_declined(self, service: Service) -> None:
        async with talking(service) as stage:
            await stage.ask()
            offer = await stage.wang.offer(stage.x)
            answer = await stage.wang.client.post(
                f"/v1/offers/{offer['offer_id']}/decline", {"reason": "busy"}
            )
            assert answer.status_code == 200
            await stage.legs(primary="held")
            assert await stage.cause() == "declined"
            await units_free(stage.wang)
            assert (await stage.wang.me())["presence"]["status"] == "available"

    @pytest.mark.parametrize("device", [Device.BUSY, Device.REJECTS])
    async def test_their_phone_refuses(self, service: Service, device: Device) -> None:
        async with talking(service) as stage:
            stage.theirs.behaves(device)
            await stage.ask()
            await stage.take()
            await stage.legs(primary="held")
            presence = (await stage.wang.me())["presence"]
            assert (presence["status"], presence["reason_code"]) == ("not_responding", "device")
            assert await stage.cause() == device.value
            await units_free(stage.wang)

    async def test_their_phone_is_silent(self, service: Service) -> None:
        async with talking(service) as stage:
            stage.theirs.behaves(Device.SILENT)
            await stage.ask()
            await stage.take()
            await stage.legs(primary="held", consult="connecting")
            await units_free(stage.wang, CONNECT_SECONDS + FREE_SECONDS + 1)
            await stage.legs(primary="held")
            assert await stage.cause() == "no_answer"
            await eventually(lambda: stage.call.consult is None)  # it rings no more

    async def test_nobody_is_free(self, service: Service) -> None:
        async with talking(service) as stage:
            await stage.wang.client.be("break", "lunch")
            for to in ({"agent": stage.theirs.email}, {"queue": stage.theirs.queue}):
                answer = await stage.ask(to)
                assert (answer.status_code, answer.json()["type"]) == (409, "/problems/nobody-free")
            await stage.legs(primary="active")

    async def test_the_platform_refuses_a_consult(self, service: Service) -> None:
        async with talking(service) as stage:
            stage.switch.refuses.add("call.consult")
            try:
                await stage.ask()
                await stage.take()
                failed = await stage.li.pushed("command.failed", seconds=6)
            finally:
                stage.switch.refuses.clear()
            assert (failed["command"], failed["interaction_id"]) == ("consult", stage.x)
            await stage.legs(primary="held")
            assert await stage.cause() == "refused"
            assert (await stage.wang.me())["presence"]["status"] == "available", "it was not their fault"
            await units_free(stage.wang)

    @pytest.mark.parametrize("outside", [False, True])
    async def test_the_platform_does_not_hold_the_customer(self, service: Service, outside: bool) -> None:
        async with talking(service) as stage:
            stage.switch.refuses.add("call.hold")
            stage.switch.devices[OUTSIDE] = Device.SILENT
            try:
                await stage.ask({"address": {"kind": "phone", "value": OUTSIDE}} if outside else None)
                failed = await stage.li.pushed("command.failed")
                ended = await stage.li.pushed("consult.ended")
            finally:
                stage.switch.refuses.clear()
                del stage.switch.devices[OUTSIDE]
            assert (failed["command"], failed["reason"], ended["cause"]) == ("hold", "refused", "not_held")
            seen = await stage.legs(primary="active")
            assert (seen["pending"], seen["outside"]) == (None, None)
            await eventually(lambda: stage.call.consult is None)
            await units_free(stage.wang)


class TestTheCallerLeaves:
    @pytest.mark.parametrize("answered", [True, False])
    async def test_the_consult_ends_and_the_first_agent_wraps_up(
        self, service: Service, answered: bool
    ) -> None:
        async with talking(service) as stage:
            await (stage.consulted() if answered else stage.ask())
            stage.switch.hang_up(stage.call.id)
            seen = await stage.li.becomes(stage.x, "wrap_up")
            me = (await stage.li.me())["id"]
            assert [leg["agent_id"] for leg in seen["legs"] if leg["state"] == "wrap_up"] == [me]
            await units_free(stage.wang)
            assert stage.call.consult is None


class TestTheFirstAgentsLegDrops:
    @pytest.mark.parametrize("cause", ["normal", "failed"])
    async def test_after_the_answer_the_transfer_completes(self, service: Service, cause: str) -> None:
        async with talking(service) as stage:
            await stage.consulted()
            stage.switch.device_hangs_up(stage.mine.device, cause)
            await stage.legs(primary="active")
            assert await stage.holds(stage.wang)
            await eventually(lambda: stage.call.state == CallState.CONNECTED)
            assert await stage.segments("agent") == ["transferred", None]

    async def test_before_it_the_customer_waits_again_with_their_age(self, service: Service) -> None:
        async with talking(service) as stage:
            stage.theirs.behaves(Device.MANUAL)
            await stage.ask()
            await stage.take()
            await stage.legs(primary="held", consult="connecting")
            stage.switch.device_hangs_up(stage.mine.device, "failed")
            waiting = await stage.li.becomes(stage.x, "queued")
            assert waiting["waiting_since"] is not None and waiting["age_seconds"] > 0
            await units_free(stage.wang)
            await eventually(lambda: stage.call.consult is None)


class TestTogether:
    async def test_swap_and_swap_back(self, service: Service) -> None:
        async with talking(service) as stage:
            await stage.consulted()
            await stage.act("consult/swap")
            await stage.legs(primary="active", consult="held")
            assert stage.call.state == CallState.CONNECTED
            await stage.act("consult/swap")
            await stage.legs(primary="held", consult="active")
            assert await stage.segments("hold") == ["resumed", None]

    async def test_a_conference_that_the_first_agent_leaves(self, service: Service) -> None:
        async with talking(service) as stage:
            await stage.consulted()
            assert (await stage.act("consult/conference")).status_code == 202
            await stage.legs(primary="active", conference="active")
            stage.switch.device_hangs_up(stage.mine.device)
            await stage.legs(primary="active")
            assert await stage.holds(stage.wang)
            assert await stage.wraps_up() == [await stage.id_of(stage.li)]
            await stage.act("wrap-up", {"disposition": "solved"})
            await units_free(stage.li)
            stage.switch.hang_up(stage.call.id)
            await stage.li.becomes(stage.x, "wrap_up")
            assert await stage.wraps_up() == [await stage.id_of(stage.wang)], "they became primary"
            assert await stage.segments("agent") == ["transferred", "ended"]
            assert await stage.segments("consult") == ["completed"]

    async def test_a_conference_that_the_consulted_one_leaves(self, service: Service) -> None:
        async with talking(service) as stage:
            await stage.consulted()
            await stage.act("consult/conference")
            await stage.legs(primary="active", conference="active")
            await stage.act("consult/return", by=stage.wang)
            await stage.legs(primary="active")
            assert await stage.cause() == "left"
            assert (await stage.li.interaction(stage.x))["pending"] is None, "no resume is told of"
            assert await stage.holds(stage.li)
            await units_free(stage.wang)
            assert await stage.wraps_up() == [], "they only helped"
            stage.switch.hang_up(stage.call.id)
            await stage.li.becomes(stage.x, "wrap_up")
            assert await stage.wraps_up() == [await stage.id_of(stage.li)]
            assert await stage.segments("agent") == ["ended"]
            assert await stage.segments("consult") == ["left"]

    async def test_a_conference_that_the_customer_leaves(self, service: Service) -> None:
        async with talking(service) as stage:
            await stage.consulted()
            await stage.act("consult/conference")
            await stage.legs(primary="active", conference="active")
            stage.switch.hang_up(stage.call.id)
            await stage.li.becomes(stage.x, "wrap_up")
            assert await stage.wraps_up() == [await stage.id_of(stage.li)]
            await units_free(stage.wang)
            assert await stage.segments("agent") == ["ended"]
            assert await stage.segments("consult") == ["customer_left"]
            assert await stage.segments("hold") == ["resumed"]


class TestSupervisor:
    @pytest.mark.parametrize("answered", [True, False])
    async def test_reassigned_during_a_consult(self, service: Service, answered: bool) -> None:
        async with talking(service) as stage:
            await (stage.consulted() if answered else stage.ask())
            async with stage.mine.desktop(available=False, email="boss@acme.test") as boss:
                answer = await boss.client.post(
                    f"/v1/interactions/{stage.x}/reassign", {"queue": stage.mine.queue}
                )
                assert answer.status_code == 200, answer.text
                acts = (await boss.client.http.get("/v1/audit")).json()["items"]
            assert (acts[0]["action"], acts[0]["entity"]) == ("reassign", f"interaction/{stage.x}")
            await units_free(stage.wang)
            await eventually(lambda: stage.call.consult is None)
            again = await stage.li.pushed("offer.created", lambda data: data["waited_seconds"] >= 0)
            assert again["interaction_id"] == stage.x


class TestOutside:
    async def test_a_number_is_consulted_and_gets_the_customer(self, service: Service) -> None:
        async with talking(service) as stage:
            to = {"address": {"kind": "phone", "value": OUTSIDE}}
            assert (await stage.ask(to)).status_code == 200

            async def talks() -> bool:
                return bool(
                    ((await stage.li.interaction(stage.x))["outside"] or {}).get("state") == "talking"
                )

            await eventually(talks)
            assert (await stage.act("consult/complete")).status_code == 202
            seen = await stage.li.becomes(stage.x, "wrap_up")
            assert seen["outside"] is None and stage.call.state == CallState.CONNECTED
            assert await stage.segments("agent") == ["transferred"]

    async def test_a_busy_number_gives_the_customer_back_held(self, service: Service) -> None:
        async with talking(service) as stage:
            stage.switch.devices["+8613900139001"] = Device.BUSY
            await stage.ask({"address": {"kind": "phone", "value": "+8613900139001"}})
            await eventually(lambda: stage.call.state == CallState.HELD)

            async def over() -> bool:
                seen = await stage.li.interaction(stage.x)
                return seen["outside"] is None and seen["legs"][0]["state"] == "held"

            await eventually(over)

    async def test_a_caller_is_sent_to_a_number(self, service: Service) -> None:
        async with talking(service) as stage:
            to = {"address": {"kind": "phone", "value": "+86 139 0013 9002"}}
            answer = await stage.act("transfer", {"to": to, "note": "wants the shop"})
            assert (answer.status_code, answer.json()["pending"]) == (200, "transfer")
            await stage.li.becomes(stage.x, "wrap_up")
            await eventually(lambda: stage.call.leg is None and stage.call.away is not None)
            assert stage.call.state == CallState.CONNECTED
            assert await stage.segments("agent") == ["transferred"]

    async def test_nobody_there_and_the_agent_keeps_the_caller(self, service: Service) -> None:
        async with talking(service) as stage:
            stage.switch.devices["+8613900139003"] = Device.BUSY
            await stage.act("transfer", {"to": {"address": {"kind": "phone", "value": "+8613900139003"}}})
            failed = await stage.li.pushed("command.failed")
            assert (failed["command"], failed["reason"]) == ("transfer", "busy")
            assert await stage.holds(stage.li)

    async def test_nothing_comes_between_the_caller_and_the_number_that_rings(self, service: Service) -> None:
        """A hold, or a second click, made the answer there unknown, and the caller was hung up on."""
        number = "+8613900139004"
        async with talking(service) as stage:
            stage.switch.devices[number] = Device.MANUAL
            to = {"to": {"address": {"kind": "phone", "value": number}}}
            assert (await stage.act("transfer", to)).status_code == 200
            for action, body in (("transfer", to), ("hold", None), ("consult", to)):
                assert (await stage.act(action, body)).status_code == 409
            await eventually(lambda: stage.call.away is not None)
            stage.switch.answer(number)
            await stage.li.becomes(stage.x, "wrap_up")
            assert stage.call.state == CallState.CONNECTED

    async def test_a_number_that_rings_is_stopped_when_the_caller_goes_elsewhere(
        self, service: Service
    ) -> None:
        number = "+8613900139005"
        async with talking(service) as stage:
            stage.switch.devices[number] = Device.MANUAL
            await stage.act("transfer", {"to": {"address": {"kind": "phone", "value": number}}})
            await eventually(lambda: stage.call.away is not None)
            answer = await stage.act("transfer", {"to": {"queue": stage.theirs.queue}})
            assert answer.status_code == 200, answer.text
            await eventually(lambda: stage.call.away is None)

    async def test_what_cannot_be_dialled(self, service: Service) -> None:
        async with talking(service) as stage:
            for action in ("consult", "transfer"):
                answer = await stage.act(action, {"to": {"address": {"kind": "phone", "value": "anonymous"}}})
                assert answer.status_code == 422
                assert answer.json()["errors"][0]["pointer"] == "/to/address/value"
