"""Offers: accept and decline (API §3). That one is shown comes on the stream."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from app.access import Permission
from app.errors import IllegalTransition, Invalid, NotFound, OfferGone
from app.problems import problems
from interactions.agents import lookup, offers
from routers.deps import CurrentAgent, Services, Transaction, api_router

router = api_router("/v1/offers", Permission.WORK, tags=["offers"])


class DeclineIn(BaseModel):
    reason: str | None = Field(default=None, max_length=200)


class DeclineOut(BaseModel):
    offer_id: UUID
    state: str = "declined"


@router.post("/{offer_id}/accept", responses=problems(NotFound, OfferGone, IllegalTransition))
async def accept_offer(
    offer_id: UUID, me: CurrentAgent, session: Transaction, container: Services
) -> dict[str, Any]:
    """Take the interaction; 409 with the cause when the offer ran out or was revoked."""
    x = await offers.accept(session, me.tenant_id, offer_id, me.id, container.policies)
    return await lookup.one(session, x.id)


@router.post("/{offer_id}/decline", responses=problems(NotFound, OfferGone, Invalid))
async def decline_offer(
    offer_id: UUID, wish: DeclineIn, me: CurrentAgent, session: Transaction, container: Services
) -> DeclineOut:
    """Leave it to somebody else, as far as the queue allows that."""
    await offers.decline(session, me.tenant_id, offer_id, me.id, wish.reason, container.policies)
    return DeclineOut(offer_id=offer_id)
