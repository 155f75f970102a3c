"""Tasks: work that no customer brought (API §3)."""

from typing import Any

import pytest

from tests.interactions.office import Office

TASK = {"queue": "billing", "title": "Check invoice 7", "text": "The sums differ.\nCall the bank."}


async def create(office: Office, who: str = "li", **facts: Any) -> dict[str, Any]:
    answer = await office.post(who, "/tasks", {**TASK, **facts})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


class TestANewTask:
    async def test_waits_in_its_queue_without_endpoint_or_address(self, office: Office) -> None:
        task = await create(office)
        shown = {name: task[name] for name in ("state", "channel", "queue", "subject", "tier", "due_at")}
        assert shown == {
            "state": "queued",
            "channel": "task",
            "queue": "billing",
            "subject": TASK["title"],
            "tier": "standard",
            "due_at": None,
        }
        assert (task["endpoint"], task["address"], task["customer"]) == (None, None, None)
        assert [(s["kind"], s["entry_kind"]) for s in task["segments"]] == [("queue", "new")]

    async def test_says_what_is_to_be_done_in_its_conversation(self, office: Office) -> None:
        task = await create(office)
        [touch] = (await office.get("li", f"/interactions/{task['id']}/touches"))["items"]
        assert (touch["direction"], touch["subject"], touch["text"]) == (
            "internal",
            TASK["title"],
            TASK["text"],
        )
        assert touch["author"]["id"] == str(office.agent_id("li"))

    async def test_is_shown_with_its_promise(self, office: Office) -> None:
        task = await create(office, due_at="2026-12-01T18:00:00+08:00")
        assert task["due_at"] == "2026-12-01T10:00:00.000Z"

    async def test_stands_on_the_customers_timeline_and_has_their_tier(self, office: Office) -> None:
        wanted = {"name": "王芳", "tier": "platinum"}
        customer = (await office.post("li", "/customers", wanted)).json()
        task = await create(office, customer_id=customer["id"])
        assert (task["customer"]["name"], task["tier"]) == ("王芳", "platinum")
        timeline = await office.get("li", f"/customers/{customer['id']}/timeline")
        assert [item["interaction_id"] for item in timeline["items"]] == [task["id"]]

    async def test_may_ask_for_more_than_its_queue(self, office: Office) -> None:
        task = await create(office, requirement="agent(han@example.test) or billing>=3", tier="platinum")
        assert task["requirement"] == "agent(han@example.test) or billing >= 3"
        assert task["tier"] == "platinum"

    @pytest.mark.parametrize("who", ["li", "han", "wang"])
    async def test_is_made_by_any_who_works(self, office: Office, who: str) -> None:
        await create(office, who)

    async def test_is_made_by_an_integration(self, office: Office) -> None:
        wish = {"name": "shop", "scopes": ["work"]}
        key = (await office.post("wang", "/api-keys", wish)).json()["key"]
        headers = {"authorization": f"Bearer {key}"}
        answer = await office.client.post("/v1/tasks", json=TASK, headers=headers)
        assert answer.status_code == 201, answer.text
        touches = await office.get("li", f"/interactions/{answer.json()['id']}/touches")
        assert touches["items"][0]["author"] | {"id": None} == {"type": "system", "id": None, "name": "shop"}

    async def test_is_made_once_for_an_idempotency_key(self, office: Office) -> None:
        headers = {**office.tenant.bearer("li"), "idempotency-key": "k"}
        answers = [await office.client.post("/v1/tasks", json=TASK, headers=headers) for _ in range(2)]
        assert answers[0].content == answers[1].content
        assert await office.rows("SELECT count(*) FROM interaction") == [(1,)]


class TestInHand:
    async def test_accepting_answers_it_and_closing_ends_it_without_wrap_up(self, office: Office) -> None:
        task = await create(office)
        taken = (await office.act("li", task["id"], "take")).json()
        assert (taken["state"], taken["answered_at"] is not None) == ("active", True)
        closed = (await office.act("li", task["id"], "close")).json()
        assert (closed["state"], closed["segments"][0]["outcome"]) == ("closed", "answered")
        assert (await office.agent("li")).units_held == 0


class TestAWrongTask:
    @pytest.mark.parametrize(
        ("facts", "field"),
        [
            ({"queue": "nowhere"}, "/queue"),
            ({"requirement": "billing >="}, "/requirement"),
            ({"requirement": "plumbing"}, "/requirement"),
            ({"requirement": "agent(nobody@x.y)"}, "/requirement"),
            ({"tier": "diamond"}, "/tier"),
            ({"customer_id": "018f0000-0000-7000-8000-000000000000"}, "/customer_id"),
            ({"title": "\n"}, "/title"),
            ({"title": ""}, "/title"),
            ({"text": ""}, "/text"),
            ({"due_at": "2026-12-01T18:00:00"}, "/due_at"),
            ({"due_at": "soon"}, "/due_at"),
        ],
    )
    async def test_is_refused_by_name(self, office: Office, facts: dict[str, Any], field: str) -> None:
        answer = await office.post("li", "/tasks", {**TASK, **facts})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, field)
        assert await office.rows("SELECT count(*) FROM interaction") == [(0,)]
