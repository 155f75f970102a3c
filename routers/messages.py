"""The conversation of an interaction: touches, replies, notes, and which customer it is about (API §3)."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, status
from pydantic import AfterValidator, BaseModel, Field, field_validator

from app.access import Permission
from app.errors import IllegalTransition, Invalid, KeyReused, NotFound, ReplyWindowClosed, Stale
from app.problems import problems
from app.text import clean_line
from channels.base import Button, ChosenTemplate
from customers.paging import page_of, read_cursor
from interactions.agents import messages, reading
from interactions.agents.correction import correct_customer
from interactions.agents.messages import Messages, Reply
from interactions.agents.templates import templates_of
from routers.deps import CurrentAgent, ReadTransaction, Services, Transaction, api_router

router = api_router("/v1/interactions/{interaction_id}", Permission.WORK, tags=["interactions"])


class TemplateIn(BaseModel):
    """An approved one of `GET …/templates`; `values` fill its gaps, in their order."""

    key: str = Field(min_length=1, max_length=200)
    values: list[Annotated[str, Field(max_length=1024)]] = Field(default=[], max_length=50)

    def chosen(self) -> ChosenTemplate:
        return ChosenTemplate(self.key, self.values)


class ButtonIn(BaseModel):
    """A ready answer under the message; `id` comes back in the `payload` of what the customer taps."""

    id: str = Field(min_length=1, max_length=100, pattern=r"^[!-~]+$")
    title: Annotated[str, Field(max_length=100), AfterValidator(clean_line), Field(min_length=1)]


class ReplyIn(BaseModel):
    """`version` is the interaction's that you saw. The same `client_message_id` is the same message. With a
    `template` nothing else is sent. `quotes`: the touch that it answers, shown with it. What the channel can
    of this stands in the interaction's `endpoint.writing`."""

    text: str = Field(default="", max_length=20_000)
    html: str | None = Field(default=None, max_length=100_000)
    attachments: list[UUID] = Field(default=[], max_length=20)
    template: TemplateIn | None = None
    buttons: list[ButtonIn] = Field(default=[], max_length=20)
    quotes: UUID | None = None
    client_message_id: str = Field(min_length=1, max_length=100)
    version: int = Field(ge=0, lt=2**63)

    @field_validator("buttons")
    @classmethod
    def _all_different(cls, buttons: list[ButtonIn]) -> list[ButtonIn]:
        for values in ([one.id for one in buttons], [one.title for one in buttons]):
            if len(set(values)) < len(values):
                raise ValueError("two buttons with the same id or title")
        return buttons


class NoteIn(BaseModel):
    text: str = Field(min_length=1, max_length=20_000)


class ReadIn(BaseModel):
    touch_id: UUID


class CustomerIn(BaseModel):
    """`null`: whoever the address says."""

    customer_id: UUID | None


@router.get("/touches", responses=problems(NotFound, Invalid))
async def list_touches(
    interaction_id: UUID,
    session: ReadTransaction,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    """Newest first."""
    found = await messages.conversation(session, interaction_id, read_cursor(cursor), limit + 1)
    return page_of(await messages.items(session, found), [(touch.at, touch.id) for touch in found], limit)


@router.post(
    "/messages",
    status_code=status.HTTP_202_ACCEPTED,
    responses=problems(NotFound, IllegalTransition, Stale, Invalid, KeyReused, ReplyWindowClosed),
)
async def reply(
    interaction_id: UUID, body: ReplyIn, me: CurrentAgent, session: Transaction, container: Services
) -> dict[str, Any]:
    """Answer on the interaction's channel, to the address it came from; the touch, on its way out."""
    wanted = Reply(
        text=body.text,
        client_message_id=body.client_message_id,
        version=body.version,
        html=body.html,
        attachments=body.attachments,
        template=None if body.template is None else body.template.chosen(),
        buttons=[Button(one.id, one.title) for one in body.buttons],
        quotes=body.quotes,
    )
    by_me = Messages(session, me, container.policies, container.endpoints)
    return await by_me.reply(interaction_id, wanted)


@router.post("/read", status_code=status.HTTP_204_NO_CONTENT, responses=problems(NotFound, IllegalTransition))
async def mark_read(
    interaction_id: UUID, body: ReadIn, me: CurrentAgent, session: Transaction, container: Services
) -> None:
    """You have seen this message of the customer and all before it: told to chat visitors, and where the
    platform shows it (WhatsApp)."""
    await reading.read(session, me, container.endpoints, interaction_id, body.touch_id)


@router.get("/templates", responses=problems(NotFound))
async def list_templates(
    interaction_id: UUID, me: CurrentAgent, session: ReadTransaction, container: Services
) -> dict[str, Any]:
    """The queue's own, filled, to begin a reply with; then the `approved` ones of a messenger, which are sent
    as they are, also when the reply window is closed."""
    items = await templates_of(session, container.endpoints, container.policies, me, interaction_id)
    return {"items": items, "next_cursor": None}


@router.post("/notes", status_code=status.HTTP_201_CREATED, responses=problems(NotFound))
async def write_note(
    interaction_id: UUID, body: NoteIn, me: CurrentAgent, session: Transaction, container: Services
) -> dict[str, Any]:
    """An internal note on the timeline."""
    by_me = Messages(session, me, container.policies, container.endpoints)
    return await by_me.note(interaction_id, body.text)


@router.put("/customer", responses=problems(NotFound, Invalid))
async def correct(
    interaction_id: UUID, body: CustomerIn, me: CurrentAgent, session: Transaction, container: Services
) -> dict[str, Any]:
    """This interaction is about another customer; no touch is moved. Undone by setting it back."""
    return await correct_customer(session, me, container.policies, interaction_id, body.customer_id)
