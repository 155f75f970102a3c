"""Whom a customer knows is offered their work first (SEMANTICS §1.3, `prefer`)."""

from copy import deepcopy

from sqlalchemy import select

from app.setup.model import Document
from app.setup.policy import policy_document
from app.setup.service import published_policy
from models import Policy
from models.offer import Decision
from tests.worker.center import SETUP, Center


async def prefer_whom_they_know(center: Center) -> None:
    """Version 2."""
    setup = deepcopy(SETUP)
    setup["queues"][0]["prefer"] = {"last_agent": True, "account_team": True, "prefer_seconds": 20.0}
    document = Document.model_validate(setup)
    published = published_policy(policy_document(document), document)
    async with center.api.transaction(center.tenant_id) as session:
        session.add(Policy(tenant_id=center.tenant_id, version=2, document=published, digest="2"))


async def test_the_account_team_comes_before_the_last_agent_and_both_before_who_is_idle(
    center: Center,
) -> None:
    await prefer_whom_they_know(center)
    li, han = center.agents["li"].id, center.agents["han"].id
    await center.sign_in("li")
    await center.sign_in("han")
    async with center.routed():
        first = await center.offered(await center.queue(account_team=[han], recent_agent_id=li))
        second = await center.offered(await center.queue(recent_agent_id=han))
        third = await center.offered(await center.queue())
    assert (first.agent_id, second.agent_id, third.agent_id) == (han, han, li)
    [decision] = await center.rows(select(Decision).where(Decision.offer_id == first.id))
    assert decision.document["reason"] == "preferred"


async def test_who_is_away_is_not_waited_for(center: Center) -> None:
    await prefer_whom_they_know(center)
    await center.sign_in("li")
    async with center.routed():
        offer = await center.offered(await center.queue(account_team=[center.agents["han"].id]))
    assert offer.agent_id == center.agents["li"].id


async def test_what_follows_an_agents_work_is_theirs_first_whatever_the_queue_prefers(center: Center) -> None:
    await center.sign_in("han")
    await center.sign_in("li")
    async with center.routed():
        offer = await center.offered(await center.queue(preferred_agent_id=center.agents["li"].id))
    assert offer.agent_id == center.agents["li"].id
