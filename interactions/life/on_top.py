"""An offer on top of the work that it interrupts: how much of it there is, and what the offer's leg keeps."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from interactions.life.policies import TenantPolicy
from models.agent import Agent
from models.leg import Leg

UnitsOf = Mapping[tuple[UUID, str], int]
"""By agent and channel."""


async def units_below(session: AsyncSession, policy: TenantPolicy, agent_ids: Collection[UUID]) -> UnitsOf:
    """What these agents hold of each channel; no statement where nothing interrupts."""
    return await Leg.units_by_channel(session, agent_ids) if policy.policy.interrupts else {}


def room_on_top(policy: TenantPolicy, held: UnitsOf, agent_id: UUID, channel: str) -> int:
    """The units of the agent's work that a piece of `channel` interrupts."""
    return sum(held.get((agent_id, other), 0) for other in interrupted_by(policy, channel))


def put_on_top(policy: TenantPolicy, leg: Leg, agent: Agent, channel: str) -> None:
    """It was just offered: what it interrupts is held once it is answered, and its units may go beyond the
    most."""
    leg.interrupts = list(interrupted_by(policy, channel))
    agent.units_excess = max(agent.units_excess, agent.units_held - agent.units_max)


def interrupted_by(policy: TenantPolicy, channel: str) -> Collection[str]:
    """The channels whose work is held for work of this one."""
    return sorted(policy.policy.interrupts.get(channel, ()))
