"""Who may see which event of `activity` on their desktop, and how it looks there (API §3).

An event is decoded once per process, however many desktops it goes to.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from app.events import ActivityEvent, Envelope
from interactions.life.policies import PolicyBook
from interactions.life.views import instant
from models.agent import Agent

DECODED_MAX: Final = 1024
ROUTING_MEMBERS: Final = frozenset({"entity", "version", "queue", "agent_ids", "data"})
OF_A_QUEUE: Final = frozenset({"interaction.changed", "queue.changed"})
"""What everybody who serves the queue sees: its lists."""

OF_A_QUEUE_STEERED: Final = frozenset({"offer.created", "offer.revoked", "touch.created", "command.failed"})
"""What its supervisors see besides."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event as desktops get it: `members` is the JSON between `n`, `cursor` and the closing brace."""

    name: str
    queue: str | None
    agent_ids: frozenset[UUID]
    teams: frozenset[str]
    members: bytes

    def frame(self, n: int, cursor: str) -> str:
        head = b'{"type":"event","n":%d,"cursor":%s,' % (n, orjson.dumps(cursor))
        return (head + self.members).decode()


@lru_cache(maxsize=DECODED_MAX)
def told(envelope: Envelope) -> Told | None:
    """None for a type that this version does not know."""
    event = envelope.event()
    if not isinstance(event, ActivityEvent):
        return None
    rest = event.model_dump(mode="json", exclude=set(ROUTING_MEMBERS))
    data: dict[str, Any] = {**getattr(event, "data", {}), **rest}
    members = {
        "name": event.name,
        "entity": event.entity,
        "version": event.version,
        "at": instant(envelope.at),
        "data": data,
    }
    teams = data.get("teams", ()) if event.name == "agent.changed" else ()
    return Told(
        event.name, event.queue, frozenset(event.agent_ids), frozenset(teams), orjson.dumps(members)[1:]
    )


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person at a desktop. `queues`: those that their teams serve; an admin sees all."""

    agent_id: UUID
    teams: frozenset[str]
    queues: frozenset[str]
    is_supervisor: bool
    is_admin: bool

    @classmethod
    async def load(
        cls, session: AsyncSession, tenant_id: UUID, agent_id: UUID, policies: PolicyBook
    ) -> "Viewer":
        """As their rows and the present policy say."""
        agent = await session.get_one(Agent, agent_id)
        roles = frozenset(agent.roles)
        return cls(
            agent_id=agent_id,
            teams=frozenset(agent.teams),
            queues=await _served(session, tenant_id, agent.teams, policies),
            is_supervisor=not roles.isdisjoint({"supervisor", "admin"}),
            is_admin="admin" in roles,
        )

    def is_outdated_by(self, event: Told) -> bool:
        """Whether this `agent.changed` puts the viewer into other teams."""
        return self.agent_id in event.agent_ids and self.teams != event.teams

    def sees(self, event: Told) -> bool:
        if self.agent_id in event.agent_ids or self.is_admin:
            return True
        if event.name == "agent.changed":
            return self.is_supervisor and not self.teams.isdisjoint(event.teams)
        if event.name in OF_A_QUEUE or (self.is_supervisor and event.name in OF_A_QUEUE_STEERED):
            return event.queue in self.queues
        return False


async def _served(
    session: AsyncSession, tenant_id: UUID, teams: Collection[str], policies: PolicyBook
) -> frozenset[str]:
    try:
        policy = (await policies.current(session, tenant_id)).policy
    except LookupError:
        return frozenset()
    return frozenset(queue for team in teams for queue in policy.queues_of_team.get(team, ()))
