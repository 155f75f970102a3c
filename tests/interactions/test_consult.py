"""Consults beside the phone: a colleague reads along and takes over; and who may be asked at all."""

from typing import Any
from uuid import UUID

import pytest

from app.clock import new_id
from app.events import CommandFailed, LegAnswered, LegEnded
from interactions.agents.desktop import open_offers
from models.agent import Presence
from tests.interactions.office import Office
from tests.interactions.test_calls import deliveries, new_call, told

WANG = {"to": {"agent": "wang@example.test"}}


async def consulted(office: Office, channel: str = "chat") -> UUID:
    """Li asks wang, who is there, and wang takes it."""
    await office.set_agent("wang", presence=Presence.AVAILABLE, signed_in=True)
    work = await office.held("li", channel)
    asked = await office.act("li", work, "consult", WANG)
    assert asked.status_code == 200, asked.text
    await taken(office)
    return work


async def taken(office: Office) -> None:
    [(offer_id,)] = await office.rows("SELECT id FROM offer WHERE state = 'open'")
    assert (await office.post("wang", f"/offers/{offer_id}/accept")).status_code == 200


async def live_legs(office: Office, work: UUID) -> dict[str, str]:
    legs = (await office.interaction(work))["legs"]
    return {leg["role"]: leg["state"] for leg in legs if leg["state"] != "ended"}


class TestInWriting:
    async def test_a_colleague_reads_along_writes_a_note_and_takes_over(self, office: Office) -> None:
        chat = await consulted(office)
        assert await live_legs(office, chat) == {"primary": "active", "consult": "active"}
        assert (await office.act("wang", chat, "notes", {"text": "offer a voucher"})).status_code == 201
        reply = {"text": "hello", "client_message_id": "1", "version": 99}
        assert (await office.act("wang", chat, "messages", reply)).status_code == 409
        handed = await office.act("li", chat, "consult/complete")
        assert (handed.status_code, handed.json()["command_id"]) == (202, None)
        assert (await office.agent("wang")).units_held == 33
        await office.act("li", chat, "wrap-up", {"disposition": "solved"})
        assert (await office.agent("li")).units_held == 0
        assert (await office.act("wang", chat, "end")).status_code == 202
        assert (await office.act("wang", chat, "wrap-up", {"disposition": "solved"})).status_code == 200
        seen = await office.interaction(chat)
        ends = [
            (s["kind"], s["outcome"]) for s in seen["segments"] if s["kind"] in ("queue", "agent", "consult")
        ]
        assert sorted(ends) == [
            ("agent", "ended"), ("agent", "transferred"), ("consult", "completed"), ("queue", "answered"),
        ]  # fmt: skip

    async def test_either_of_them_ends_it(self, office: Office) -> None:
        for who in ("li", "wang"):
            chat = await consulted(office)
            assert (await office.act(who, chat, "consult/return")).status_code == 202
            assert await live_legs(office, chat) == {"primary": "active"}
            assert (await office.agent("wang")).units_held == 0
            await office.act("li", chat, "end")
            await office.act("li", chat, "wrap-up", {"disposition": "solved"})

    @pytest.mark.parametrize("step", ["conference", "swap"])
    async def test_only_the_phone_knows_more(self, office: Office, step: str) -> None:
        chat = await consulted(office)
        answer = await office.act("li", chat, f"consult/{step}")
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/illegal-transition")

    async def test_parked_or_handed_on_it_is_over(self, office: Office) -> None:
        chat = await consulted(office)
        await office.act("li", chat, "park", {})
        assert (await office.agent("wang")).units_held == 0


class TestWhoMayBeAsked:
    async def ask(self, office: Office, to: dict[str, Any], channel: str = "chat") -> tuple[int, str]:
        work = await office.held("li", channel)
        answer = await office.act("li", work, "consult", {"to": to})
        return answer.status_code, answer.json().get("type", "")

    async def test_nobody_who_is_away(self, office: Office) -> None:
        assert await self.ask(office, WANG["to"]) == (409, "/problems/nobody-free")

    async def test_nobody_without_room(self, office: Office) -> None:
        there = {"presence": Presence.AVAILABLE, "signed_in": True}
        await office.set_agent("wang", units_max=20, **there)
        assert await self.ask(office, WANG["to"]) == (409, "/problems/nobody-free")

    async def test_nobody_without_a_phone(self, office: Office) -> None:
        await office.set_agent("wang", presence=Presence.AVAILABLE, signed_in=True)
        assert await self.ask(office, WANG["to"], "voice") == (409, "/problems/nobody-free")

    async def test_not_oneself_nor_whom_there_is_not(self, office: Office) -> None:
        for key in ("li@example.test", "nobody@example.test"):
            assert await self.ask(office, {"agent": key}) == (422, "/problems/invalid")
        assert await self.ask(office, {"queue": "nowhere"}) == (422, "/problems/invalid")

    async def test_a_desktop_that_connects_finds_who_asks(self, office: Office) -> None:
        await office.set_agent("wang", presence=Presence.AVAILABLE, signed_in=True)
        chat = await office.held("li")
        await office.act("li", chat, "consult", WANG)
        async with office.container.database.read(office.tenant.id) as session:
            [offer] = await open_offers(session, office.agent_id("wang"), office.container.policies)
        assert (offer["asked_by"]["name"], offer["reason"], offer["decline"]) == ("Li", "consult", "allowed")

    async def test_no_second_one(self, office: Office) -> None:
        chat = await consulted(office)
        assert (await office.act("li", chat, "consult", WANG)).status_code == 409

    async def test_of_a_queue_whom_the_router_would_take(self, office: Office) -> None:
        await office.set_agent("wang", presence=Presence.AVAILABLE, signed_in=True, teams=["sales"])
        chat = await office.held("li")
        assert (await office.act("li", chat, "consult", {"to": {"queue": "sales"}})).status_code == 200
        [(agent_id, queue)] = await office.rows("SELECT agent_id, queue FROM offer WHERE state = 'open'")
        assert (agent_id, queue) == (office.agent_id("wang"), "sales")

    async def test_not_past_a_customer_who_waits(self, office: Office) -> None:
        await office.set_agent(
            "wang", presence=Presence.AVAILABLE, signed_in=True, teams=["sales"], units_max=40
        )
        await office.waiting("chat", queue="sales")
        chat = await office.held("li")
        answer = await office.act("li", chat, "consult", {"to": {"queue": "sales"}})
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/nobody-free")


class TestCallsOfOurs:
    async def test_for_a_customer_whom_there_is_not(self, office: Office) -> None:
        address = {"kind": "phone", "value": "+8613900139000"}
        for given in ({"address": address}, {}):
            wish = {"channel": "voice", "endpoint": "hotline", "purpose": "service", **given}
            answer = await office.post("li", "/interactions", {**wish, "customer_id": str(new_id())})
            assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/customer_id")

    async def test_for_a_customer_at_their_own_number_and_tier(self, office: Office) -> None:
        await office.phone("li")
        address = {"kind": "phone", "value": "+8613900139000"}
        made = await office.post(
            "wang", "/customers", {"name": "Anna", "tier": "platinum", "addresses": [address]}
        )
        wish = {"channel": "voice", "endpoint": "hotline", "purpose": "service"}
        answer = await office.post("li", "/interactions", {**wish, "customer_id": made.json()["id"]})
        assert answer.status_code == 201, answer.text
        seen = answer.json()
        assert (seen["address"]["value"], seen["tier"]) == (address["value"], "platinum")
        [dial] = await deliveries(office)
        assert (dial.payload["command"], dial.payload["arguments"]["device"]) == ("call.dial", "sip:li")


class TestOnThePhone:
    async def test_held_then_asked_then_rung(self, office: Office) -> None:
        await office.phone("wang")
        await consulted(office, "voice")
        commands = [row.payload["command"] for row in await deliveries(office)]
        assert commands == ["call.hold", "call.consult"]

    async def test_what_an_earlier_consult_says_late_is_not_the_next_ones(self, office: Office) -> None:
        await office.phone("wang")
        call = await consulted(office, "voice")
        book = new_call(office)
        first = (await deliveries(office))[-1].id
        await told(
            office, call, LegAnswered(conversation="c", leg="consult", leg_id="a", command_id=first), book
        )
        await told(
            office, call, LegEnded(conversation="c", leg="consult", leg_id="a", command_id=first), book
        )
        assert await live_legs(office, call) == {"primary": "active"}
        await office.act("li", call, "consult", WANG)
        await taken(office)
        late = LegEnded(conversation="c", leg="consult", leg_id="a", cause="failed")
        await told(office, call, late, book)
        assert (await live_legs(office, call))["consult"] == "connecting"

    async def test_refused_by_the_platform_it_is_nobodys_fault(self, office: Office) -> None:
        await office.phone("wang")
        call = await consulted(office, "voice")
        order = (await deliveries(office))[-1].id
        await told(office, call, CommandFailed(conversation="c", command_id=order, reason="no such feature"))
        assert await live_legs(office, call) == {"primary": "active"}
        assert (await office.agent("wang")).presence == Presence.AVAILABLE
