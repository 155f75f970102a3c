"""Work that a call interrupts: held while the agent talks and wraps up, it goes on by itself afterwards.

Its rows are another interaction's than the call's, so it follows the call within one round of the sweep; what
is found is judged again under the agent's lock. Units are not freed: the call was offered on top of them."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from interactions.life.desk import Desk
from interactions.life.policies import TenantPolicy
from interactions.life.work import Work
from models.leg import Leg, LegState
from routing.decision import Decision

UnitsOf = Mapping[tuple[UUID, str], int]
"""By agent and channel."""


async def units_below(session: AsyncSession, policy: TenantPolicy, decisions: Sequence[Decision]) -> UnitsOf:
    """What the agents of these offers hold of each channel; no statement where nothing interrupts."""
    offered = {UUID(d.agent) for d in decisions if d.kind == "offer" and d.agent}
    return await Leg.units_by_channel(session, offered) if policy.policy.interrupts else {}


def room_on_top(policy: TenantPolicy, held: UnitsOf, agent_id: UUID, channel: str) -> int:
    """The units of the agent's work that a piece of `channel` interrupts."""
    return sum(held.get((agent_id, other), 0) for other in interrupted_by(policy, channel))


def interrupted_by(policy: TenantPolicy, channel: str) -> Collection[str]:
    """The channels whose work is held for work of this one."""
    return sorted(policy.policy.interrupts.get(channel, ()))


async def settle(desk: Desk, work: Work) -> None:
    """Hold it, or let it go on, by what else its agent has in hand now."""
    leg, channel = work.primary, work.interaction.channel
    if leg is None or channel == "voice":  # a call is held by its agent
        return
    interrupted = await Leg.is_interrupted(desk.session, leg, channel)
    if leg.state == LegState.ACTIVE and interrupted:
        work.hold()
    elif leg.state == LegState.HELD and not interrupted:
        work.resume()
