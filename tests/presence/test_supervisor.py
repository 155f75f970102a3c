"""A supervisor sets an agent's presence."""

from pathlib import Path

from sqlalchemy import select

from models.agent import Agent, Presence
from models.audit import Audit
from models.offer import OfferState
from tests.stream.desktops import open_api
from tests.worker.center import Center


async def test_a_break_set_by_a_supervisor_revokes_what_rings_and_is_audited(
    center: Center, tmp_path: Path
) -> None:
    han = center.agents["han"]
    async with center.api.transaction(center.tenant_id) as session:
        (await session.get_one(Agent, han.id)).roles = ["supervisor"]
    han.roles = ["supervisor"]
    await center.sign_in("li")
    async with open_api(center, tmp_path) as api, center.routed(), api.client(han) as client:
        offer = await center.offered(await center.queue())
        path = "/v1/agents/li@acme.test/presence"
        wrong = await client.put(path, json={"status": "break", "reason_code": "golf"})
        assert wrong.status_code == 422
        answer = await client.put(path, json={"status": "break", "reason_code": "lunch"})
        assert (answer.status_code, answer.json()["status"]) == (200, "break")
        assert (await center.settled(offer.id)).state == OfferState.REVOKED
    assert (await center.agent("li")).presence == Presence.BREAK
    [audit] = await center.rows(select(Audit))
    assert (audit.action, audit.details) == ("set_presence", {"status": "break", "reason_code": "lunch"})
