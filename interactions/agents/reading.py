"""What an agent has read of a conversation, and that they write: the customer may see both."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access import AgentPrincipal
from app.errors import NotFound
from channels.abilities import MarksRead
from interactions.intake.arrival import visitor_of
from interactions.life.desk import Desk, database_now
from interactions.touches.outgoing import Directory
from interactions.touches.touches import agents_of, tell_update
from models.customer import ContactAddress
from models.delivery import Delivery
from models.interaction import Interaction
from models.leg import Leg
from models.touch import Touch

HOP: Final = "agent"
TELL_WITHIN: Final = timedelta(minutes=10)
TYPING_LASTS: Final = timedelta(seconds=25)
"""Later the platform is not told any more."""


async def read(
    session: AsyncSession, agent: AgentPrincipal, directory: Directory, interaction_id: UUID, touch_id: UUID
) -> None:
    """The customer's message, and all before it, stood before the agent's eyes. Raises NotFound,
    IllegalTransition unless the work is in this agent's hands."""
    desk, work = await Desk.one(session, agent.tenant_id, interaction_id, [agent.id])
    work.held_by(agent.id)
    touch = (await Touch.locked(session, [touch_id])).get(touch_id)
    if touch is None or touch.interaction_id != interaction_id or touch.direction != "inbound":
        raise NotFound("There is no such message of the customer in this interaction.")
    if not touch.advance(HOP, "read", desk.now):
        return
    address = await ContactAddress.address_of(session, touch.address_id)
    tell_update(session, touch, address, agents_of(work), desk.now, visitor_of(address))
    _mark(session, work.interaction, touch, directory, desk.now, typing=False)


async def write(
    session: AsyncSession, agent: AgentPrincipal, directory: Directory, interaction_id: UUID
) -> None:
    """This agent writes an answer to a messenger's customer: told where the platform shows it. Whoever does
    not hold the conversation tells nobody anything."""
    x = await session.get(Interaction, interaction_id)
    holder = (await Leg.holders(session, [interaction_id])).get(interaction_id)
    if x is None or x.channel != "messaging" or holder != agent.id:
        return
    touch = await Touch.latest_inbound(session, interaction_id)
    if touch is not None:
        _mark(session, x, touch, directory, await database_now(session), typing=True)


def _mark(
    session: AsyncSession, x: Interaction, touch: Touch, directory: Directory, now: datetime, *, typing: bool
) -> None:
    known = None if x.endpoint_id is None else directory.get(x.endpoint_id)
    if known is None or not isinstance(known.adapter, MarksRead) or touch.provider_id is None:
        return
    session.add(
        Delivery(
            tenant_id=x.tenant_id,
            kind="mark",
            endpoint_id=x.endpoint_id,
            interaction_id=x.id,
            touch_id=touch.id,
            conversation=f"{x.endpoint_id}/{x.conversation}/read",
            payload={"reference": touch.provider_id, "typing": typing},
            provider_key=f"{touch.id}/read",
            next_attempt_at=now,
            expires_at=now + (TYPING_LASTS if typing else TELL_WITHIN),
            created_at=now,
        )
    )
