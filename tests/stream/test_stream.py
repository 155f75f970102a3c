"""The desktop's stream: authenticate, ready, events without a gap, resume at any process, close codes."""

from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from app.bus.outbox import append
from app.clock import new_id
from app.events import AgentChanged
from models.agent import Agent, AgentLease, Presence
from models.interaction import State
from models.offer import OfferState
from tests.stream.desktops import Api, Desktop, open_api
from tests.waiting import eventually
from tests.worker.center import Center


class TestBeginning:
    async def test_ready_brings_a_snapshot_and_signs_the_agent_in(self, center: Center, api: Api) -> None:
        async with api.desktop(center.agents["li"]) as desktop:
            snapshot = desktop.ready["snapshot"]
            assert snapshot["me"]["email"] == "li@acme.test"
            assert (snapshot["offers"], snapshot["interactions"]) == ([], [])
            assert (await center.agent("li")).signed_in

    async def test_a_wrong_token_is_told_so(self, api: Api) -> None:
        async with api.desktop(None) as desktop:
            await desktop.authenticate("nonsense")
            assert await desktop.close_code() == 4001

    async def test_an_api_key_is_no_person(self, api: Api) -> None:
        async with api.desktop(None) as desktop:
            await desktop.authenticate("tp_0123456789")
            assert await desktop.close_code() == 4003

    async def test_an_agent_who_is_gone_is_not_let_in(self, center: Center, api: Api) -> None:
        async with center.api.transaction(center.tenant_id) as session:
            li = await session.get_one(type(center.agents["li"]), center.agents["li"].id)
            li.disabled_at = li.created_at
        async with api.desktop(None) as desktop:
            await desktop.authenticate(api.token(center.agents["li"]))
            assert await desktop.close_code() == 4003

    async def test_anything_else_first_breaks_the_protocol(self, api: Api) -> None:
        for first in ("no json", '{"type":"offer_shown","offer_id":"x"}', "[]", "NaN"):
            async with api.desktop(None) as desktop:
                await desktop.connection.send(first)
                assert await desktop.close_code() == 4009

    async def test_a_binary_frame_breaks_the_protocol(self, api: Api) -> None:
        async with api.desktop(None) as desktop:
            await desktop.connection.send(b"\x00\xff")
            assert await desktop.close_code() == 4009

    async def test_who_says_nothing_is_closed(self, center: Center, tmp_path: Path) -> None:
        async with open_api(center, tmp_path, authenticate_seconds=0.1) as api, api.desktop(None) as desktop:
            assert await desktop.close_code() == 4009


class TestAlive:
    async def test_it_is_said_again_and_again(self, center: Center, tmp_path: Path) -> None:
        li = center.agents["li"]
        async with open_api(center, tmp_path, ping_seconds=0.05) as api, api.desktop(li) as desktop:
            for _ in range(3):
                assert await desktop.frame("alive") == {"type": "alive"}


class TestToken:
    async def test_the_connection_ends_with_the_token(self, center: Center, api: Api) -> None:
        async with api.desktop(None) as desktop:
            await desktop.authenticate(api.token(center.agents["li"], seconds=1))
            await desktop.frame("ready")
            assert await desktop.close_code() == 4001

    async def test_the_connection_ends_with_the_session(self, center: Center, api: Api) -> None:
        async with api.desktop(None) as desktop:
            token = api.token(center.agents["li"])
            await desktop.authenticate(token)
            await desktop.frame("ready")
            bearer = {"authorization": f"Bearer {token}"}
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{api.port}", headers=bearer) as http:
                assert (await http.delete("/v1/sessions/current")).status_code == 204
            assert await desktop.close_code() == 4001

    async def test_a_new_token_keeps_it(self, center: Center, api: Api) -> None:
        async with api.desktop(None) as desktop:
            await desktop.authenticate(api.token(center.agents["li"], seconds=2))
            await desktop.frame("ready")
            await desktop.authenticate(api.token(center.agents["li"]))
            assert (await desktop.frame("ready"))["snapshot"] is None
            await center.choose("li", Presence.AVAILABLE)
            await desktop.event("agent.changed", presence="available")

    async def test_somebody_elses_token_is_not_allowed(self, center: Center, api: Api) -> None:
        async with api.desktop(center.agents["li"]) as desktop:
            await desktop.authenticate(api.token(center.agents["han"]))
            assert await desktop.close_code() == 4003


class TestEvents:
    async def test_an_offer_rings_is_shown_and_accepted(self, center: Center, api: Api) -> None:
        li = center.agents["li"]
        async with center.routed(), api.desktop(li) as desktop, api.client(li) as client:
            await client.put("/v1/me/presence", json={"status": "available"})
            waiting = await center.queue(subject="Invoice")
            offer = (await desktop.event("offer.created"))["data"]
            assert (offer["interaction_id"], offer["subject"]) == (str(waiting), "Invoice")
            assert 25 < offer["expires_in_seconds"] <= 30
            assert offer["customer"] == {"id": None, "name": None, "tier": "standard", "candidates": []}
            answers = [await client.post(f"/v1/offers/{offer['offer_id']}/accept") for _ in range(2)]
            assert [answer.status_code for answer in answers] == [200, 200]
            assert answers[0].json()["state"] == "active"
            ended = (await desktop.event("offer.revoked"))["data"]
            assert (ended["offer_id"], ended["state"]) == (offer["offer_id"], "accepted")
            shown = await center.settled(offer["offer_id"])
            assert shown.shown_at is not None

    async def test_numbers_have_no_gap_and_versions_only_grow(self, center: Center, api: Api) -> None:
        async with api.desktop(center.agents["li"]) as desktop:
            for presence in (Presence.AVAILABLE, Presence.BREAK, Presence.AVAILABLE, Presence.OFFLINE):
                await center.choose("li", presence, "lunch")
                await desktop.event("agent.changed", presence=presence.value)
            assert [frame["n"] for frame in desktop.frames] == list(range(1, len(desktop.frames) + 1))
            versions = [frame["version"] for frame in desktop.frames]
            assert versions == sorted(set(versions))

    async def test_what_is_gone_says_why(self, center: Center, api: Api) -> None:
        li = center.agents["li"]
        async with center.routed(), api.desktop(li) as desktop, api.client(li) as client:
            await center.choose("li", Presence.AVAILABLE)
            waiting = await center.queue()
            offer = (await desktop.event("offer.created"))["data"]
            await center.work(waiting, lambda work: work.customer_left())
            gone = await client.post(f"/v1/offers/{offer['offer_id']}/accept")
            assert (gone.status_code, gone.json()["cause"]) == (409, "customer_left")
            assert gone.json()["type"] == "/problems/offer-gone"
            assert (await desktop.event("offer.revoked"))["data"]["cause"] == "customer_left"

    async def test_an_offer_that_no_desktop_shows_goes_on_without_blame(
        self, center: Center, api: Api
    ) -> None:
        center.limits = type(center.limits)(undelivered_seconds=0.3)
        li, han = center.agents["li"], center.agents["han"]
        async with center.routed(), api.desktop(li, show=False) as blind, api.desktop(han) as desktop:
            await center.choose("li", Presence.AVAILABLE)
            waiting = await center.queue()
            first = (await blind.event("offer.created"))["data"]
            await center.choose("han", Presence.AVAILABLE)
            await desktop.event("offer.created", interaction_id=str(waiting))
            offer = await center.settled(first["offer_id"])
            assert (offer.state, offer.cause) == (OfferState.REVOKED, "undelivered")
            assert (await center.agent("li")).presence == Presence.AVAILABLE

    async def test_others_work_is_not_for_an_agent(self, center: Center, api: Api) -> None:
        li, wang = center.agents["li"], center.agents["wang"]
        async with center.routed(), api.desktop(li) as desktop, api.desktop(wang) as colleague:
            await center.choose("li", Presence.AVAILABLE)
            waiting = await center.queue()
            await desktop.event("offer.created")
            await center.work(waiting, lambda work: work.customer_left())
            await desktop.event("interaction.changed", id=str(waiting), state=State.ABANDONED.value)
            await center.choose("wang", Presence.BREAK, "lunch")
            await colleague.event("agent.changed", presence="break")
            assert {frame["entity"] for frame in colleague.frames} == {f"agent/{wang.id}"}


class TestResume:
    async def test_at_another_process_what_was_missed_comes_first(
        self, center: Center, api: Api, tmp_path: Path
    ) -> None:
        li = center.agents["li"]
        async with api.desktop(li) as desktop:
            await center.choose("li", Presence.AVAILABLE)
            cursor = (await desktop.event("agent.changed", presence="available"))["cursor"]
        await center.choose("li", Presence.BREAK, "lunch")
        async with open_api(center, tmp_path) as second, second.desktop(li, cursor) as desktop:
            assert desktop.ready["snapshot"] is None
            frame = await desktop.event("agent.changed", presence="break")
            assert frame["n"] == 1 or desktop.frames[0]["n"] == 1
            await center.choose("li", Presence.AVAILABLE)
            await desktop.event("agent.changed", presence="available")
            seen = [(frame["entity"], frame["version"]) for frame in desktop.frames]
            assert len(seen) == len(set(seen))

    async def test_a_cursor_that_nobody_gave_brings_a_snapshot(self, center: Center, api: Api) -> None:
        async with api.desktop(center.agents["li"], "made up") as desktop:
            assert desktop.ready["snapshot"]["me"]["id"] == str(center.agents["li"].id)

    async def test_the_snapshot_holds_open_offers_and_work(self, center: Center, api: Api) -> None:
        li = center.agents["li"]
        async with center.routed():
            async with api.desktop(li) as desktop, api.client(li) as client:
                await center.choose("li", Presence.AVAILABLE)
                taken = (await self._offer(center, desktop))["data"]
                await client.post(f"/v1/offers/{taken['offer_id']}/accept")
                ringing = (await self._offer(center, desktop))["data"]
            async with api.desktop(li) as desktop:
                snapshot = desktop.ready["snapshot"]
                assert [offer["offer_id"] for offer in snapshot["offers"]] == [ringing["offer_id"]]
                assert snapshot["offers"][0]["reason"] == ringing["reason"]
                held = {item["id"]: item["state"] for item in snapshot["interactions"]}
                assert held == {taken["interaction_id"]: "active", ringing["interaction_id"]: "offered"}

    async def _offer(self, center: Center, desktop: Desktop) -> dict[str, Any]:
        await center.queue()
        return await desktop.event("offer.created")


class TestEnd:
    async def test_a_restarting_process_says_so_and_leaves_the_longer_grace(
        self, center: Center, api: Api
    ) -> None:
        async with api.desktop(center.agents["li"]) as desktop:
            await center.choose("li", Presence.AVAILABLE)
            api.server.should_exit = True
            assert await desktop.close_code() == 1012

        async def let_go() -> AgentLease | None:
            leases = await center.leases()
            return next((lease for lease in leases if lease.gone_at is not None), None)

        lease = await eventually(let_go)
        assert lease is not None and lease.gone_at is not None
        assert 29 < (lease.expires_at - lease.gone_at).total_seconds() <= 30.1
        agent = await center.agent("li")
        assert (agent.signed_in, agent.presence) == (False, Presence.AVAILABLE)

    async def test_a_desktop_that_does_not_read_is_dropped_and_nothing_is_left_out(
        self, center: Center, api: Api
    ) -> None:
        li = center.agents["li"]
        async with api.desktop(li, max_queue=1, compression=None) as desktop:
            sent = [await self._big_event(center, li) for _ in range(60)]

            async def let_go() -> bool:
                return any(lease.gone_at for lease in await center.leases())

            await eventually(let_go, seconds=20)
            assert await desktop.close_code() == 4008
            read = [UUID(f["data"]["id"]) for f in desktop.frames if "much" in f["data"]]
            assert read == sent[: len(read)]
            assert [frame["n"] for frame in desktop.frames] == list(range(1, len(desktop.frames) + 1))
            assert len(read) < len(sent)

    async def _big_event(self, center: Center, agent: Agent) -> UUID:
        event_id = new_id()
        event = AgentChanged(
            entity=f"agent/{agent.id}",
            version=1,
            agent_ids=(agent.id,),
            agent_id=agent.id,
            data={"id": str(event_id), "much": "x" * 200_000, "teams": agent.teams},
        )
        async with center.api.transaction(center.tenant_id) as session:
            append(session, event, key=str(agent.id))
        return event_id
