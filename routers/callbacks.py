"""Callbacks: the customer hangs up and keeps the place, or is called at a later time (API §3)."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel

from app.access import Permission
from app.errors import IllegalTransition, Invalid, NoCallControl, NotFound
from app.problems import problems
from interactions.agents import lookup
from interactions.agents.callback_requests import CallbackRequests
from routers.customers import AddressIn
from routers.deps import CurrentAgent, Moment, Services, Transaction, api_router

router = api_router("/v1/interactions", Permission.WORK, tags=["interactions"])


class CallbackIn(BaseModel):
    """`at`: not before then; left out: when an agent is there. `address`: the number to call, where it is not
    the one that they called from, nor the customer's first. Both wait for the calling hours."""

    at: Moment | None = None
    address: AddressIn | None = None


@router.post(
    "/{interaction_id}/callback", responses=problems(NotFound, IllegalTransition, NoCallControl, Invalid)
)
async def arrange_callback(
    interaction_id: UUID, wish: CallbackIn, agent: CurrentAgent, session: Transaction, container: Services
) -> dict[str, Any]:
    """The interaction that is the callback: this one while its caller waits, else a new one that follows."""
    requests = CallbackRequests(session, agent, container.policies)
    address = None if wish.address is None else wish.address.address()
    return await lookup.one(session, await requests.arrange(interaction_id, wish.at, address))
