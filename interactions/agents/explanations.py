"""Why an interaction waits, and why it came to whom it came: structure, and sentences beside it.

An api process has no engine: for what waits, one is built from the rows and kept for a moment. What was
assigned is told from the decision as it was taken.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import NotFound
from interactions.life.desk import database_now
from interactions.life.facts import microseconds
from interactions.life.policies import PolicyBook
from interactions.life.routing_rows import snapshots
from interactions.life.views import instant
from models.agent import Agent
from models.interaction import Interaction, State
from models.offer import Decision
from routing.engine import Engine
from routing.explain import Candidate, Candidates, Explanation, Group, to_json
from routing.words import words

KEPT_US: Final = 1_000_000
LANGUAGES: Final = ("en", "zh")
WAITING: Final = frozenset({State.QUEUED, State.CALLBACK_WAITING, State.SCHEDULED})
"""A callback waits for an agent too."""


@dataclass(frozen=True, slots=True)
class _Picture:
    engine: Engine
    at_us: int


class Explanations:
    """One per api process."""

    def __init__(self) -> None:
        self._pictures: dict[UUID, _Picture] = {}

    async def explain(
        self, session: AsyncSession, tenant_id: UUID, interaction_id: UUID, policies: PolicyBook
    ) -> dict[str, Any]:
        """Raises NotFound for an unknown interaction, and for one that the router never decided about."""
        interaction = await session.get(Interaction, interaction_id)
        if interaction is None:
            raise NotFound("There is no such interaction.")
        if interaction.state not in WAITING:
            return await _assigned(session, interaction_id)
        found = await self._waiting(session, tenant_id, interaction_id, policies)
        if found is None:  # queued since the picture was taken
            self._pictures.pop(tenant_id, None)
            found = await self._waiting(session, tenant_id, interaction_id, policies)
        if found is None:
            raise NotFound("The router does not know its queue.")
        return await _told(session, "waiting", found, to_json(found))

    async def _waiting(
        self, session: AsyncSession, tenant_id: UUID, interaction_id: UUID, policies: PolicyBook
    ) -> Explanation | None:
        """None: it, or its queue, is not in the picture."""
        picture = await self._picture(session, tenant_id, policies)
        try:
            return picture.engine.explain(str(interaction_id), picture.at_us)
        except KeyError:
            return None

    async def _picture(self, session: AsyncSession, tenant_id: UUID, policies: PolicyBook) -> _Picture:
        now = microseconds(await database_now(session))
        known = self._pictures.get(tenant_id)
        if known is not None and now - known.at_us < KEPT_US:
            return known
        engine = Engine((await policies.current(session, tenant_id)).policy)
        engine.apply(await snapshots(session), now)
        self._pictures[tenant_id] = _Picture(engine, now)
        return self._pictures[tenant_id]


async def _assigned(session: AsyncSession, interaction_id: UUID) -> dict[str, Any]:
    decision = await Decision.latest_of(session, interaction_id)
    if decision is None:
        raise NotFound("The router has decided nothing about it: it was taken from a list, or never waited.")
    told = await _told(session, "assigned", _candidates(decision.document), decision.document)
    return {**told, "decided_at": instant(decision.decided_at), "policy_version": decision.policy_version}


async def _told(
    session: AsyncSession, kind: str, found: Explanation | Candidates, document: Mapping[str, Any]
) -> dict[str, Any]:
    names = await Agent.names(session, {UUID(agent) for agent in _named(found)})
    called = {str(agent_id): name for agent_id, name in names.items()}
    said = {language: words(found, language, called) for language in LANGUAGES}
    return {"kind": kind, **document, "names": called, "words": said}


def _named(found: Explanation | Candidates) -> Iterable[str]:
    """The agents that it speaks of."""
    for group in found.groups:
        yield from group.agents
    if isinstance(found, Candidates):
        yield from (candidate.agent for candidate in (found.winner, *found.runners_up))
        return
    yield from (opening.agent for opening in found.openings if opening.agent)
    if found.kept_for:
        yield found.kept_for


def _candidates(document: Mapping[str, Any]) -> Candidates:
    """The decision's document as it was before it became JSON; one of before strategies lacks their facts."""
    known = {name: document.get(name, _BEFORE_STRATEGIES.get(name)) for name in Candidates._fields}
    known["lent_to"] = tuple(known["lent_to"])
    known["winner"] = _candidate(document["winner"])
    known["runners_up"] = tuple(_candidate(candidate) for candidate in document["runners_up"])
    groups = document["groups"]
    known["groups"] = tuple(Group(g["reason"], g["total"], tuple(g["agents"])) for g in groups)
    return Candidates(**known)


_BEFORE_STRATEGIES: Final[Mapping[str, Any]] = {"lent_to": (), "strict": False, "strategy": "longest_idle"}


def _candidate(document: Mapping[str, Any]) -> Candidate:
    return Candidate(**{"units": 0, "skill_sum": 0, **document})
