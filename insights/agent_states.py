"""What an agent is doing: a signed-in agent is in exactly one state, the first that holds (SEMANTICS §2)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from interactions.life.views import agent_summary, instant
from models.agent import Agent, Presence
from models.interaction import Interaction
from models.leg import Leg, LegState


@dataclass(frozen=True, slots=True)
class AgentState:
    """`state`: interacting, connecting, offered, wrap_up, not_responding, break, idle, offline."""

    agent: Agent
    state: str
    since: datetime | None
    legs: Sequence[tuple[Leg, str]]

    @property
    def signed_in(self) -> bool:
        return self.state != "offline"


_ORDER = (
    ("interacting", {LegState.ACTIVE, LegState.HELD}),
    ("connecting", {LegState.CONNECTING}),
    ("offered", {LegState.OFFERED}),
    ("wrap_up", {LegState.WRAP_UP}),
)


def state_of(agent: Agent, legs: Sequence[Leg]) -> tuple[str, datetime | None]:
    """The state and since when."""
    if agent.presence == Presence.OFFLINE:
        return "offline", agent.presence_at
    for state, leg_states in _ORDER:
        since = [_since(leg) for leg in legs if LegState(leg.state) in leg_states]
        if since:
            return state, min(since)
    if agent.presence == Presence.AVAILABLE:
        return "idle", max(filter(None, (agent.idle_since, agent.presence_at)), default=None)
    return str(agent.presence), agent.presence_at


async def agent_states(session: AsyncSession, teams: Iterable[str] | None = None) -> list[AgentState]:
    """All agents, or those of these teams, by name."""
    query = select(Agent).where(Agent.disabled_at.is_(None)).order_by(Agent.name, Agent.id)
    if teams is not None:
        query = query.where(Agent.teams.overlap(list(teams)))
    agents = list(await session.scalars(query))
    rows = await session.execute(
        select(Leg, Interaction.channel)
        .join(Interaction, Interaction.id == Leg.interaction_id)
        .where(Leg.state != LegState.ENDED, Leg.agent_id.in_([agent.id for agent in agents]))
        .order_by(Leg.id)
    )
    held: dict[UUID, list[tuple[Leg, str]]] = {agent.id: [] for agent in agents}
    for leg, channel in rows:
        held[leg.agent_id].append((leg, channel))
    return [_state(agent, held[agent.id]) for agent in agents]


def count_states(states: Iterable[AgentState]) -> dict[str, Any]:
    """How many of these agents are in which state; breaks by code."""
    signed_in = [state for state in states if state.signed_in]
    counts = Counter(state.state for state in signed_in)
    breaks = Counter(state.agent.presence_reason or "" for state in signed_in if state.state == "break")
    known = ("idle", "offered", "connecting", "interacting", "wrap_up", "not_responding")
    return {"signed_in": len(signed_in), **{name: counts[name] for name in known}, "break": dict(breaks)}


def state_out(state: AgentState) -> dict[str, Any]:
    """One row of the wallboard."""
    return {
        **agent_summary(state.agent),
        "state": state.state,
        "since": instant(state.since),
        "legs": [
            {"interaction_id": str(leg.interaction_id), "channel": channel, "state": str(leg.state)}
            for leg, channel in state.legs
        ],
    }


def _state(agent: Agent, legs: list[tuple[Leg, str]]) -> AgentState:
    state, since = state_of(agent, [leg for leg, _ in legs])
    return AgentState(agent, state, since, legs)


def _since(leg: Leg) -> datetime:
    return leg.wrap_up_at or leg.answered_at or leg.accepted_at or leg.created_at
