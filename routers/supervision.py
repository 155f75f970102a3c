"""What supervisors do to work and agents, and what was done: everything here is audited (API §5)."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from app.access import Permission
from app.errors import IllegalTransition, Invalid, NoCallControl, NotFound
from app.problems import problems
from insights.agent_states import agent_states, state_out
from interactions.agents import lookup
from interactions.agents.supervision import Supervision, audit_out
from interactions.life.views import agent_summary
from models.agent import Agent, Presence
from models.audit import Audit
from routers.deps import CurrentAgent, ReadTransaction, Services, Transaction, api_router
from routers.me import PresenceIn, PresenceOut
from routers.queues import Sees, scope_for

router = api_router("/v1", Permission.SUPERVISE, tags=["supervision"])

Level = Annotated[int, Field(ge=1, le=10)]
STEPS = problems(NotFound, IllegalTransition, Invalid)
MOVES = problems(NotFound, IllegalTransition, NoCallControl, Invalid)


class ReassignIn(BaseModel):
    queue: str | None = None
    agent: UUID | str | None = None


class PrioritiseIn(BaseModel):
    boost_seconds: int = Field(ge=-86_400, le=86_400)


class ForceCloseIn(BaseModel):
    reason: str | None = Field(default=None, max_length=500)


class CapacityIn(BaseModel):
    units: int | None = Field(default=None, ge=0, le=1000)
    voice: int | None = Field(default=None, ge=0, le=100)
    chat: int | None = Field(default=None, ge=0, le=100)
    messaging: int | None = Field(default=None, ge=0, le=100)
    email: int | None = Field(default=None, ge=0, le=100)
    task: int | None = Field(default=None, ge=0, le=100)


class AgentPatch(BaseModel):
    skills: dict[str, Level] | None = None
    teams: list[str] | None = None
    channels: list[str] | None = None
    capacity: CapacityIn | None = None


async def supervision_of(session: Transaction, agent: CurrentAgent, container: Services) -> Supervision:
    scope = await scope_for(session, agent, container)
    return Supervision(session, agent, container.policies, scope.queues, scope.teams)


Steers = Annotated[Supervision, Depends(supervision_of, scope="function")]


@router.post("/interactions/{interaction_id}/reassign", responses=MOVES)
async def reassign(interaction_id: UUID, wish: ReassignIn, steers: Steers) -> dict[str, Any]:
    """To another queue, or straight to an agent (id or e-mail), capacity or not; else back to its queue."""
    agent = None if wish.agent is None else await Agent.named(steers.session, str(wish.agent))
    await steers.reassign(interaction_id, wish.queue, agent.id if agent else None)
    return await lookup.one(steers.session, interaction_id)


@router.post("/interactions/{interaction_id}/prioritise", responses=STEPS)
async def prioritise(interaction_id: UUID, wish: PrioritiseIn, steers: Steers) -> dict[str, Any]:
    await steers.prioritise(interaction_id, wish.boost_seconds)
    return await lookup.one(steers.session, interaction_id)


@router.post("/interactions/{interaction_id}/force-close", responses=STEPS)
async def force_close(
    interaction_id: UUID, steers: Steers, wish: ForceCloseIn | None = None
) -> dict[str, Any]:
    """Always works while it lives; frees the units."""
    await steers.force_close(interaction_id, wish.reason if wish else None)
    return await lookup.one(steers.session, interaction_id)


@router.get("/agents/states")
async def states(
    session: ReadTransaction, scope: Sees, team: Annotated[list[str] | None, Query()] = None
) -> dict[str, Any]:
    """The state of every agent of the supervisor's teams, since when, and what they hold."""
    items = [state_out(state) for state in await agent_states(session, scope.teams)]
    asked = [item for item in items if team is None or set(team) & set(item["teams"])]
    return {"items": asked, "next_cursor": None}


@router.patch("/agents/{key}", responses=STEPS)
async def change_agent(key: str, patch: AgentPatch, steers: Steers) -> dict[str, Any]:
    """Skills, teams, channels and capacity; effective within 500 ms."""
    agent = await Agent.named(steers.session, key)
    changes = patch.model_dump(exclude_none=True, exclude={"capacity"})
    if patch.capacity is not None:
        limits = patch.capacity.model_dump(exclude_none=True)
        changes["units_max"] = limits.pop("units", None)
        changes["channel_max"] = {**agent.channel_max, **limits}
    return agent_summary(await steers.change_agent(agent.id, changes))


@router.put("/agents/{key}/presence", responses=STEPS)
async def set_presence(key: str, wish: PresenceIn, steers: Steers) -> PresenceOut:
    """Set an agent's presence for them."""
    agent = await Agent.named(steers.session, key)
    chosen = Presence(wish.status)
    return PresenceOut.of(await steers.set_presence(agent.id, chosen, wish.reason_code))


@router.get("/audit")
async def audit(
    session: ReadTransaction, cursor: UUID | None = None, limit: int = Query(default=50, ge=1, le=200)
) -> dict[str, Any]:
    """What was done by hand, newest first."""
    rows = await Audit.page(session, cursor, limit)
    return {
        "items": [audit_out(row) for row in rows],
        "next_cursor": str(rows[-1].id) if len(rows) == limit else None,
    }
