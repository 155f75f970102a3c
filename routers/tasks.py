"""Tasks: generic work items for agents (API §3)."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import status
from pydantic import BaseModel, Field

from app.access import Permission
from app.errors import Invalid
from app.problems import problems
from interactions.agents import lookup, tasks
from routers.deps import CurrentPrincipal, Moment, Services, Transaction, api_router

router = api_router("/v1/tasks", Permission.WORK, tags=["interactions"])

Key = Annotated[str, Field(min_length=1, max_length=63)]


class TaskIn(BaseModel):
    """`queue`: its key. `requirement` is joined with the queue's own. `due_at`: until when it was promised;
    agents see it, routing goes by tier."""

    queue: Key
    title: str = Field(min_length=1, max_length=200)
    text: str = Field(min_length=1, max_length=20_000)
    customer_id: UUID | None = None
    requirement: str | None = Field(default=None, max_length=4000)
    tier: Key | None = None
    due_at: Moment | None = None


@router.post("", status_code=status.HTTP_201_CREATED, responses=problems(Invalid))
async def create_task(
    body: TaskIn, caller: CurrentPrincipal, session: Transaction, container: Services
) -> dict[str, Any]:
    """Something to do, routed like any other work: accepting it answers it, `close` ends it. The new
    interaction."""
    wanted = tasks.NewTask(**body.model_dump())
    parts = (container.policies, container.paces, container.endpoints)
    task_id = await tasks.create(session, caller, *parts, wanted)
    return await lookup.one(session, task_id)
