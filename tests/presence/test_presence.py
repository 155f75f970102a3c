"""What agents choose, and what their sockets and leases make of it (SEMANTICS §1.2)."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text

from app.clock import new_id
from app.errors import Invalid, NotFound
from app.settings import Settings
from interactions.agents import offers, presence
from interactions.agents.leases import Lease, Leases
from models.agent import Device, Presence
from models.interaction import Interaction, State
from models.leg import Leg
from models.offer import OfferState
from tests.worker.center import Center


async def sweep(center: Center) -> None:
    """What the worker does every 200 ms."""
    timers = center.timers()
    async with center.worker.transaction() as session:
        due = await timers.find(session, [center.tenant_id])
    async with center.worker.transaction(center.tenant_id) as session:
        await timers.fire(session, center.tenant_id, due)


async def open_again(center: Center, name: str, restore_seconds: float = 300) -> UUID:
    socket = new_id()
    async with center.api.transaction(center.tenant_id) as session:
        await presence.socket_opened(
            session,
            center.tenant_id,
            center.agents[name].id,
            (socket, new_id()),
            lease_seconds=60,
            restore_seconds=restore_seconds,
        )
    return socket


class TestChoosing:
    async def test_available_counts_idle_time_from_the_change_only(self, center: Center) -> None:
        await center.choose("li", Presence.AVAILABLE)
        first = (await center.agent("li")).idle_since
        await center.choose("li", Presence.AVAILABLE)
        assert (await center.agent("li")).idle_since == first
        await center.choose("li", Presence.BREAK, "lunch")
        await center.choose("li", Presence.AVAILABLE)
        again = (await center.agent("li")).idle_since
        assert first is not None and again is not None and again > first

    async def test_not_responding_is_not_chosen(self, center: Center) -> None:
        with pytest.raises(Invalid):
            await center.choose("li", Presence.NOT_RESPONDING)

    async def test_a_break_needs_one_of_the_codes(self, center: Center) -> None:
        async with center.api.transaction(center.tenant_id) as session:
            for reason in (None, "golf"):
                with pytest.raises(Invalid):
                    await presence.check_reason(
                        session, center.tenant_id, center.policies, Presence.BREAK, reason
                    )
            await presence.check_reason(session, center.tenant_id, center.policies, Presence.BREAK, "lunch")

    async def test_without_a_desktop_a_presence_does_not_last(self, center: Center) -> None:
        await center.choose("li", Presence.AVAILABLE)
        await center.choose("li", Presence.BREAK, "lunch")
        [lent] = await center.leases()
        assert lent.gone_at is not None
        async with center.api.transaction(center.tenant_id) as session:
            await session.execute(text("UPDATE agent_lease SET expires_at = clock_timestamp()"))
        await sweep(center)
        agent = await center.agent("li")
        assert (agent.presence, agent.presence_reason) == (Presence.OFFLINE, "connection_lost")
        await open_again(center, "li")
        assert (await center.agent("li")).presence == Presence.BREAK

    async def test_behind_a_desktop_it_needs_no_lease_of_its_own(self, center: Center) -> None:
        await center.sign_in("li")
        assert len(await center.leases()) == 1

    async def test_signing_out_gives_the_hot_desk_back(self, center: Center) -> None:
        async with center.api.transaction(center.tenant_id) as session:
            await session.execute(text("UPDATE device SET hot_desk = true"))
            await presence.sign_out(session, center.tenant_id, center.agents["li"].id)
        mine = select(Device).where(Device.agent_id == center.agents["li"].id)
        assert not await center.rows(mine)
        assert len(await center.rows(select(Device))) == 2


class TestSockets:
    async def test_any_of_several_tabs_keeps_the_agent_signed_in(self, center: Center) -> None:
        first, second = await center.sign_in("li"), await center.sign_in("li")
        await center.close_socket("li", first, 5)
        assert (await center.agent("li")).signed_in
        await center.close_socket("li", second, 5)
        assert not (await center.agent("li")).signed_in

    async def test_back_within_the_grace_nothing_was_lost(self, center: Center) -> None:
        socket = await center.sign_in("li")
        await center.close_socket("li", socket, 60)
        await open_again(center, "li")
        await sweep(center)
        agent = await center.agent("li")
        assert (agent.signed_in, agent.presence) == (True, Presence.AVAILABLE)

    async def test_nobody_signs_in_who_is_gone(self, center: Center) -> None:
        async with center.api.transaction(center.tenant_id) as session:
            await session.execute(text("UPDATE agent SET disabled_at = now()"))
        with pytest.raises(NotFound):
            await open_again(center, "li")


class TestLostLease:
    async def test_the_agent_is_offline_and_what_rings_goes_on(self, center: Center) -> None:
        socket = await center.sign_in("li")
        async with center.routed():
            offer = await center.offered(await center.queue())
            await center.close_socket("li", socket, 0)
            gone = await center.settled(offer.id)
            assert (gone.state, gone.cause) == (OfferState.REVOKED, "lease_lost")
            agent = await center.agent("li")
            assert (agent.presence, agent.presence_reason) == (Presence.OFFLINE, "connection_lost")
            assert agent.units_held == 0
            await center.sign_in("han")
            await center.offered(offer.interaction_id, "han")

    @pytest.mark.parametrize(("chosen", "reason"), [(Presence.AVAILABLE, None), (Presence.BREAK, "lunch")])
    async def test_back_soon_the_chosen_presence_is_restored(
        self, center: Center, chosen: Presence, reason: str | None
    ) -> None:
        socket = await center.sign_in("li")
        await center.choose("li", chosen, reason)
        await center.close_socket("li", socket, 0)
        await sweep(center)
        assert (await center.agent("li")).presence == Presence.OFFLINE
        await open_again(center, "li")
        agent = await center.agent("li")
        assert (agent.presence, agent.presence_reason) == (chosen, reason)
        assert agent.lease_lost_at is None

    async def test_back_late_the_agent_chooses_anew(self, center: Center) -> None:
        socket = await center.sign_in("li")
        await center.close_socket("li", socket, 0)
        await sweep(center)
        await open_again(center, "li", restore_seconds=0)
        agent = await center.agent("li")
        assert (agent.presence, agent.signed_in) == (Presence.OFFLINE, True)
        await center.choose("li", Presence.AVAILABLE)
        assert (await center.agent("li")).lease_lost_at is None

    async def test_not_responding_is_not_left_by_a_reload(self, center: Center) -> None:
        socket = await center.sign_in("li")
        async with center.api.transaction(center.tenant_id) as session:
            await session.execute(
                text("UPDATE agent SET presence = 'not_responding', presence_reason = 'missed'")
            )
        await center.close_socket("li", socket, 0)
        await sweep(center)
        await open_again(center, "li")
        agent = await center.agent("li")
        assert (agent.presence, agent.presence_reason) == (Presence.NOT_RESPONDING, "missed")

    async def test_a_chat_counts_down_until_they_are_back(self, center: Center) -> None:
        socket = await center.sign_in("li")
        async with center.routed():
            offer = await center.offered(await center.queue())
        async with center.api.transaction(center.tenant_id) as session:
            await offers.accept(session, center.tenant_id, offer.id, offer.agent_id, center.policies)
        await center.close_socket("li", socket, 0)
        await sweep(center)
        leg = await center.row(Leg, offer.leg_id)
        agent = await center.agent("li")
        assert agent.lease_lost_at is not None
        assert leg.reassign_at == agent.lease_lost_at + timedelta(seconds=0.5)
        await open_again(center, "li")
        assert (await center.row(Leg, offer.leg_id)).reassign_at is None
        async with center.routed():
            assert (await center.row(Interaction, offer.interaction_id)).state == State.ACTIVE


class TestLeases:
    """The api process's side."""

    def leases(self, center: Center, **changed: float) -> Leases:
        return Leases(center.api, center.clock, Settings(**changed))  # type: ignore[arg-type]

    def lease(self, center: Center, heard_at: float | None = None) -> Lease:
        heard = center.clock.monotonic if heard_at is None else lambda: heard_at
        return Lease(center.tenant_id, center.agents["li"].id, heard)

    async def test_who_is_heard_keeps_the_lease(self, center: Center) -> None:
        leases = self.leases(center)
        await leases.open(self.lease(center))
        [before] = await center.leases()
        await leases.renew()
        [after] = await center.leases()
        assert after.expires_at > before.expires_at

    async def test_the_lease_of_a_silent_one_runs_from_the_last_frame(self, center: Center) -> None:
        leases = self.leases(center)
        await leases.open(self.lease(center, center.clock.monotonic() - 19))
        async with center.api.transaction() as session:
            await session.execute(text("UPDATE agent_lease SET expires_at = clock_timestamp()"))
        await leases.renew()
        [lease] = await center.leases()
        async with center.api.read() as session:
            left = (
                lease.expires_at - (await session.execute(text("SELECT now()"))).scalar_one()
            ).total_seconds()
        assert left < 1.1

    async def test_who_is_heard_again_after_the_end_is_signed_in_again(self, center: Center) -> None:
        leases = self.leases(center)
        await leases.open(self.lease(center))
        await center.choose("li", Presence.AVAILABLE)
        async with center.api.transaction() as session:
            await session.execute(text("UPDATE agent_lease SET expires_at = clock_timestamp()"))
        await sweep(center)
        assert not (await center.agent("li")).signed_in
        await leases.renew()
        agent = await center.agent("li")
        assert (agent.signed_in, agent.presence) == (True, Presence.AVAILABLE)

    async def test_a_closed_one_is_left_the_grace(self, center: Center) -> None:
        leases, lease = self.leases(center, reconnect_grace_seconds=7), self.lease(center)
        await leases.open(lease)
        await leases.close(lease)
        [left] = await center.leases()
        assert left.gone_at is not None
        assert left.expires_at - left.gone_at == pytest.approx(timedelta(seconds=7), abs=timedelta(0.001))
        await leases.renew()
        assert (await center.leases())[0].expires_at == left.expires_at

    async def test_all_of_a_process_are_renewed_by_one_transaction(self, center: Center) -> None:
        leases = self.leases(center)
        for name in ("li", "han", "wang"):
            await leases.open(Lease(center.tenant_id, center.agents[name].id, center.clock.monotonic))
        await leases.renew()
        async with center.api.read() as session:
            writers = await session.execute(text("SELECT xmin::text FROM agent_lease"))
            assert len(set(writers.scalars())) == 1


async def test_a_second_agents_lease_is_untouched(center: Center) -> None:
    await center.sign_in("han")
    socket = await center.sign_in("li")
    await center.close_socket("li", socket, 0)
    await sweep(center)
    assert (await center.agent("han")).signed_in
    assert [lease.agent_id for lease in await center.leases()] == [center.agents["han"].id]
