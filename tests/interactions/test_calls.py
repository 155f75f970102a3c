"""Commands to the telephone platform and its events about legs, on rows."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import new_id
from app.database import WORKER_ROLE, Database
from app.events import CallBridged, CallEnded, LegAnswered, LegEnded, LegHeld, LegRinging
from interactions.calls.call_commands import command_failed, command_taken
from interactions.calls.call_facts import is_late, merge
from interactions.calls.voice import Mover, Report
from interactions.life.desk import Desk
from interactions.life.facts import microseconds
from interactions.routed.decisions import Correction, carry_out
from models import Call, Delivery
from models.agent import Presence
from routing.decision import Decision
from routing.state import AgentSnapshot, InteractionSnapshot
from tests.interactions.office import Office

OF_CALL: Any = {"conversation": "c"}
LATER = microseconds(datetime(2100, 1, 1, tzinfo=UTC))


async def deliveries(office: Office) -> list[Delivery]:
    """What senders will claim."""
    async with worker(office) as session:
        return list(await session.scalars(select(Delivery).order_by(Delivery.id)))


@asynccontextmanager
async def worker(office: Office) -> AsyncIterator[AsyncSession]:
    """What the office's api may not: it only writes deliveries."""
    database = Database(office.container.database.url, WORKER_ROLE)
    try:
        async with database.transaction(office.tenant.id) as session:
            yield session
    finally:
        await database.close()


async def taken(office: Office, delivery: Delivery) -> None:
    async with office.container.database.transaction(office.tenant.id) as session:
        await command_taken(session, office.tenant.id, delivery)


async def ran_out(office: Office, delivery: Delivery) -> None:
    async with office.container.database.transaction(office.tenant.id) as session:
        await command_failed(session, office.tenant.id, delivery, "expired")


class TestPending:
    async def test_digits_are_done_once_the_platform_has_taken_them(self, office: Office) -> None:
        call = await office.held("li", "voice")
        answer = await office.act("li", call, "digits", {"digits": "42#"})
        assert answer.status_code == 202
        assert (await office.interaction(call))["pending"] == "digits"
        [command] = await deliveries(office)
        await taken(office, command)
        assert (await office.interaction(call))["pending"] is None

    @pytest.mark.parametrize("step", ["pause", "resume"])
    async def test_so_is_a_recording_paused(self, office: Office, step: str) -> None:
        call = await office.held("li", "voice")
        assert (await office.act("li", call, f"recording/{step}")).status_code == 202
        [command] = await deliveries(office)
        assert command.payload["command"] == f"recording.{step}"
        await taken(office, command)
        assert (await office.interaction(call))["pending"] is None
        assert (await office.act("li", call, "recording/stop")).status_code == 404

    async def test_a_hold_waits_for_its_event(self, office: Office) -> None:
        call = await office.held("li", "voice")
        await office.act("li", call, "hold")
        await office.act("li", call, "digits", {"digits": "1"})
        for command in await deliveries(office):
            await taken(office, command)
        assert (await office.interaction(call))["pending"] == "hold"


class TestOrderThatRanOut:
    """A call's order is valid for five seconds; the worker that would send it may be away for longer."""

    async def test_one_that_nobody_sent_is_given_anew(self, office: Office) -> None:
        call = await ringing(office)
        [route] = await deliveries(office)
        await ran_out(office, route)
        _, again = await deliveries(office)
        assert again.payload["command"] == "call.route"
        assert again.payload["arguments"] == route.payload["arguments"]
        assert (await office.interaction(call))["state"] == "offered"
        assert (await office.agent("li")).presence == Presence.AVAILABLE

    async def test_the_time_in_which_nothing_could_ring_does_not_count(self, office: Office) -> None:
        call = await connecting(office)
        before = await deadline_of(office)
        [route] = await deliveries(office)
        route.created_at -= timedelta(minutes=1)
        await ran_out(office, route)
        assert await deadline_of(office) - before >= timedelta(minutes=1)
        early = await connect_failed(office, call, at=microseconds(before))
        assert await carried_out(office, early), "the router is told how long it rings"
        assert (await office.interaction(call))["state"] == "connecting"

    async def test_so_with_the_phone_that_rings_for_an_offer(self, office: Office) -> None:
        call = await ringing(office)
        [(before,)] = await office.rows("SELECT deadline_at FROM offer")
        [route] = await deliveries(office)
        route.created_at -= timedelta(minutes=1)
        await ran_out(office, route)
        early = await missed(office, call, at=microseconds(before))
        assert await carried_out(office, early), "the router is told how long it rings"
        assert (await office.interaction(call))["state"] == "offered"

    async def test_one_that_was_sent_may_have_been_obeyed(self, office: Office) -> None:
        await ringing(office)
        [route] = await deliveries(office)
        route.attempts = 1
        await ran_out(office, route)
        assert len(await deliveries(office)) == 1

    async def test_of_a_call_that_has_ended_nothing_rings_again(self, office: Office) -> None:
        call = await ringing(office)
        await told(office, call, CallEnded(conversation="c", by="customer"))
        route, _ = await deliveries(office)
        await ran_out(office, route)
        assert len(await deliveries(office)) == 2


class TestHeld:
    async def test_the_leg_of_an_agent_who_had_the_call_before_changes_nothing(self, office: Office) -> None:
        call = await office.held("li", "voice")
        await office.change(call, lambda desk, work: self.hold(office, desk, work, "theirs"))
        assert (await office.interaction(call))["legs"][0]["state"] == "active"
        await office.change(call, lambda desk, work: self.hold(office, desk, work, "mine"))
        assert (await office.interaction(call))["legs"][0]["state"] == "held"

    def hold(self, office: Office, desk: Any, work: Any, leg_id: str) -> None:
        work.primary.device_leg_id = "mine"
        command: UUID = new_id()  # the hold's own
        event = LegHeld(conversation="c", leg="agent", leg_id=leg_id, command_id=command)
        Mover(desk, office.container.policies).held(work, event)


class TestALegOfBefore:
    """Its events may come when the next agent's phone rings already, and bear no command's id."""

    async def test_its_end_is_not_that_of_the_next(self, office: Office) -> None:
        call = await ringing(office)
        book = new_call(office)
        await told(office, call, LegRinging(conversation="c", leg="agent", leg_id="first"), book)
        await told(office, call, LegEnded(conversation="c", leg="agent", leg_id="first", cause="busy"), book)
        await ringing(office, phone=False, call=call)
        late = LegEnded(conversation="c", leg="agent", leg_id="first", cause="failed")
        await told(office, call, late, book)
        assert (await office.interaction(call))["state"] == "offered"

    async def test_nor_does_what_was_overtaken_give_the_next_its_name(self, office: Office) -> None:
        call = await ringing(office)
        book = new_call(office)
        book.last_sequence = 7
        await told(office, call, LegAnswered(conversation="c", leg="agent", leg_id="old", sequence=5), book)
        assert (await office.interaction(call))["state"] == "offered"
        await told(office, call, LegAnswered(conversation="c", leg="agent", leg_id="new", sequence=8), book)
        assert (await office.interaction(call))["state"] == "connecting"


class TestLegsWithoutIds:
    """A platform may tell of legs by their kind alone: the next agent's is then known by what came before."""

    async def test_the_second_phone_may_be_busy_too(self, office: Office) -> None:
        call = await ringing(office)
        book = new_call(office)
        for sequence in (2, 4):
            await told(office, call, LegRinging(leg="agent", sequence=sequence - 1, **OF_CALL), book)
            busy = LegEnded(leg="agent", cause="busy", by="agent", sequence=sequence, **OF_CALL)
            await told(office, call, busy, book)
            assert (await office.interaction(call))["state"] == "queued"
            await ringing(office, phone=False, call=call)

    async def test_an_end_told_late_is_not_that_of_the_next(self, office: Office) -> None:
        call, book = await ringing(office), new_call(office)
        for event in (
            LegRinging(leg="agent", sequence=3, **OF_CALL),
            LegEnded(leg="agent", cause="busy", by="agent", sequence=2, **OF_CALL),
        ):
            await told(office, call, event, book)
        assert (await office.interaction(call))["state"] == "offered"

    @pytest.mark.parametrize("order", list(permutations(range(4))))
    def test_any_order_gives_the_same_leg(self, order: tuple[int, ...]) -> None:
        told_at = [
            (LegRinging(leg="agent", **OF_CALL), 1),
            (LegEnded(leg="agent", cause="busy", **OF_CALL), 2),
            (LegRinging(leg="agent", **OF_CALL), 3),
            (LegAnswered(leg="agent", **OF_CALL), 4),
        ]
        call = Call(legs={}, facts={})
        for number in order:
            event, second = told_at[number]
            merge(call, event, datetime(2026, 1, 1, 0, 0, second, tzinfo=UTC))
        assert call.legs["agent"]["state"] == "answered"


class TestHandedToANumber:
    async def test_the_agents_leg_may_end_before_the_answer_is_told(self, office: Office) -> None:
        """The platform's events overtake each other: nobody hangs up on the caller for that."""
        await office.phone("li")
        call, order = await office.held("li", "voice"), new_id()
        later = datetime.now(UTC) + timedelta(seconds=5)
        await office.change(call, lambda desk, work: work.wait_for(order, "transfer", later))
        await told(office, call, LegEnded(conversation="c", leg="agent", cause="normal", by="platform"))
        assert await deliveries(office) == []
        await told(office, call, LegAnswered(conversation="c", leg="agent", leg_id="x", command_id=order))
        assert await office.rows("SELECT end_cause FROM interaction") == [("transferred",)]


class TestConnectFailed:
    async def test_not_of_who_has_picked_up_meanwhile(self, office: Office) -> None:
        """A callback: the router's time ran out in the moment in which the customer's phone began to ring."""
        await office.phone("li")
        call = await office.waiting("voice")
        await office.act("li", call, "take")
        await office.run("UPDATE interaction SET callback_to = '+8613800138000' WHERE channel = 'voice'")
        await told(office, call, LegAnswered(conversation="c", leg="agent", leg_id="l"))
        decision = await connect_failed(office, call)
        assert await carried_out(office, decision), "the router is told what is true"
        assert (await office.interaction(call))["state"] == "connecting"

    async def test_a_phone_that_nobody_told_to_ring_is_not_to_blame(self, office: Office) -> None:
        """No worker was there the whole time: they are asked again, the caller is in front."""
        call = await connecting(office)
        waiting = (await office.interaction(call))["waiting_since"]
        told_anew = await carried_out(office, await connect_failed(office, call))
        assert {type(snapshot) for snapshot in told_anew} == {AgentSnapshot, InteractionSnapshot}
        li, x = await office.agent("li"), await office.interaction(call)
        assert (x["state"], x["waiting_since"]) == ("queued", waiting)
        assert (li.presence, li.units_held) == (Presence.AVAILABLE, 0)

    async def test_one_that_was_told_is(self, office: Office) -> None:
        call = await connecting(office)
        async with worker(office) as session:
            await session.execute(update(Delivery).values(attempts=1))
        assert await carried_out(office, await connect_failed(office, call)) == []
        li = await office.agent("li")
        assert (li.presence, li.presence_reason) == (Presence.NOT_RESPONDING, "device")

    async def test_nor_is_who_never_heard_of_the_offer(self, office: Office) -> None:
        call = await ringing(office)
        assert await carried_out(office, await missed(office, call))
        li = await office.agent("li")
        assert (li.presence, li.units_held) == (Presence.AVAILABLE, 0)
        assert await office.rows("SELECT state, cause FROM offer") == [("revoked", "undelivered")]


class TestPromised:
    async def test_the_phone_of_whom_it_is_offered_to_rings_no_more(self, office: Office) -> None:
        call = await ringing(office)
        answer = await office.act(
            "li", call, "callback", {"address": {"kind": "phone", "value": "+8613800138000"}}
        )
        assert answer.status_code == 200, answer.text
        ordered = [delivery.payload["command"] for delivery in await deliveries(office)]
        assert ordered == ["call.route", "call.cancel", "call.end"]


class TestAcceptedByPickingUp:
    """The queue says `accept: device`: the phone rings for the offer, the desktop does not."""

    async def test_the_phone_rings_for_the_offer_and_the_desktop_only_shows_it(self, office: Office) -> None:
        call = await ringing(office)
        [route] = await deliveries(office)
        assert (route.payload["command"], route.payload["arguments"]["to"]) == ("call.route", "sip:li")
        [(created,)] = await office.rows("SELECT data FROM event_log WHERE type LIKE '%offer.created%'")
        assert b'"accept":"device"' in created
        [(offer_id,)] = await office.rows("SELECT id FROM offer")
        clicked = await office.post("li", f"/offers/{offer_id}/accept")
        assert (clicked.status_code, clicked.json()["type"]) == (409, "/problems/illegal-transition")
        assert (await office.interaction(call))["state"] == "offered"

    async def test_picking_up_is_the_accept_and_the_bridge_the_answer(self, office: Office) -> None:
        call = await ringing(office)
        await told(office, call, LegAnswered(conversation="c", leg="agent", leg_id="l"))
        assert (await office.interaction(call))["state"] == "connecting"
        await told(office, call, CallBridged(conversation="c"))
        assert (await office.interaction(call))["state"] == "active"
        assert len(await deliveries(office)) == 1, "nothing was cancelled"

    async def test_the_bridge_alone_is_both(self, office: Office) -> None:
        call = await ringing(office)
        await told(office, call, CallBridged(conversation="c"))
        assert (await office.interaction(call))["state"] == "active"

    @pytest.mark.parametrize("cause", ["busy", "unreachable", "rejected"])
    async def test_a_phone_that_refuses_is_not_responding(self, office: Office, cause: Any) -> None:
        call = await ringing(office)
        await told(office, call, LegEnded(conversation="c", leg="agent", cause=cause, by="agent"))
        li = await office.agent("li")
        assert (li.presence, li.presence_reason, li.units_held) == (Presence.NOT_RESPONDING, "device", 0)
        assert (await office.interaction(call))["state"] == "queued"
        assert len(await deliveries(office)) == 1, "what has ended is not cancelled"

    async def test_an_offer_that_ends_stops_the_phone(self, office: Office) -> None:
        call = await ringing(office)
        await told(office, call, CallEnded(conversation="c", by="customer"))
        assert (await office.interaction(call))["state"] == "abandoned"
        route, cancel = await deliveries(office)
        assert cancel.payload["command"] == "call.cancel"
        assert cancel.payload["arguments"]["route_command_id"] == str(route.id)

    async def test_without_a_phone_the_desktop_accepts(self, office: Office) -> None:
        await ringing(office, phone=False)
        [(created,)] = await office.rows("SELECT data FROM event_log WHERE type LIKE '%offer.created%'")
        assert b'"accept":"desktop"' in created
        assert await deliveries(office) == []


async def ringing(office: Office, *, phone: bool = True, call: UUID | None = None) -> UUID:
    """The router has offered a call of such a queue to li (`call`: this one, again)."""
    if call is None:
        await office.publish_accept_by_device()
    if phone:
        await office.phone("li")
    await office.set_agent("li", presence=Presence.AVAILABLE, signed_in=True)
    call = call or await office.waiting("voice", version=3)
    deadline = microseconds(datetime.now(UTC) + timedelta(seconds=20))
    decision = Decision(
        at=0,
        kind="offer",
        interaction=str(call),
        agent=str(office.agent_id("li")),
        reason="longest_idle",
        queue="billing",
        channel="voice",
        interaction_version=(await office.interaction(call))["version"],
        units=100,
        deadline=deadline,
        ordinal=1,
    )
    assert await carried_out(office, decision) == []
    return call


async def connecting(office: Office) -> UUID:
    """Li has taken a call; the order to ring waits for a sender."""
    await office.phone("li")
    await office.set_agent("li", presence=Presence.AVAILABLE, signed_in=True)
    call = await office.waiting("voice")
    await office.act("li", call, "take")
    return call


async def deadline_of(office: Office) -> datetime:
    [(deadline,)] = await office.rows("SELECT connect_deadline_at FROM leg")
    assert isinstance(deadline, datetime)
    return deadline


async def connect_failed(office: Office, call: UUID, at: int = LATER) -> Decision:
    return await over(office, call, "connect_failed", "connect_deadline", at)


async def missed(office: Office, call: UUID, at: int = LATER) -> Decision:
    return await over(office, call, "missed", "offer_deadline", at)


async def over(office: Office, call: UUID, kind: Any, reason: Any, at: int) -> Decision:
    """The router's word that the time of the call's only leg is over."""
    [leg] = (await office.interaction(call))["legs"]
    return Decision(at, kind, str(call), leg["agent_id"], reason=reason, leg=leg["id"])


async def carried_out(office: Office, decision: Decision) -> list[Correction]:
    policies, tenant_id = office.container.policies, office.tenant.id
    async with worker(office) as session:
        policy = await policies.current(session, tenant_id)
        return await carry_out(session, tenant_id, [decision], {1: {"reason": "longest_idle"}}, policy)


def new_call(office: Office) -> Call:
    return Call(
        tenant_id=office.tenant.id, endpoint_id=office.hotline, call_id="c", legs={}, facts={}, absent_count=0
    )


async def told(office: Office, interaction_id: UUID, event: Any, call: Call | None = None) -> None:
    """The platform tells of the call; `call` remembers what it told before."""
    call = call or new_call(office)
    tenant_id, policies = office.tenant.id, office.container.policies
    async with office.container.database.transaction(tenant_id) as session:
        desk, work = await Desk.one(session, tenant_id, interaction_id)
        late = is_late(call, event)
        if merge(call, event, desk.now):
            await Mover(desk, policies).move(work, Report(event, call, desk.now, True, late))
        await desk.save()
