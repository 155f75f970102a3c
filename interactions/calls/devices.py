"""The phones that ring for agents: what an agent sets for the day, beside what the set-up gives them."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from interactions.life.desk import Desk
from models.agent import Device


async def take(
    session: AsyncSession, tenant_id: UUID, agent_id: UUID, endpoint_id: UUID, address: str
) -> Device:
    """From now on the agent's calls at this endpoint ring there, until they sign out (a hot desk)."""
    desk = await Desk.open(session, tenant_id, agent_ids=[agent_id])
    device = await Device.at_endpoint(session, agent_id, endpoint_id)
    if device is None:
        device = Device(tenant_id=tenant_id, agent_id=agent_id, endpoint_id=endpoint_id)
        session.add(device)
    elif not device.hot_desk:
        device.own_address = device.address
    device.hot_desk = True
    device.address, device.registered, device.in_foreign_call = address, None, False
    desk.agent_changed(agent_id)
    await desk.save()
    return device
