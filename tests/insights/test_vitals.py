"""Whether routing keeps its laws, as supervisors' tools and the operator's monitoring read it."""

from typing import Any

from models.vitals import Found, RoutingVitals
from tests.interactions.office import Office


def queue(*lapsed: str, oldest_us: int | None = None, alarm: str | None = None) -> dict[str, Any]:
    return {
        "agents": 2,
        "not_responding": list(lapsed),
        "oldest_eligible_us": oldest_us,
        "alarm_since": alarm,
    }


async def keep(office: Office, **queues: dict[str, Any]) -> None:
    """What the worker leaves."""
    found = Found(breach_us=1_500_000, overtakes=1, double_legs=0, oldest_eligible_us=9_000_000)
    async with office.container.database.transaction(office.tenant.id) as session:
        await RoutingVitals.keep(session, office.tenant.id, found, queues)


class TestRoutingHealth:
    async def test_before_any_worker_has_looked(self, office: Office) -> None:
        found = await office.get("wang", "/health/routing")
        assert found == {"checked_at": None, "current": False, "queues": []}

    async def test_the_last_look(self, office: Office) -> None:
        li, since = str(office.agent_id("li")), "2026-11-22T12:00:00.000Z"
        await keep(office, billing=queue(li, oldest_us=9_000_000, alarm=since), sales=queue())
        found = await office.get("wang", "/health/routing")
        assert (found["current"], found["breach_seconds"], found["overtakes"]) == (True, 1.5, 1)
        assert (found["oldest_eligible_waiting_seconds"], found["not_responding"]) == (9, 1)
        assert [row["queue"] for row in found["queues"]] == ["billing", "sales"]
        assert found["queues"][0]["not_responding"] == [{"id": li, "name": "Li"}]
        assert found["queues"][0]["alarm_since"] == since

    async def test_a_supervisor_sees_their_queues(self, office: Office) -> None:
        await keep(office, billing=queue(), sales=queue(str(office.agent_id("li")), oldest_us=9_000_000))
        found = await office.get("han", "/health/routing")
        assert [row["queue"] for row in found["queues"]] == ["billing"]
        assert (found["not_responding"], found["oldest_eligible_waiting_seconds"]) == (0, None)

    async def test_a_worker_that_does_not_look_any_more(self, office: Office) -> None:
        await keep(office, billing=queue())
        await office.run("UPDATE routing_vitals SET checked_at = checked_at - interval '11 s'")
        assert (await office.get("wang", "/health/routing"))["current"] is False

    async def test_not_for_agents(self, office: Office) -> None:
        answer = await office.client.get("/v1/health/routing", headers=office.tenant.bearer("li"))
        assert answer.status_code == 403

    async def test_prometheus_reads_it_from_any_api_process(self, office: Office) -> None:
        await keep(office, billing=queue(str(office.agent_id("li"))))
        lines = (await office.client.get("/metrics")).text.splitlines()
        assert "touchpoint_routing_breach_seconds 1.5" in lines
        assert "touchpoint_routing_overtakes 1.0" in lines
        assert "touchpoint_routing_not_responding 1.0" in lines
