"""What supervisors do to work and agents, over HTTP: each is audited, and stays within what they steer."""

from typing import Any

import pytest
from sqlalchemy import select

from app.clock import new_id
from interactions.life.work import WrapUp
from models import Audit
from tests.interactions.office import Office


async def audited(office: Office) -> list[tuple[str, dict[str, Any]]]:
    async with office.container.database.read(office.tenant.id) as session:
        return [(row.action, row.details) for row in await session.scalars(select(Audit).order_by(Audit.id))]


class TestReassign:
    @pytest.mark.parametrize("state", ["waiting", "offered", "held"])
    async def test_straight_to_an_agent_capacity_or_not(self, office: Office, state: str) -> None:
        await office.set_agent("wang", units_max=10)
        chat = await getattr(office, state)()
        answer = await office.act("han", chat, "reassign", {"agent": "wang@example.test"})
        assert (answer.status_code, answer.json()["state"]) == (200, "active")
        wang, li = await office.agent("wang"), await office.agent("li")
        assert (wang.units_held, wang.units_excess, li.units_held) == (33, 23, 0)
        assert await audited(office) == [("reassign", {"agent_id": str(wang.id)})]

    async def test_to_another_queue_drops_whom_it_was_to_come_back_to(self, office: Office) -> None:
        mail = await office.held("li", "email")
        await office.act("li", mail, "park", {})
        moved = (await office.act("han", mail, "reassign", {"queue": "sales"})).json()
        assert (moved["state"], moved["queue"], moved["parked_for"]) == ("queued", "sales", None)
        assert await office.rows("SELECT preferred_agent_id FROM interaction") == [(None,)]

    async def test_what_waited_flows_out_of_its_queue(self, office: Office) -> None:
        chat = await office.waiting(version=1)
        moved = (await office.act("han", chat, "reassign", {"queue": "sales"})).json()
        assert moved["policy_version"] == 2
        assert [s["outcome"] for s in moved["segments"]] == ["flowed_out", None]

    @pytest.mark.parametrize("state", ["waiting", "offered"])
    async def test_back_to_its_own_queue_it_waits_on(self, office: Office, state: str) -> None:
        chat = await getattr(office, state)()
        before = await office.interaction(chat)
        after = (await office.act("han", chat, "reassign", {})).json()
        assert (after["state"], after["queued_at"]) == ("queued", before["queued_at"])
        entries = [s for s in after["segments"] if s["kind"] == "queue"]
        assert [(s["entry_kind"], s["ended_at"]) for s in entries] == [("new", None)]
        assert (await office.agent("li")).units_held == 0

    async def test_a_wrap_up_is_passed_on(self, office: Office) -> None:
        chat = await office.held()
        await office.act("li", chat, "end")
        passed = (await office.act("han", chat, "reassign", {"agent": "wang@example.test"})).json()
        assert (passed["state"], (await office.agent("li")).units_held) == ("wrap_up", 0)
        assert [leg["state"] for leg in passed["legs"]] == ["ended", "wrap_up"]
        assert await audited(office) == [("reassign", {"agent_id": str(office.agent_id("wang"))})]
        done = await office.act("wang", chat, "wrap-up", {"disposition": "solved"})
        assert (done.json()["state"], (await office.agent("wang")).units_held) == ("closed", 0)

    async def test_to_the_one_who_has_it_already_and_more_than_they_can_hold(self, office: Office) -> None:
        """What was forced on them stays an excess; it was forgotten with the first leg."""
        call = await office.held("li", "voice")
        await office.run("UPDATE agent SET units_held = 140, units_excess = 40 WHERE email LIKE 'li@%'")
        await office.change(
            call, lambda desk, work: work.end_contact("customer", "normal", WrapUp("optional"))
        )
        answer = await office.act("han", call, "reassign", {"agent": "li@example.test"})
        assert answer.status_code == 200, answer.text
        li = await office.agent("li")
        assert (li.units_held, li.units_excess) == (140, 40)

    async def test_a_wrap_up_that_nobody_finishes_is_closed(self, office: Office) -> None:
        chat = await office.held()
        await office.act("li", chat, "end")
        closed = (await office.act("han", chat, "reassign", {"queue": "sales"})).json()
        assert (closed["state"], closed["queue"], closed["disposition"]) == ("closed", "sales", None)
        assert (await office.agent("li")).units_held == 0

    @pytest.mark.parametrize(
        "state",
        [
            *("queued", "offered", "connecting", "held", "parked", "wrap_up"),
            *("self_service", "scheduled", "callback_waiting"),
        ],
    )
    async def test_in_every_state_that_lives(self, office: Office, state: str) -> None:
        await office.phone("li")
        if state in ("parked", "wrap_up"):
            work = await office.held()
            await office.act("li", work, "park" if state == "parked" else "end", {})
        elif state == "connecting":
            work = await office.waiting("voice")
            await office.act("li", work, "take")
        elif state in ("offered", "held"):
            work = await getattr(office, state)()
        else:
            work = await office.waiting()
            await office.run("UPDATE interaction SET state = :state", state=state)
        assert (await office.act("han", work, "prioritise", {"boost_seconds": 60})).status_code == 200
        answer = await office.act("han", work, "reassign", {"queue": "sales"})
        assert answer.status_code == 200, answer.text
        assert (await office.agent("li")).units_held == 0
        assert [action for action, _ in await audited(office)] == ["prioritise", "reassign"]

    async def test_a_call_that_is_only_watched_stays_where_it_is(self, office: Office) -> None:
        call = await office.held("li", "voice")
        await office.watch_only()
        answer = await office.act("han", call, "reassign", {"agent": "wang@example.test"})
        assert answer.json()["type"] == "/problems/no-call-control"

    async def test_a_call_needs_a_phone(self, office: Office) -> None:
        call = await office.waiting("voice")
        wish = {"agent": "wang@example.test"}
        assert (await office.act("han", call, "reassign", wish)).status_code == 422
        await office.phone("wang")
        assert (await office.act("han", call, "reassign", wish)).json()["state"] == "connecting"

    @pytest.mark.parametrize("wish", [{"queue": "nowhere"}, {"agent": "nobody@example.test"}])
    async def test_to_what_is_not_there(self, office: Office, wish: dict[str, str]) -> None:
        answer = await office.act("han", await office.waiting(), "reassign", wish)
        assert answer.status_code in (404, 422)


class TestForceClose:
    @pytest.mark.parametrize("state", ["waiting", "offered", "held"])
    async def test_frees_the_units_whatever_the_state(self, office: Office, state: str) -> None:
        chat = await getattr(office, state)()
        closed = (await office.act("han", chat, "force-close", {"reason": "stuck"})).json()
        assert (closed["state"], (await office.agent("li")).units_held) == ("closed", 0)
        assert await audited(office) == [("force_close", {"reason": "stuck"})]
        assert (await office.act("han", chat, "force-close")).status_code == 409

    async def test_of_a_wrap_up_and_of_parked_work(self, office: Office) -> None:
        chat, mail = await office.held(), await office.held("li", "email")
        await office.act("li", chat, "end")
        await office.act("li", mail, "park", {})
        for work in (chat, mail):
            assert (await office.act("han", work, "force-close")).json()["state"] == "closed"
        assert (await office.agent("li")).units_held == 0


class TestSteering:
    async def test_a_supervisor_steers_the_queues_of_their_teams(self, office: Office) -> None:
        foreign = await office.waiting(queue="sales")
        for action, body in (
            ("force-close", {}),
            ("prioritise", {"boost_seconds": 9}),
            ("reassign", {"queue": "billing"}),
        ):
            refused = await office.act("han", foreign, action, body)
            unknown = await office.act("han", new_id(), action, body)
            assert refused.status_code == unknown.status_code == 404
            assert refused.json() == unknown.json()
        assert (await office.act("wang", foreign, "prioritise", {"boost_seconds": 9})).status_code == 200

    async def test_and_the_agents_of_their_teams(self, office: Office) -> None:
        await office.set_agent("li", teams=["sales"])
        seen = await office.get("han", "/agents/states")
        assert {item["email"] for item in seen["items"]} == {"han@example.test", "wang@example.test"}
        headers = office.tenant.bearer("han")
        for method, path, body in (
            ("PATCH", "/v1/agents/li@example.test", {"skills": {"billing": 1}}),
            ("PUT", "/v1/agents/li@example.test/presence", {"status": "offline"}),
        ):
            answer = await office.client.request(method, path, json=body, headers=headers)
            assert answer.status_code == 404
        assert len((await office.get("wang", "/agents/states"))["items"]) == 3

    @pytest.mark.parametrize(
        ("patch", "pointer"),
        [
            ({"skills": {"juggling": 3}}, "/skills"),
            ({"teams": ["nowhere"]}, "/teams"),
            ({"channels": ["smoke"]}, "/channels"),
        ],
    )
    async def test_an_agent_gets_only_what_there_is(
        self, office: Office, patch: dict[str, Any], pointer: str
    ) -> None:
        headers = office.tenant.bearer("han")
        answer = await office.client.patch("/v1/agents/li@example.test", json=patch, headers=headers)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)

    async def test_a_lowered_maximum_leaves_an_excess_that_a_raised_one_takes_back(
        self, office: Office
    ) -> None:
        await office.held()
        headers = office.tenant.bearer("han")
        for units, excess in ((20, 13), (100, 0)):
            patch = {"capacity": {"units": units}}
            answer = await office.client.patch("/v1/agents/li@example.test", json=patch, headers=headers)
            assert answer.status_code == 200, answer.text
            assert (await office.agent("li")).units_excess == excess
