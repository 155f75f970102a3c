"""Interactions in lists and in full, and what the agent who holds one does with it (API §3)."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Query, status
from pydantic import BaseModel, Field

from app.access import Permission
from app.errors import IllegalTransition, Invalid, NoCallControl, NoRoom, NotFound
from app.problems import problems
from interactions.agents import lookup
from interactions.agents.actions import Actions
from interactions.agents.directory import directory
from models.interaction import State
from routers.consults import To
from routers.deps import (
    CurrentAgent,
    CurrentPrincipal,
    Moment,
    ReadTransaction,
    Services,
    Transaction,
    api_router,
)

router = api_router("/v1", Permission.WORK, tags=["interactions"])

Text = Annotated[str, Field(max_length=20_000)]
MOVES = problems(NotFound, IllegalTransition)
ORDERS = problems(NotFound, IllegalTransition, NoCallControl)


class TransferIn(BaseModel):
    to: To
    note: Text | None = None


class ParkIn(BaseModel):
    until: Moment | None = None


class WrapUpIn(BaseModel):
    disposition: str | None = Field(default=None, max_length=63)
    note: Text | None = None


class DigitsIn(BaseModel):
    digits: str = Field(pattern=r"^[0-9A-D*#]{1,32}$")


class CommandOut(BaseModel):
    command_id: UUID | None


def actions_of(session: Transaction, agent: CurrentAgent, container: Services) -> Actions:
    return Actions(session, agent, container.policies, container.endpoints)


Acts = Annotated[Actions, Depends(actions_of)]


class ListQuery(BaseModel):
    """`agent=me`: what is in my hands, parked work included."""

    state: list[State] = []
    queue: list[str] | None = None
    agent: Literal["me"] | UUID | None = None
    order: Literal["newest", "oldest"] = "newest"
    cursor: UUID | None = None
    limit: int = Field(default=50, ge=1, le=200)


@router.get("/interactions")
async def list_interactions(
    wanted: Annotated[ListQuery, Query()], session: ReadTransaction, agent: CurrentAgent
) -> dict[str, Any]:
    """The newest or the oldest first; without `state`, all that are not over."""
    agent_id = agent.id if wanted.agent == "me" else wanted.agent
    items = await lookup.page(
        session,
        lookup.Wanted(
            wanted.state, wanted.queue, agent_id, wanted.cursor, wanted.limit, wanted.order == "oldest"
        ),
    )
    return {"items": items, "next_cursor": items[-1]["id"] if len(items) == wanted.limit else None}


@router.get("/interactions/{interaction_id}", responses=problems(NotFound))
async def get_interaction(interaction_id: UUID, session: ReadTransaction) -> dict[str, Any]:
    return await lookup.one(session, interaction_id)


@router.post("/interactions/{interaction_id}/hold", status_code=status.HTTP_202_ACCEPTED, responses=ORDERS)
async def hold(interaction_id: UUID, actions: Acts) -> CommandOut:
    """Ask the platform to hold the customer; `held` only on its event."""
    return CommandOut(command_id=await actions.order(interaction_id, "call.hold", "hold"))


@router.post("/interactions/{interaction_id}/resume", status_code=status.HTTP_202_ACCEPTED, responses=ORDERS)
async def resume(interaction_id: UUID, actions: Acts) -> CommandOut:
    return CommandOut(command_id=await actions.order(interaction_id, "call.resume", "resume"))


@router.post("/interactions/{interaction_id}/digits", status_code=status.HTTP_202_ACCEPTED, responses=ORDERS)
async def digits(interaction_id: UUID, wish: DigitsIn, actions: Acts) -> CommandOut:
    command_id = await actions.order(interaction_id, "call.digits", "digits", digits=wish.digits)
    return CommandOut(command_id=command_id)


@router.post(
    "/interactions/{interaction_id}/recording/{step}",
    status_code=status.HTTP_202_ACCEPTED,
    responses=ORDERS,
)
async def record(interaction_id: UUID, step: Literal["pause", "resume"], actions: Acts) -> CommandOut:
    """Keep what is said now (a card number) out of the recording, or record again."""
    command_id = await actions.order(interaction_id, f"recording.{step}", f"recording.{step}")
    return CommandOut(command_id=command_id)


@router.post(
    "/interactions/{interaction_id}/transfer",
    responses=problems(NotFound, IllegalTransition, NoCallControl, Invalid),
)
async def transfer(interaction_id: UUID, wish: TransferIn, actions: Acts) -> dict[str, Any]:
    """Cold: the customer waits again, with their age. To an address outside it is an order: `pending` shows
    it, and the agent keeps the caller until somebody answers there."""
    if wish.to.address is not None:
        await actions.send_away(interaction_id, wish.to.address.dialled, wish.note)
    else:
        await actions.transfer(interaction_id, wish.to.queue, wish.to.agent, wish.note)
    return await lookup.one(actions.session, interaction_id)


@router.post("/interactions/{interaction_id}/park", responses=MOVES)
async def park(interaction_id: UUID, wish: ParkIn, actions: Acts) -> dict[str, Any]:
    """Put digital work aside until a time, or until the customer writes."""
    await actions.park(interaction_id, wish.until)
    return await lookup.one(actions.session, interaction_id)


@router.post("/interactions/{interaction_id}/take", responses=problems(NotFound, IllegalTransition, NoRoom))
async def take(interaction_id: UUID, actions: Acts) -> dict[str, Any]:
    """Pull waiting or parked work from a list."""
    await actions.take(interaction_id)
    return await lookup.one(actions.session, interaction_id)


@router.post("/interactions/{interaction_id}/end", status_code=status.HTTP_202_ACCEPTED, responses=ORDERS)
async def end(interaction_id: UUID, actions: Acts) -> CommandOut:
    """Hang up (a command), or end the chat or mail: wrap-up."""
    return CommandOut(command_id=await actions.end(interaction_id))


@router.post("/interactions/{interaction_id}/close", responses=MOVES)
async def close(interaction_id: UUID, actions: Acts) -> dict[str, Any]:
    """Mail and tasks: done, without wrap-up."""
    await actions.close(interaction_id)
    return await lookup.one(actions.session, interaction_id)


@router.post(
    "/interactions/{interaction_id}/wrap-up", responses=problems(NotFound, IllegalTransition, Invalid)
)
async def wrap_up(interaction_id: UUID, wish: WrapUpIn, actions: Acts) -> dict[str, Any]:
    """Store the disposition and end this agent's part."""
    await actions.wrap_up(interaction_id, wish.disposition, wish.note)
    return await lookup.one(actions.session, interaction_id)


@router.post("/interactions/{interaction_id}/wrap-up/extend", responses=MOVES)
async def extend_wrap_up(interaction_id: UUID, actions: Acts) -> dict[str, Any]:
    """A timeboxed wrap-up may be extended once."""
    await actions.extend_wrap_up(interaction_id)
    return await lookup.one(actions.session, interaction_id)


@router.get("/directory")
async def search_directory(
    session: ReadTransaction,
    caller: CurrentPrincipal,
    container: Services,
    q: str = Query(default="", max_length=100),
) -> dict[str, Any]:
    """Queues, agents and the address book, to transfer to."""
    policy = await container.policies.current(session, caller.tenant_id)
    return await directory(session, policy, q)
