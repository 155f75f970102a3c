"""Whether routing keeps its laws, and whether agents respond: looked at by the worker that routes, every
second, and read by supervisors' tools from the row that it leaves."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from interactions.life.pace import served
from interactions.life.views import instant
from models.agent import Agent, Presence
from models.handling import Staffed
from models.vitals import RoutingVitals
from routing.policy import SECOND, Policy

LAPSED_WITHIN: Final = timedelta(seconds=60)
CURRENT_WITHIN: Final = timedelta(seconds=10)
"""A look is due every second: what is older than this comes from a worker that does not work."""


@dataclass(frozen=True, slots=True)
class Crew:
    """Who of a queue's set is signed in and not on break, and of them who does not respond, since when."""

    agents: int = 0
    lapsed: Mapping[UUID, datetime] = field(default_factory=dict)

    def stops_responding(self, now: datetime) -> bool:
        """Half of them have stopped within a minute."""
        lately = sum(1 for since in self.lapsed.values() if now - since <= LAPSED_WITHIN)
        return lately > 0 and 2 * lately >= self.agents

    @property
    def responds(self) -> bool:
        """Fewer than half of them do not."""
        return 2 * len(self.lapsed) < self.agents or not self.lapsed


def crews(policy: Policy, agents: Sequence[Staffed]) -> dict[str, Crew]:
    """Of every queue."""
    found: dict[str, list[Staffed]] = {key: [] for key in policy.queues}
    for agent in agents:
        for queue in served(policy, agent):
            found[queue].append(agent)
    return {key: _crew(members) for key, members in found.items()}


def _crew(members: Sequence[Staffed]) -> Crew:
    lapsed = {agent.id: agent.presence_at for agent in members if agent.presence == Presence.NOT_RESPONDING}
    return Crew(len(members), lapsed)


def alarm_since(crew: Crew, since: str | None, now: datetime) -> str | None:
    """When the alarm was raised that is on now: it comes when they stop, and ends when they respond."""
    if since is not None:
        return None if crew.responds else since
    return instant(now) if crew.stops_responding(now) else None


async def report(
    session: AsyncSession, tenant_id: UUID, queues: Collection[str] | None, now: datetime
) -> dict[str, Any]:
    """As `GET /v1/health/routing` says it; `queues` None: all."""
    row = await RoutingVitals.of(session, tenant_id)
    if row is None:
        return {"checked_at": None, "current": False, "queues": []}
    seen = {key: found for key, found in row.queues.items() if queues is None or key in queues}
    lapsed = {UUID(agent) for found in seen.values() for agent in found["not_responding"]}
    names = await Agent.names(session, lapsed)
    return {
        "checked_at": instant(row.checked_at),
        "current": now - row.checked_at <= CURRENT_WITHIN,
        "counted_since": instant(row.counted_since),
        "breach_seconds": row.breach_us / SECOND,
        "overtakes": row.overtakes,
        "double_legs": row.double_legs,
        "oldest_eligible_waiting_seconds": _seconds(_longest(seen.values())),
        "not_responding": len(lapsed),
        "queues": [_queue(key, found, names) for key, found in sorted(seen.items())],
    }


def _queue(key: str, found: Mapping[str, Any], names: Mapping[UUID, str]) -> dict[str, Any]:
    lapsed = [{"id": agent, "name": names.get(UUID(agent), "")} for agent in found["not_responding"]]
    return {
        "queue": key,
        "agents": found["agents"],
        "not_responding": lapsed,
        "oldest_eligible_waiting_seconds": _seconds(found["oldest_eligible_us"]),
        "alarm_since": found["alarm_since"],
    }


def _longest(queues: Iterable[Mapping[str, Any]]) -> int | None:
    times = (queue["oldest_eligible_us"] for queue in queues)
    return max((time for time in times if time is not None), default=None)


def _seconds(micros: int | None) -> float | None:
    return None if micros is None else micros / SECOND
