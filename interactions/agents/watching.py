"""Who may see which event of `activity` on their desktop, and how it looks there (API §3).

An event is told at places (an agent, a queue, a team); a desktop listens at those that its person may hear.
An event is decoded once per process, however many desktops it goes to.
"""

from collections.abc import Collection, Iterator
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
AGENT_CHANGED: Final = "agent.changed"
TO_THE_QUEUE: Final = frozenset({"queue.changed"})
"""What everybody hears who serves the queue."""

TO_ITS_SUPERVISORS: Final = frozenset(
    {"interaction.changed", "offer.created", "offer.revoked", "touch.created", "command.failed"}
)
"""What an agent hears of their own work only (docs/decisions/0012-who-hears-of-a-queue.md)."""

EVERYWHERE: Final = "tenant"
"""Where admins listen: all is told there."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event as desktops get it: `members` is the JSON between `n`, `cursor` and the closing brace."""

    name: str
    agent_ids: frozenset[UUID]
    teams: frozenset[str]
    places: frozenset[str]
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
    teams = frozenset(data.get("teams", ()) if event.name == AGENT_CHANGED else ())
    agent_ids = frozenset(event.agent_ids)
    places = frozenset({EVERYWHERE, *map(_agent, agent_ids), *map(_team, teams), *_of_queue(event)})
    return Told(event.name, agent_ids, teams, places, orjson.dumps(members)[1:])


def places_of(envelope: Envelope) -> frozenset[str]:
    """Where an event is told; nowhere, if this version does not know its type."""
    event = told(envelope)
    return frozenset() if event is None else event.places


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

    @property
    def places(self) -> frozenset[str]:
        """Where this person listens."""
        if self.is_admin:
            return frozenset({EVERYWHERE})
        places = {_agent(self.agent_id), *map(_queue, self.queues)}
        if self.is_supervisor:
            places |= {*map(_team, self.teams), *map(_steering, self.queues)}
        return frozenset(places)

    def is_outdated_by(self, event: Told) -> bool:
        """Whether it puts the viewer into other teams."""
        is_mine = event.name == AGENT_CHANGED and self.agent_id in event.agent_ids
        return is_mine and self.teams != event.teams


def _of_queue(event: ActivityEvent) -> Iterator[str]:
    if event.queue is not None and event.name in TO_THE_QUEUE:
        yield _queue(event.queue)
    if event.queue is not None and event.name in TO_ITS_SUPERVISORS:
        yield _steering(event.queue)


def _agent(agent_id: UUID) -> str:
    return f"agent/{agent_id}"


def _queue(key: str) -> str:
    return f"queue/{key}"


def _steering(key: str) -> str:
    return f"queue/{key}/supervisors"


def _team(key: str) -> str:
    return f"team/{key}/supervisors"


async def _served(
    session: AsyncSession, tenant_id: UUID, teams: Collection[str], policies: PolicyBook
) -> frozenset[str]:
    try:
        policy = (await policies.current(session, tenant_id)).policy
    except LookupError:
        return frozenset()
    return frozenset(queue for team in teams for queue in policy.queues_of_team.get(team, ()))
