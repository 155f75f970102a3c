"""How the chat widget looks and what it offers on a page: open to the pages that may use it."""

from typing import Literal
from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel

from app.container import Container
from app.endpoints import KnownEndpoint
from app.errors import Forbidden, NotFound
from app.problems import problems
from channels.chat import ChatAdapter
from interactions.agents import visitors
from routers import cors
from routers.deps import Open, Services, api_router
from routers.visitor_files import ChatEndpoint

KEPT_SECONDS = 60
"""How long a browser may go by what it was told, until its visitor opens the chat."""

router = api_router("/chat", Open("pages that may open the chat"), tags=["from outside"])


class WidgetSettings(BaseModel):
    """Texts by language. `open`: somebody would answer now; else `closed_text` says what the queue's door
    would. Forms are ids for `POST /forms/{id}`."""

    color: str
    position: Literal["right", "left"]
    title: dict[str, str]
    greeting: dict[str, str]
    pre_chat: list[Literal["name", "email", "question"]]
    open: bool
    closed_text: str | None
    offline_form_id: UUID | None
    callback_form_id: UUID | None
    file_max_bytes: int


@router.options("/{endpoint_id}/settings", include_in_schema=False)
async def preflight(request: Request, endpoint: ChatEndpoint) -> Response:
    """What a browser asks first."""
    return cors.preflight(request, endpoint)


@router.get("/{endpoint_id}/settings", responses=problems(NotFound, Forbidden))
async def read_settings(
    request: Request, response: Response, endpoint: ChatEndpoint, container: Services
) -> WidgetSettings:
    """What the widget needs before it shows anything."""
    cors.check_origin(endpoint, request.headers.get("origin"))
    cors.shared(request, response)
    response.headers["cache-control"] = f"max-age={KEPT_SECONDS}"
    assert isinstance(endpoint.adapter, ChatAdapter)
    config = endpoint.adapter.config
    async with container.database.read(endpoint.tenant_id) as session:
        books, now = (container.policies, container.paces), container.clock.now()
        entry = await visitors.door(session, *books, endpoint.tenant_id, endpoint.queue, now)
    return WidgetSettings(
        color=config.color,
        position=config.position,
        title=config.title,
        greeting=config.greeting,
        pre_chat=list(config.pre_chat),
        open=entry.refused is None,
        closed_text=entry.say if entry.refused else None,
        offline_form_id=_form(container, endpoint, config.offline_form),
        callback_form_id=_form(container, endpoint, config.callback_form),
        file_max_bytes=container.settings.file_max_bytes,
    )


def _form(container: Container, endpoint: KnownEndpoint, key: str | None) -> UUID | None:
    found = None if key is None else container.endpoints.by_key(endpoint.tenant_id, key)
    return None if found is None else found.id
