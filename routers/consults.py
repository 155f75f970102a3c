"""Warm transfer: ask somebody while the customer waits, then complete, return, confer or swap (API §3)."""

from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import Depends, status
from pydantic import BaseModel, Field, model_validator

from app.access import Permission
from app.addresses import phone_address
from app.errors import IllegalTransition, Invalid, NobodyFree, NoCallControl, NotFound
from app.problems import problems
from interactions.agents import lookup
from interactions.calls.consult import Consults
from routers.deps import CurrentAgent, Services, Transaction, api_router

router = api_router("/v1/interactions", Permission.WORK, tags=["interactions"])

ORDERS = problems(NotFound, IllegalTransition, NoCallControl)


class AddressIn(BaseModel):
    """A number or SIP URI that a telephone platform can dial."""

    kind: str = Field(pattern="^(phone|sip|extension|short_code)$")
    value: str = Field(min_length=1, max_length=200)

    @property
    def dialled(self) -> str:
        """Raises Invalid for what nobody could dial."""
        found = phone_address(self.value)
        if found is None:
            message = "no number or SIP URI that could be dialled"
            raise Invalid(message, errors=[{"pointer": "/to/address/value", "message": message}])
        return found.value


class To(BaseModel):
    """One of them: a queue's key, an agent's id or e-mail, or an address outside."""

    queue: str | None = Field(default=None, min_length=1, max_length=63)
    agent: str | None = Field(default=None, min_length=1, max_length=254)
    address: AddressIn | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if [self.queue, self.agent, self.address].count(None) != 2:
            raise ValueError("name a queue, an agent or an address")
        return self


class ConsultIn(BaseModel):
    to: To


class OrderOut(BaseModel):
    """`command_id` null: it is done; else the platform's events say what became of it."""

    command_id: UUID | None


def consults_of(session: Transaction, agent: CurrentAgent, container: Services) -> Consults:
    return Consults(session, agent, container.policies)


Asks = Annotated[Consults, Depends(consults_of)]


@router.post(
    "/{interaction_id}/consult",
    responses=problems(NotFound, IllegalTransition, NoCallControl, NobodyFree, Invalid),
)
async def consult(interaction_id: UUID, wish: ConsultIn, asks: Asks) -> dict[str, Any]:
    """Ask a colleague, a queue or somebody outside; a caller is put on hold."""
    if wish.to.agent is not None:
        await asks.with_agent(interaction_id, wish.to.agent)
    elif wish.to.queue is not None:
        await asks.with_queue(interaction_id, wish.to.queue)
    elif wish.to.address is not None:
        await asks.with_address(interaction_id, wish.to.address.dialled)
    return await lookup.one(asks.session, interaction_id)


@router.post("/{interaction_id}/consult/complete", status_code=status.HTTP_202_ACCEPTED, responses=ORDERS)
async def complete_consult(interaction_id: UUID, asks: Asks) -> OrderOut:
    """Hand the customer over to who was consulted, and wrap up."""
    return OrderOut(command_id=await asks.complete(interaction_id))


@router.post("/{interaction_id}/consult/return", status_code=status.HTTP_202_ACCEPTED, responses=ORDERS)
async def return_consult(interaction_id: UUID, asks: Asks) -> OrderOut:
    """The consult is over; the customer is back. Whoever is consulted may end it too."""
    return OrderOut(command_id=await asks.back(interaction_id))


@router.post("/{interaction_id}/consult/conference", status_code=status.HTTP_202_ACCEPTED, responses=ORDERS)
async def confer(interaction_id: UUID, asks: Asks) -> OrderOut:
    """All three talk."""
    return OrderOut(command_id=await asks.confer(interaction_id))


@router.post("/{interaction_id}/consult/swap", status_code=status.HTTP_202_ACCEPTED, responses=ORDERS)
async def swap(interaction_id: UUID, asks: Asks) -> OrderOut:
    """Talk with the one who waits; the other waits."""
    return OrderOut(command_id=await asks.swap(interaction_id))
