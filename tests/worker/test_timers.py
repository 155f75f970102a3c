"""What happens because time passes: found by one statement, judged again under the rows' locks."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from interactions.agents import offers
from interactions.agents.shown import Shown, ShownOffers
from interactions.life.desk import Desk
from interactions.life.work import WrapUp
from models.due import Limits
from models.interaction import Interaction, State
from models.leg import Leg, LegState
from models.offer import OfferState
from tests.waiting import eventually
from tests.worker.center import Center, open_center

FAST = Limits(
    undelivered_seconds=0,
    silence_warn_seconds=180,
    silence_close_seconds=600,
    disconnect_grace_seconds=90,
)


async def sweep(center: Center) -> list[str]:
    """What was found due."""
    timers = center.timers()
    async with center.worker.transaction() as session:
        due = await timers.find(session, [center.tenant_id])
    async with center.worker.transaction(center.tenant_id) as session:
        await timers.fire(session, center.tenant_id, due)
    return [entry.kind for entry in due]


async def ago(center: Center, interaction_id: UUID, **columns: float) -> None:
    """Set these times of the interaction to so many seconds ago."""
    changes = ", ".join(
        f"{name} = statement_timestamp() - make_interval(secs => {seconds})"
        for name, seconds in columns.items()
    )
    async with center.api.transaction(center.tenant_id) as session:
        await session.execute(
            text(f"UPDATE interaction SET {changes} WHERE id = :id"), {"id": interaction_id}
        )


async def active(center: Center, channel: str = "chat") -> UUID:
    """An interaction in li's hands."""
    await center.sign_in("li")
    waiting = await center.queue(channel)
    async with center.routed():
        offer = await center.offered(waiting, "li")
    async with center.api.transaction(center.tenant_id) as session:
        await offers.accept(session, center.tenant_id, offer.id, offer.agent_id, center.policies)
    return waiting


async def end(center: Center, interaction_id: UUID, wrap_up: WrapUp) -> None:
    await center.work(interaction_id, lambda work: work.end_contact("customer", "normal", wrap_up))


class TestWrapUp:
    async def test_a_timeboxed_one_ends_by_itself(self, center: Center) -> None:
        work = await active(center)
        await end(center, work, WrapUp("timeboxed", 0.0001))
        await sweep(center)
        x = await center.interaction(work)
        assert (x.state, x.disposition) == (State.CLOSED, "none(timed_out)")
        assert (await center.agent("li")).units_held == 0

    async def test_others_wait_for_the_agent(self, center: Center) -> None:
        work = await active(center)
        await end(center, work, WrapUp("mandatory"))
        assert await sweep(center) == []
        assert (await center.interaction(work)).state == State.WRAP_UP

    async def test_not_before_its_time(self, center: Center) -> None:
        work = await active(center)
        await end(center, work, WrapUp("timeboxed", 30))
        assert await sweep(center) == []


class TestParked:
    async def test_what_is_due_comes_back_to_its_agent(self, center: Center) -> None:
        work = await active(center, "email")
        await center.work(work, lambda w: w.park(w.now))
        assert (await center.agent("li")).units_held == 0
        assert await sweep(center) == ["parked"]
        x = await center.interaction(work)
        assert (x.state, x.entry_kind, x.parked_until) == (State.QUEUED, "return", None)
        async with center.routed():
            await center.sign_in("han")
            await center.offered(work, "li")

    async def test_what_waits_for_the_customer_stays(self, center: Center) -> None:
        work = await active(center, "email")
        await center.work(work, lambda w: w.park(None))
        assert await sweep(center) == []


class TestSilence:
    async def test_the_customer_is_warned_once_then_the_chat_ends(self, center: Center) -> None:
        work = await active(center)
        await ago(center, work, last_customer_touch_at=1000, last_touch_at=200)
        assert await sweep(center) == ["silence"]
        assert center.warned.interactions == [work]
        assert await sweep(center) == []
        await ago(center, work, last_touch_at=601)
        assert await sweep(center) == ["silence"]
        x = await center.interaction(work)
        assert (x.state, x.end_cause) == (State.WRAP_UP, "silent")
        assert center.warned.interactions == [work]

    async def test_it_is_not_the_customers_silence_when_they_wrote_last(self, center: Center) -> None:
        work = await active(center)
        await ago(center, work, last_customer_touch_at=3000, last_touch_at=3000)
        assert await sweep(center) == []

    async def test_an_answer_after_the_warning_starts_anew(self, center: Center) -> None:
        work = await active(center)
        await ago(center, work, last_customer_touch_at=1000, last_touch_at=200)
        await sweep(center)
        await ago(center, work, last_customer_touch_at=0, last_touch_at=0)
        assert await sweep(center) == []
        await ago(center, work, last_customer_touch_at=300, last_touch_at=190, silence_warned_at=400)
        assert await sweep(center) == ["silence"]
        assert center.warned.interactions == [work, work]


async def messenger(center: Center) -> UUID:
    """A messenger's customer in li's hands."""
    work = await active(center)
    async with center.api.transaction(center.tenant_id) as session:
        await session.execute(text("UPDATE interaction SET channel = 'messaging'"))
    return work


class TestQuietMessenger:
    async def test_work_is_parked_until_the_customer_writes(self, center: Center) -> None:
        work = await messenger(center)
        await ago(center, work, last_customer_touch_at=3000, last_touch_at=1700)
        assert await sweep(center) == []
        await ago(center, work, last_touch_at=1801)
        assert await sweep(center) == ["quiet"]
        x = await center.interaction(work)
        assert (x.state, x.parked_for) == (State.PARKED, "customer")
        assert await sweep(center) == []

    async def test_not_while_the_customer_waits_for_an_answer(self, center: Center) -> None:
        work = await messenger(center)
        await ago(center, work, last_customer_touch_at=3000, last_touch_at=3000)
        assert await sweep(center) == []

    async def test_is_over_with_the_reply_window(self, center: Center) -> None:
        work = await messenger(center)
        await ago(center, work, last_customer_touch_at=3000, last_touch_at=1801, reply_until=-60)
        assert await sweep(center) == ["quiet"]
        await ago(center, work, reply_until=1)
        assert await sweep(center) == ["reply_over"]
        x = await center.interaction(work)
        assert (x.state, x.end_cause) == (State.CLOSED, "reply_window_ended")


class TestVisitorGone:
    async def test_who_waits_and_is_gone_has_left(self, center: Center) -> None:
        waiting = await center.queue()
        await ago(center, waiting, customer_gone_at=89)
        assert await sweep(center) == []
        await ago(center, waiting, customer_gone_at=91)
        assert await sweep(center) == ["visitor_gone"]
        x = await center.interaction(waiting)
        assert (x.state, x.end_cause) == (State.ABANDONED, "disconnected")

    async def test_never_while_an_agent_has_it(self, center: Center) -> None:
        work = await active(center)
        await ago(center, work, customer_gone_at=1000)
        assert await sweep(center) == []


class TestUndelivered:
    async def test_it_is_skipped_not_punished(self, center: Center) -> None:
        center.limits = FAST
        await center.sign_in("li")
        waiting = await center.queue()
        async with center.routed():
            [offer] = await center.offers_made(waiting, 1)
            first = await center.settled(offer.id)
        assert (first.state, first.cause) == (OfferState.REVOKED, "undelivered")
        x = await center.interaction(waiting)
        assert list(x.cool_downs) == [str(center.agents["li"].id)]

    async def test_what_is_shown_rings_on(self, center: Center) -> None:
        await center.sign_in("li")
        waiting = await center.queue()
        async with center.routed():
            offer = await center.offered(waiting)
        await ShownOffers(center.api, center.policies).confirm(
            Shown(center.tenant_id, offer.id, offer.agent_id)
        )
        center.limits = FAST
        assert await sweep(center) == []


class TestPending:
    async def test_a_command_without_answer_is_over(self, center: Center) -> None:
        work = await active(center, "voice")
        await center.work(work, lambda w: w.wait_for(UUID(int=7), "hold", w.now))
        assert await sweep(center) == ["pending"]
        assert (await center.interaction(work)).pending_command is None


@pytest.mark.parametrize(
    "change",
    [
        lambda work: work.customer_left(),
        lambda work: work.close("supervisor", "forced"),
    ],
)
async def test_what_changed_since_it_was_found_is_left_alone(
    center: Center, change: Callable[[Any], None]
) -> None:
    waiting = await center.queue()
    await ago(center, waiting, customer_gone_at=91)
    timers = center.timers()
    async with center.worker.transaction() as session:
        due = await timers.find(session, [center.tenant_id])
    await center.work(waiting, change)
    before = await center.interaction(waiting)
    async with center.worker.transaction(center.tenant_id) as session:
        await timers.fire(session, center.tenant_id, due)
    after: Interaction = await center.interaction(waiting)
    assert (after.version, after.end_cause) == (before.version, before.end_cause)


async def test_another_tenants_are_not_found(center: Center) -> None:
    waiting = await center.queue()
    await ago(center, waiting, customer_gone_at=91)
    async with center.worker.transaction() as session:
        assert await center.timers().find(session, [UUID(int=1)]) == []


async def test_the_leg_of_a_wrap_up_frees_its_units_when_it_ends(center: Center) -> None:
    work = await active(center)
    await end(center, work, WrapUp("timeboxed", 0.0001))
    assert (await center.agent("li")).units_held == 33
    await sweep(center)
    [leg] = await center.rows(select(Leg).where(Leg.interaction_id == work))
    assert leg.state == LegState.ENDED
    assert (await center.agent("li")).units_held == 0


class TestClosingTime:
    async def test_the_running_worker_turns_away_who_still_waits(self, database_url: str) -> None:
        """Whichever worker runs by then: closing time and entry are in the rows and the policy."""
        evening = {"hours": "never", "drain_seconds": 1, "closed": {"announcement": "Good night."}}
        async with open_center(database_url, queue=evening) as center:
            waiting, talking = await center.queue(), await center.queue()
            async with center.api.transaction(center.tenant_id) as session:
                li = center.agents["li"].id
                desk, work = await Desk.one(session, center.tenant_id, talking, [li])
                work.take(desk.agents[li], 33)
                await desk.save()

            async def closed() -> bool:
                return (await center.interaction(waiting)).state == State.CLOSED

            async with center.routed():
                await eventually(closed)
            assert center.told.texts == [(waiting, "Good night.")]
            assert (await center.interaction(talking)).state == State.ACTIVE
