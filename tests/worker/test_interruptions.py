"""A call may come on top of a mail, which is held until the call is wrapped up (SEMANTICS §1.3)."""

from collections.abc import AsyncIterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from app.access import AgentPrincipal
from app.clock import new_id
from app.setup.model import Document
from app.setup.policy import policy_document
from app.setup.service import published_policy
from interactions.calls.consult import Consults
from interactions.life.work import Work, WrapUp
from models import Agent, Endpoint, Policy, Segment
from models.leg import Leg, LegState
from models.offer import Offer, OfferState
from tests.waiting import eventually
from tests.worker.center import SETUP, Center

WRAP_UP = WrapUp("optional")


@pytest.fixture
async def interrupting(center: Center) -> AsyncIterator[Center]:
    """Version 2: calls interrupt mails."""
    document = Document.model_validate({**deepcopy(SETUP), "work": {"interrupts": {"voice": ["email"]}}})
    published = published_policy(policy_document(document), document)
    async with center.api.transaction(center.tenant_id) as session:
        session.add(Policy(tenant_id=center.tenant_id, version=2, document=published, digest="2"))
    yield center


async def writes(center: Center) -> UUID:
    """Li has a mail in hand."""
    mail = await center.queue("email")
    await center.offered(mail, "li")
    await accept(center, mail)
    return mail


async def accept(center: Center, interaction_id: UUID) -> None:
    await center.work(interaction_id, lambda work: work.accept(connect_seconds=None))


async def consults(center: Center, call: UUID, who: str, whom: str) -> None:
    async with center.api.transaction(center.tenant_id) as session:
        (await session.get_one(Endpoint, center.voice.id)).controls_calls = True
        await session.flush()
        row, until = center.agents[who], datetime.now(UTC) + timedelta(hours=1)
        agent = AgentPrincipal(center.tenant_id, row.id, row.email, row.name, ("agent",), new_id(), until)
        await Consults(session, agent, center.policies).with_agent(call, center.agents[whom].email)


async def leg_becomes(center: Center, interaction_id: UUID, state: LegState) -> None:
    async def found() -> bool:
        [leg] = await center.rows(select(Leg).where(Leg.interaction_id == interaction_id))
        return bool(leg.state == state)

    await eventually(found)


async def wrap_up_ends(center: Center, interaction_id: UUID) -> None:
    def finish(work: Work) -> None:
        leg = work.wrapping_leg(center.agents["li"].id)
        assert leg is not None
        work.finish_wrap_up(leg, None)

    await center.work(interaction_id, finish)


async def test_the_mail_is_held_while_the_agent_talks_and_wraps_up(interrupting: Center) -> None:
    center = interrupting
    await center.sign_in("li")
    async with center.routed():
        mail = await writes(center)
        call = await center.queue("voice")
        await center.offered(call, "li")
        agent = await center.agent("li")
        assert (agent.units_held, agent.units_excess) == (120, 20)
        await leg_becomes(center, mail, LegState.ACTIVE)
        await accept(center, call)
        await leg_becomes(center, mail, LegState.HELD)
        await center.work(call, lambda work: work.end_contact("customer", "normal", WRAP_UP))
        await leg_becomes(center, call, LegState.WRAP_UP)
        await leg_becomes(center, mail, LegState.HELD)
        await wrap_up_ends(center, call)
        await leg_becomes(center, mail, LegState.ACTIVE)
    [held] = await center.rows(select(Segment).where(Segment.interaction_id == mail, Segment.kind == "hold"))
    assert held.outcome == "resumed"
    agent = await center.agent("li")
    assert (agent.units_held, agent.units_excess) == (20, 0)


async def test_held_units_still_count_for_more_mails(interrupting: Center) -> None:
    center = interrupting
    await center.sign_in("li")
    async with center.routed():
        await writes(center)
        await center.offered(await center.queue("voice"), "li")
        more = await center.queue("email")
        await center.sign_in("han")
        await center.offered(more, "han")


async def test_a_held_mail_may_be_closed(interrupting: Center) -> None:
    center = interrupting
    await center.sign_in("li")
    async with center.routed():
        mail = await writes(center)
        call = await center.queue("voice")
        await center.offered(call, "li")
        await accept(center, call)
        await leg_becomes(center, mail, LegState.HELD)
        await center.work(mail, lambda work: work.end_contact("agent", "closed", None))
    agent = await center.agent("li")
    assert (agent.units_held, agent.units_excess) == (100, 0)


async def test_where_nothing_interrupts_the_call_waits(center: Center) -> None:
    await center.sign_in("li")
    async with center.routed():
        await writes(center)
        call = await center.queue("voice")
        await center.offered(await center.queue("email"), "li")  # decided after the call was looked at
        assert not await center.open_offers(call)


async def test_what_is_accepted_beside_the_call_goes_on(interrupting: Center) -> None:
    center = interrupting
    async with center.api.transaction(center.tenant_id) as session:
        (await session.get_one(Agent, center.agents["li"].id)).units_max = 140
    await center.sign_in("li")
    async with center.routed():
        before = await writes(center)
        call = await center.queue("voice")
        await center.offered(call, "li")
        await accept(center, call)
        beside = await writes(center)
        await leg_becomes(center, before, LegState.HELD)
        [leg] = await center.rows(select(Leg).where(Leg.interaction_id == beside))
        assert leg.state == LegState.ACTIVE


async def test_a_consult_comes_on_top_of_mails_too(interrupting: Center) -> None:
    center = interrupting
    await center.sign_in("han")
    async with center.routed():
        call = await center.queue("voice")
        await center.offered(call, "han")
        await accept(center, call)
        await center.sign_in("li")
        mail = await writes(center)
        await consults(center, call, "han", "li")
        await leg_becomes(center, mail, LegState.ACTIVE)
        agent = await center.agent("li")
        assert (agent.units_held, agent.units_excess) == (120, 20)
        await accept(center, call)
        await leg_becomes(center, mail, LegState.HELD)
        await center.work(call, lambda work: work.end_consult("returned"))
        await leg_becomes(center, mail, LegState.ACTIVE)
    agent = await center.agent("li")
    assert (agent.units_held, agent.units_excess) == (20, 0)
    [offer] = await center.rows(select(Offer).where(Offer.agent_id == agent.id, Offer.channel == "voice"))
    assert offer.state == OfferState.ACCEPTED
