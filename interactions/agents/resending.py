"""A message that the platform did not take, sent again by an agent."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access import AgentPrincipal
from app.errors import IllegalTransition, NotFound
from interactions.agents.messages import take_reply
from interactions.life.desk import Desk
from interactions.life.work import Work
from interactions.touches.outgoing import Directory, Draft, again, reachable
from interactions.touches.touches import agents_of, tell_update
from models.customer import ContactAddress
from models.touch import Touch


async def resend(
    session: AsyncSession, agent: AgentPrincipal, directory: Directory, touch_id: UUID
) -> dict[str, Any]:
    """The touch, on its way once more; what became of the earlier sending stands in its payload.

    Raises NotFound, IllegalTransition where it has not failed or the work is in another's hands,
    ReplyWindowClosed.
    """
    found = await session.get(Touch, (agent.tenant_id, touch_id))
    if found is None or found.interaction_id is None:
        raise NotFound("There is no such message.")
    desk, work = await Desk.one(session, agent.tenant_id, found.interaction_id, [agent.id])
    touch = (await Touch.locked(session, [touch_id]))[touch_id]
    address = await ContactAddress.address_of(session, touch.address_id)
    _may_go_again(touch, work, agent)
    if address is None or not reachable(address):
        raise IllegalTransition("There is no address to send it to.")
    draft = Draft(touch.text, touch.author, payload=touch.payload, attachments=touch.attachments)
    await take_reply(directory, desk, work, draft)
    touch.begin_again(desk.now, str(agent.id))
    session.add(again(work, touch, desk.now))
    await desk.save()
    tell_update(session, touch, address, {*agents_of(work), agent.id}, desk.now)
    return touch.item(address)


def _may_go_again(touch: Touch, work: Work, agent: AgentPrincipal) -> None:
    is_ours = touch.direction == "outbound" and touch.kind == "message" and touch.channel != "chat"
    if not is_ours or touch.delivery_state != "failed":
        raise IllegalTransition("Only a message of ours that has failed is sent again.")
    if work.primary is not None:
        work.held_by(agent.id)
