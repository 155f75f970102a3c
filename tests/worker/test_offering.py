"""What waits is offered to who may serve it, and comes back when they do not answer."""

from sqlalchemy import select

from interactions.agents import offers
from models.agent import Agent, Presence
from models.interaction import Interaction, State
from models.journal import RoutingJournal
from models.log import EventLog
from models.offer import Decision, OfferState
from tests.worker.center import Center, open_center


class TestOffering:
    async def test_waiting_work_goes_to_an_available_agent_with_the_skill(self, center: Center) -> None:
        await center.sign_in("wang")  # billing 1: not enough
        await center.sign_in("li")
        async with center.routed():
            offer = await center.offered(await center.queue())
        assert offer.agent_id == center.agents["li"].id
        assert (await center.agent("li")).units_held == 33
        assert (await center.row(Interaction, offer.interaction_id)).state == State.OFFERED

    async def test_an_agent_who_comes_is_offered_what_waits_already(self, center: Center) -> None:
        waiting = await center.queue()
        async with center.routed():
            await center.sign_in("li")
            await center.offered(waiting, "li")

    async def test_a_boost_counts_from_the_very_next_offer(self, center: Center) -> None:
        """Earlier than within the 500 ms that it may take: the router reads it before what comes after it."""
        earlier, boosted = await center.queue("voice"), await center.queue("voice")
        async with center.routed():
            await center.work(boosted, lambda work: work.boost(60))
            await center.sign_in("li")
            await center.offered(boosted, "li")
        assert not await center.open_offers(earlier)

    async def test_a_screen_pop_is_told_and_the_decision_kept(self, center: Center) -> None:
        await center.sign_in("li")
        async with center.routed():
            offer = await center.offered(await center.queue(subject="An invoice", preview="Where is it?"))
        [row] = await center.rows(select(EventLog).where(EventLog.type == "touchpoint.offer.created.v1"))
        assert b'"subject":"An invoice"' in row.data
        assert b'"customer":' in row.data
        [decision] = await center.rows(select(Decision).where(Decision.offer_id == offer.id))
        assert decision.policy_version == 1
        journal = await center.rows(select(RoutingJournal).order_by(RoutingJournal.position))
        assert journal[0].kind == "rebuild"
        assert any(entry.decision_count for entry in journal)

    async def test_missed_offers_make_the_agent_not_responding_and_go_to_the_next(
        self, database_url: str
    ) -> None:
        async with open_center(database_url, chat=0.3) as center:
            await center.sign_in("li")
            await center.sign_in("han")
            async with center.routed():
                first, second = await center.offers_made(await center.queue(), 2)
                assert first.state == OfferState.MISSED
                assert second.agent_id != first.agent_id
                agent = await center.row(Agent, first.agent_id)
                assert (agent.presence, agent.presence_reason) == (Presence.NOT_RESPONDING, "missed")
                assert agent.units_held == 0

    async def test_a_worker_that_starts_finds_deadlines_that_passed_while_nobody_ran(
        self, center: Center
    ) -> None:
        await center.sign_in("li")
        waiting = await center.queue()
        async with center.routed():
            offer = await center.offered(waiting)
        await center.shorten(offer.id)
        async with center.routed():
            assert (await center.settled(offer.id)).state == OfferState.MISSED

    async def test_who_has_no_room_gets_nothing_more(self, center: Center) -> None:
        await center.sign_in("li")
        async with center.routed():
            calls = [await center.queue("voice") for _ in range(2)]
            await center.offered(calls[0], "li")
            assert not await center.open_offers(calls[1])
            assert (await center.agent("li")).units_held == 100


class TestAccept:
    async def test_a_chat_becomes_active_and_a_second_tab_gets_the_same_answer(self, center: Center) -> None:
        await center.sign_in("li")
        async with center.routed():
            offer = await center.offered(await center.queue())
            for _ in range(2):
                async with center.api.transaction(center.tenant_id) as session:
                    taken = await offers.accept(
                        session, center.tenant_id, offer.id, offer.agent_id, center.policies
                    )
                assert taken.state == State.ACTIVE
                assert taken.answered_at is not None

    async def test_completed_work_frees_the_agent_for_the_next(self, center: Center) -> None:
        await center.sign_in("li")
        async with center.routed():
            first, second = await center.queue("voice"), await center.queue("voice")
            offer = await center.offered(first)
            async with center.api.transaction(center.tenant_id) as session:
                await offers.accept(session, center.tenant_id, offer.id, offer.agent_id, center.policies)
            await center.work(first, lambda work: work.end_contact("customer", "normal", None))
            await center.offered(second, "li")


class TestDecline:
    async def test_the_work_goes_on_and_is_not_offered_again_for_a_while(self, center: Center) -> None:
        await center.sign_in("li")
        async with center.routed():
            waiting = await center.queue()
            offer = await center.offered(waiting)
            async with center.api.transaction(center.tenant_id) as session:
                await offers.decline(
                    session, center.tenant_id, offer.id, offer.agent_id, None, center.policies
                )
            assert not await center.open_offers(waiting)
            await center.sign_in("han")
            again = await center.offered(waiting)
            assert again.agent_id == center.agents["han"].id
            assert (await center.agent("li")).presence == Presence.AVAILABLE


class TestPresence:
    async def test_a_break_while_it_rings_revokes_the_offer(self, center: Center) -> None:
        await center.sign_in("li")
        async with center.routed():
            offer = await center.offered(await center.queue())
            await center.choose("li", Presence.BREAK, "lunch")
            gone = await center.settled(offer.id)
            assert (gone.state, gone.cause) == (OfferState.REVOKED, "went_away")
            await center.sign_in("han")
            await center.offered(offer.interaction_id, "han")

    async def test_a_customer_who_leaves_takes_the_offer_along(self, center: Center) -> None:
        await center.sign_in("li")
        async with center.routed():
            offer = await center.offered(await center.queue("voice"))
            await center.work(offer.interaction_id, lambda work: work.customer_left())
            assert (await center.settled(offer.id)).cause == "customer_left"
            await center.offered(await center.queue("voice"), "li")

    async def test_a_closed_socket_gets_no_new_offers_but_keeps_the_open_one(self, center: Center) -> None:
        socket = await center.sign_in("li")
        async with center.routed():
            offer = await center.offered(await center.queue())
            await center.close_socket("li", socket, 60)
            more = await center.queue()
            agent = await center.agent("li")
            assert (agent.signed_in, agent.presence) == (False, Presence.AVAILABLE)
            await center.sign_in("han")
            await center.offered(more, "han")
            assert [o.id for o in await center.open_offers(offer.interaction_id)] == [offer.id]

    async def test_chats_of_an_agent_who_does_not_come_back_wait_again(self, center: Center) -> None:
        socket = await center.sign_in("li")
        async with center.routed():
            offer = await center.offered(await center.queue())
            async with center.api.transaction(center.tenant_id) as session:
                await offers.accept(session, center.tenant_id, offer.id, offer.agent_id, center.policies)
            await center.close_socket("li", socket, 0)
            await center.sign_in("han")
            again = await center.offered(offer.interaction_id, "han")
            x = await center.row(Interaction, again.interaction_id)
            assert (x.entry_kind, x.preferred_agent_id) == ("return", center.agents["li"].id)
