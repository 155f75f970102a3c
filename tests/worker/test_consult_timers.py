"""Who is consulted does nothing: the first agent is told, the customer still on hold (SEMANTICS §1.1)."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, text

from app.events import ConsultEnded
from interactions.life.desk import Desk
from models import Segment
from models.agent import Presence
from models.leg import Leg, LegState
from models.offer import Offer, OfferState
from tests.worker.center import Center
from tests.worker.test_timers import active, sweep


async def asked(center: Center) -> tuple[UUID, Offer]:
    """Li has a call on hold and asks han, whose desktop shows it."""
    call = await active(center, "voice")
    await center.sign_in("han")
    async with center.api.transaction(center.tenant_id) as session:
        desk, work = await Desk.one(session, center.tenant_id, call, [center.agents["han"].id])
        work.hold()
        han = desk.agents[center.agents["han"].id]
        offer = work.consult_agent(han, 100, desk.now + timedelta(seconds=20), queue="billing")
        offer.shown_at = desk.now
        await desk.save()
    return call, offer


async def live_legs(center: Center, call: UUID) -> list[tuple[UUID, str]]:
    found = await center.rows(select(Leg).where(Leg.interaction_id == call, Leg.state != LegState.ENDED))
    return [(leg.agent_id, leg.state) for leg in found]


async def consults_ended(center: Center) -> list[ConsultEnded]:
    query = text("SELECT data FROM event_log WHERE type = :type").bindparams(type=ConsultEnded.type)
    async with center.api.read(center.tenant_id) as session:
        return [ConsultEnded.model_validate_json(data) for data in await session.scalars(query)]


async def test_an_offer_that_is_ignored_ends_with_its_deadline(center: Center) -> None:
    call, offer = await asked(center)
    await center.shorten(offer.id)
    assert await sweep(center) == ["call"]
    assert (await center.settled(offer.id)).state == OfferState.MISSED
    assert await live_legs(center, call) == [(center.agents["li"].id, LegState.HELD)]
    han = await center.agent("han")
    assert (han.units_held, han.presence, han.presence_reason) == (0, Presence.NOT_RESPONDING, "missed")
    [hold] = await center.rows(select(Segment).where(Segment.interaction_id == call, Segment.kind == "hold"))
    assert hold.ended_at is None, "the customer still waits"
    [told] = await consults_ended(center)
    assert (told.agent_ids, told.whom, told.cause) == ((center.agents["li"].id,), han.name, "missed")
    assert await sweep(center) == []


async def test_not_before(center: Center) -> None:
    call, offer = await asked(center)
    assert await sweep(center) == []
    assert len(await live_legs(center, call)) == 2
    assert [row.id for row in await center.open_offers(call)] == [offer.id]
