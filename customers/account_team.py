"""A customer's account team as the API names it: `{account | solution | delivery: agent}`."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import Invalid, NotFound
from models.account_team import TEAM_ROLES, Member
from models.agent import Agent


async def read(session: AsyncSession, wanted: Mapping[str, str | None] | None) -> dict[str, UUID | None]:
    """Agents by id or e-mail. None empties all roles; roles not named stay as they are. Raises Invalid."""
    if wanted is None:
        return dict.fromkeys(TEAM_ROLES)
    return {role: await _agent(session, role, key) for role, key in wanted.items()}


def shown(members: Iterable[Member]) -> dict[str, Any]:
    """Every role, null where it is nobody's."""
    filled = {m.role: {"id": str(m.agent_id), "email": m.email, "name": m.name} for m in members}
    return {role: filled.get(role) for role in TEAM_ROLES}


async def _agent(session: AsyncSession, role: str, key: str | None) -> UUID | None:
    if key is None:
        return None
    try:
        agent = await Agent.named(session, key)
    except NotFound:
        raise _unknown(role) from None
    if agent.disabled_at is not None:
        raise _unknown(role)
    return agent.id


def _unknown(role: str) -> Invalid:
    return Invalid(errors=[{"pointer": f"/account_team/{role}", "message": "unknown agent"}])
