"""Agents turn to a customer: a call, a mail, or a messenger's template (API §3)."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import status
from pydantic import BaseModel, Field, model_validator

from app.access import Permission
from app.errors import ContactBlocked, IllegalTransition, Invalid, NoCallControl, NoRoom
from app.problems import problems
from interactions.agents import lookup
from interactions.agents.outbound import NewContact, Outbound
from models.endpoint import Endpoint
from routers.customers import AddressIn
from routers.deps import CurrentAgent, Services, Transaction, api_router
from routers.messages import TemplateIn

router = api_router("/v1/interactions", Permission.WORK, tags=["interactions"])

Key = Annotated[str, Field(min_length=1, max_length=63)]


class ContactIn(BaseModel):
    """`endpoint`: the key or id of the number or mailbox that it comes from. `address`, or the customer,
    whose oldest address of that kind is taken. `subject`, `text` and `attachments` are a mail's; a call's
    `text` is a note. `template`: one of `GET /v1/me/messengers`, which is all that a messenger takes."""

    channel: Literal["voice", "email", "messaging"]
    endpoint: Key
    address: AddressIn | None = None
    customer_id: UUID | None = None
    queue: Key | None = None
    purpose: Key
    subject: str | None = Field(default=None, max_length=500)
    text: str | None = Field(default=None, max_length=20_000)
    attachments: list[UUID] = Field(default_factory=list, max_length=20)
    template: TemplateIn | None = None

    @model_validator(mode="after")
    def _has_somebody(self) -> Self:
        if self.address is None and self.customer_id is None:
            raise ValueError("name an address or a customer")
        return self


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    responses=problems(Invalid, IllegalTransition, NoCallControl, NoRoom, ContactBlocked),
)
async def contact(
    wish: ContactIn, agent: CurrentAgent, session: Transaction, container: Services
) -> dict[str, Any]:
    """Call a customer (your phone rings first), or write to them; the new interaction is yours."""
    wanted = NewContact(
        endpoint=await _endpoint(session, container, agent.tenant_id, wish),
        address=None if wish.address is None else wish.address.address(),
        customer_id=wish.customer_id,
        purpose=wish.purpose,
        queue=wish.queue,
        subject=wish.subject,
        text=wish.text,
        attachments=wish.attachments,
        template=None if wish.template is None else wish.template.chosen(),
    )
    outbound = Outbound(session, agent, container.policies, container.endpoints)
    return await lookup.one(session, await outbound.open(wanted))


async def _endpoint(session: Transaction, container: Services, tenant_id: UUID, wish: ContactIn) -> Endpoint:
    for known in container.endpoints.all():
        named = wish.endpoint in (known.key, str(known.id)) and known.tenant_id == tenant_id
        found = await session.get(Endpoint, known.id) if named else None
        if found is not None and found.channel == wish.channel:
            return found
    message = f"there is no such {wish.channel} endpoint"
    raise Invalid(message, errors=[{"pointer": "/endpoint", "message": message}])
