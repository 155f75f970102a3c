"""What an agent does with the work in their hands, over HTTP (API §3)."""

from typing import Any

import pytest

from tests.interactions.office import Office


class TestEnd:
    @pytest.mark.parametrize(("channel", "action"), [("chat", "end"), ("voice", "end"), ("email", "close")])
    async def test_what_merely_rings_is_not_ended(self, office: Office, channel: str, action: str) -> None:
        ringing = await office.offered("li", channel)
        answer = await office.act("li", ringing, action)
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/illegal-transition")
        assert (await office.interaction(ringing))["state"] == "offered"

    async def test_a_chat_ends_in_wrap_up_and_its_disposition_closes_it(self, office: Office) -> None:
        chat = await office.held()
        assert (await office.act("li", chat, "end")).status_code == 202
        refused = await office.act("li", chat, "wrap-up", {})
        assert refused.status_code == 422, "mandatory"
        unknown = await office.act("li", chat, "wrap-up", {"disposition": "bored"})
        assert unknown.json()["errors"][0]["pointer"] == "/disposition"
        closed = await office.act("li", chat, "wrap-up", {"disposition": "solved", "note": "told them"})
        assert (closed.json()["state"], closed.json()["disposition"]) == ("closed", "solved")
        assert (await office.agent("li")).units_held == 0

    async def test_a_mail_is_closed_without_wrap_up(self, office: Office) -> None:
        mail = await office.held("li", "email")
        closed = (await office.act("li", mail, "close")).json()
        assert (closed["state"], closed["segments"][0]["outcome"]) == ("closed", "ended_by_us")
        assert (await office.agent("li")).units_held == 0

    async def test_a_conversation_is_ended_not_closed(self, office: Office) -> None:
        assert (await office.act("li", await office.held(), "close")).status_code == 409

    async def test_only_by_who_holds_it(self, office: Office) -> None:
        assert (await office.act("han", await office.held("li"), "end")).status_code == 409


class TestTransfer:
    async def test_to_a_queue_that_a_newer_policy_brought(self, office: Office) -> None:
        chat = await office.held(version=1)
        moved = (await office.act("li", chat, "transfer", {"to": {"queue": "sales"}, "note": "hi"})).json()
        assert (moved["state"], moved["queue"], moved["policy_version"]) == ("queued", "sales", 2)
        entries = [s for s in moved["segments"] if s["kind"] == "queue"]
        assert [(s["queue"], s["entry_kind"], s["outcome"]) for s in entries] == [
            ("billing", "new", "answered"),
            ("sales", "transfer", None),
        ]

    async def test_the_wrap_up_is_that_of_the_queue_in_which_the_agent_served(self, office: Office) -> None:
        chat = await office.held()
        moved = (await office.act("li", chat, "transfer", {"to": {"queue": "sales"}})).json()
        assert [(leg["state"], leg["queue"]) for leg in moved["legs"]] == [("wrap_up", "billing")]
        assert (await office.act("li", chat, "wrap-up", {})).status_code == 422, "billing asks for one"
        done = await office.act("li", chat, "wrap-up", {"disposition": "complaint"})
        assert done.json()["state"] == "queued", "the customer still waits"
        assert (await office.agent("li")).units_held == 0

    @pytest.mark.parametrize("by_key", [True, False])
    async def test_to_an_agent_by_key_or_id(self, office: Office, by_key: bool) -> None:
        chat = await office.held()
        han = "HAN@example.test" if by_key else str(office.agent_id("han"))
        answer = await office.act("li", chat, "transfer", {"to": {"agent": han}})
        assert answer.status_code == 200, answer.text
        [(preferred,)] = await office.rows("SELECT preferred_agent_id FROM interaction")
        assert preferred == office.agent_id("han")

    @pytest.mark.parametrize(
        "to", [{}, {"queue": "sales", "agent": "han@example.test"}, {"queue": "x"}, {"agent": "nobody@x.y"}]
    )
    async def test_to_nobody_in_particular_or_to_who_is_not_there(
        self, office: Office, to: dict[str, Any]
    ) -> None:
        answer = await office.act("li", await office.held(), "transfer", {"to": to})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"][:3]) == (422, "/to")

    async def test_a_call_is_taken_from_the_agents_phone(self, office: Office) -> None:
        call = await office.held("li", "voice")
        assert (await office.act("li", call, "transfer", {"to": {"queue": "sales"}})).status_code == 200

    async def test_a_call_that_is_only_watched_stays(self, office: Office) -> None:
        call = await office.held("li", "voice")
        await office.watch_only()
        answer = await office.act("li", call, "transfer", {"to": {"queue": "sales"}})
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/no-call-control")


class TestList:
    @pytest.mark.parametrize("order", ["newest", "oldest"])
    async def test_pages_follow_the_order(self, office: Office, order: str) -> None:
        made = [str(await office.waiting()) for _ in range(3)]
        expected = made if order == "oldest" else made[::-1]
        first = await office.get("li", "/interactions", state="queued", order=order, limit=2)
        rest = await office.get("li", "/interactions", order=order, cursor=first["next_cursor"], limit=2)
        assert [item["id"] for item in first["items"] + rest["items"]] == expected


class TestTake:
    async def test_waiting_work(self, office: Office) -> None:
        taken = (await office.act("li", await office.waiting(), "take")).json()
        assert (taken["state"], taken["legs"][0]["state"]) == ("active", "active")

    async def test_not_beyond_the_channels_maximum(self, office: Office) -> None:
        await office.set_agent("li", channel_max={"chat": 1})
        await office.held("li")
        answer = await office.act("li", await office.waiting(), "take")
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/no-room")

    async def test_not_beyond_the_units(self, office: Office) -> None:
        await office.held("li", "voice")
        assert (await office.act("li", await office.waiting(), "take")).status_code == 409

    async def test_not_on_a_channel_that_is_not_theirs(self, office: Office) -> None:
        await office.set_agent("li", channels=["email"])
        assert (await office.act("li", await office.waiting(), "take")).status_code == 409

    async def test_a_call_rings_at_the_agents_phone_first(self, office: Office) -> None:
        call = await office.waiting("voice")
        refused = await office.act("li", call, "take")
        assert refused.status_code == 409 and "phone" in refused.json()["detail"]
        await office.phone("li")
        assert (await office.act("li", call, "take")).json()["state"] == "connecting"

    async def test_parked_work_stays_its_agents(self, office: Office) -> None:
        mail = await office.held("li", "email")
        assert (await office.act("li", mail, "park", {})).json()["state"] == "parked"
        assert (await office.agent("li")).units_held == 0
        assert (await office.act("han", mail, "take")).status_code == 409
        again = (await office.act("li", mail, "take")).json()
        assert (again["state"], again["parked_for"]) == ("active", None)

    async def test_not_what_rings_at_somebody_elses_desk(self, office: Office) -> None:
        assert (await office.act("han", await office.offered("li"), "take")).status_code == 409


class TestWhy:
    async def test_the_interaction_says_how_it_came_here(self, office: Office) -> None:
        chat = await office.held()
        assert (await office.interaction(chat))["why"] == {
            "entry_kind": "new",
            "follows": None,
            "reason": None,
            "explanation": f"/v1/interactions/{chat}/explanation",
        }
        await office.act("li", chat, "transfer", {"to": {"queue": "sales"}})
        assert (await office.interaction(chat))["why"]["entry_kind"] == "transfer"
