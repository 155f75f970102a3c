"""One message: what was said to its platform, sending it again, and the identity numbers that are masked in
it."""

from typing import Any
from uuid import UUID

from fastapi import status
from pydantic import BaseModel, Field

from app.access import Permission
from app.errors import IllegalTransition, Invalid, NotFound, ReplyWindowClosed
from app.problems import problems
from interactions.agents import revealing
from interactions.agents.resending import resend
from models.exchange import Exchange
from models.touch import Touch
from routers.deps import (
    CurrentAgent,
    CurrentPrincipal,
    ReadTransaction,
    Services,
    Transaction,
    api_router,
    needs,
)

SHOWN_MAX = 200


class RevealIn(BaseModel):
    """Why; it stands in the audit."""

    reason: str = Field(min_length=1, max_length=500)


class RevealedNumber(BaseModel):
    masked: str
    number: str


class RevealedOut(BaseModel):
    items: list[RevealedNumber]


router = api_router("/v1/touches/{touch_id}", Permission.WORK, tags=["interactions"])


@router.get("/exchanges", dependencies=[needs(Permission.ADMINISTER)], responses=problems(NotFound))
async def list_exchanges(
    touch_id: UUID, session: ReadTransaction, principal: CurrentPrincipal
) -> dict[str, Any]:
    """The requests that sent it and their answers, newest first, without secrets and card numbers; of a call
    its commands. Kept 14 days."""
    touch = await session.get(Touch, (principal.tenant_id, touch_id))
    if touch is None:
        raise NotFound("There is no such touch.")
    if touch.kind == "call" and touch.interaction_id is not None:
        found = await Exchange.of_call(session, touch.interaction_id, SHOWN_MAX)
    else:
        found = await Exchange.of_touch(session, touch_id, SHOWN_MAX)
    return {"items": [exchange.item() for exchange in found], "next_cursor": None}


@router.post(
    "/resend",
    status_code=status.HTTP_202_ACCEPTED,
    responses=problems(NotFound, IllegalTransition, ReplyWindowClosed),
)
async def send_again(
    touch_id: UUID, me: CurrentAgent, session: Transaction, container: Services
) -> dict[str, Any]:
    """Send a message that has failed once more; the touch, on its way."""
    return await resend(session, me, container.endpoints, touch_id)


@router.post(
    "/reveal", dependencies=[needs(Permission.IDENTITY_REVEAL)], responses=problems(NotFound, Invalid)
)
async def reveal(
    touch_id: UUID, body: RevealIn, me: CurrentAgent, session: Transaction, container: Services
) -> RevealedOut:
    """The identity numbers that are masked in it. Who saw them, when and why, is audited."""
    found = await revealing.reveal(session, me, container.cipher, touch_id, body.reason)
    return RevealedOut(items=[RevealedNumber(**one) for one in found])
