"""The socket behind presence, on a real server: pongs renew the lease, silence ends it, a close has a grace.

The seconds of the contract (5, 20, 5, 30) are shortened; their relations are kept.
"""

from pathlib import Path

from models.agent import Presence
from models.offer import OfferState
from tests.stream.desktops import open_api
from tests.waiting import eventually
from tests.worker.center import Center

QUICK = {
    "ping_seconds": 0.2,
    "lease_write_seconds": 0.2,
    "lease_seconds": 3.0,
    "reconnect_grace_seconds": 0.5,
}


class TestPongs:
    async def test_a_desktop_that_only_answers_pings_keeps_its_lease(
        self, center: Center, tmp_path: Path
    ) -> None:
        async with (
            open_api(center, tmp_path, **QUICK) as api,
            center.routed(),
            api.desktop(center.agents["li"], max_queue=None),  # takes frames that nobody looks at
        ):
            [first] = await center.leases()

            async def renewed_for_two_leases() -> bool:
                [lease] = await center.leases()
                return (lease.expires_at - first.expires_at).total_seconds() > 6

            await eventually(renewed_for_two_leases)
            assert (await center.agent("li")).signed_in

    async def test_a_frozen_one_loses_lease_and_offer(self, center: Center, tmp_path: Path) -> None:
        li, han = center.agents["li"], center.agents["han"]
        async with (
            open_api(center, tmp_path, **QUICK) as api,
            center.routed(),
            api.desktop(li) as frozen,
            api.desktop(han) as desktop,
        ):
            await center.choose("li", Presence.AVAILABLE)
            waiting = await center.queue()
            first = (await frozen.event("offer.created"))["data"]
            frozen.connection.transport.pause_reading()  # type: ignore[attr-defined]
            await center.choose("han", Presence.AVAILABLE)
            await desktop.event("offer.created", interaction_id=str(waiting))
            ended = await center.settled(first["offer_id"])
            assert (ended.state, ended.cause) == (OfferState.REVOKED, "lease_lost")
            agent = await center.agent("li")
            assert (agent.presence, agent.presence_reason) == (Presence.OFFLINE, "connection_lost")
            frozen.connection.transport.resume_reading()  # type: ignore[attr-defined]


class TestClosing:
    async def test_a_closed_desktop_leaves_its_offer_to_the_next_after_the_grace(
        self, center: Center, tmp_path: Path
    ) -> None:
        li, han = center.agents["li"], center.agents["han"]
        async with open_api(center, tmp_path, **QUICK) as api, center.routed(), api.desktop(han) as desktop:
            async with api.desktop(li) as closing:
                await center.choose("li", Presence.AVAILABLE)
                waiting = await center.queue()
                await closing.event("offer.created")
            await center.choose("han", Presence.AVAILABLE)
            await desktop.event("offer.created", interaction_id=str(waiting))

    async def test_a_reload_within_the_grace_keeps_it(self, center: Center, tmp_path: Path) -> None:
        li = center.agents["li"]
        changed = {**QUICK, "reconnect_grace_seconds": 5.0}
        async with open_api(center, tmp_path, **changed) as api, center.routed():
            async with api.desktop(li) as before:
                await center.choose("li", Presence.AVAILABLE)
                await center.queue()
                offer = (await before.event("offer.created"))["data"]
            async with api.desktop(li) as after:
                assert [o["offer_id"] for o in after.ready["snapshot"]["offers"]] == [offer["offer_id"]]
                assert after.ready["snapshot"]["me"]["presence"]["status"] == "available"
                async with api.client(li) as client:
                    taken = await client.post(f"/v1/offers/{offer['offer_id']}/accept")
                assert taken.status_code == 200

    async def test_a_restart_of_the_api_keeps_it_for_longer(self, center: Center, tmp_path: Path) -> None:
        li = center.agents["li"]
        async with open_api(center, tmp_path, **QUICK) as second, center.routed():
            async with open_api(center, tmp_path, **QUICK) as first, first.desktop(li) as desktop:
                await center.choose("li", Presence.AVAILABLE)
                await center.queue()
                offer = (await desktop.event("offer.created"))["data"]
                first.server.should_exit = True
                assert await desktop.close_code() == 1012
            async with second.desktop(li) as desktop:
                assert [o["offer_id"] for o in desktop.ready["snapshot"]["offers"]] == [offer["offer_id"]]
