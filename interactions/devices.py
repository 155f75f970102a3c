"""The phones that ring for agents: what an agent sets for the day, beside what the set-up gives them."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from interactions.desk import Desk
from models.agent import Device


async def take(
    session: AsyncSession, tenant_id: UUID, agent_id: UUID, endpoint_id: UUID, address: str
) -> Device:
    """From now on the agent's calls at this endpoint ring there; dropped at sign-out if it was new (a hot
    desk)."""
    desk = await Desk.open(session, tenant_id, agent_ids=[agent_id])
    device = await Device.at_endpoint(session, agent_id, endpoint_id)
    if device is None:
        device = Device(tenant_id=tenant_id, agent_id=agent_id, endpoint_id=endpoint_id, hot_desk=True)
        session.add(device)
    device.address, device.registered, device.in_foreign_call = address, None, False
    desk.agent_changed(agent_id)
    await desk.save()
    return device
