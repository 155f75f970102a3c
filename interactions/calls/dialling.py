"""Calls of ours on their way out: the agent's device rings first, then the customer's."""

from uuid import UUID

from app.clock import new_id
from interactions.life.command_rows import issue
from interactions.life.desk import Desk
from interactions.life.work import Work
from interactions.touches.touches import Written, write
from models.agent import Device
from models.call import Call
from models.customer import ContactAddress
from models.endpoint import Endpoint
from models.interaction import Interaction
from models.leg import Leg
from models.touch import Touch


def dial_out(desk: Desk, work: Work, leg: Leg, device: Device, to: str, ours: str | None) -> None:
    """`to` is the customer's number, `ours` the one that they are shown."""
    leg.device = device.address
    given = {"to": to, "device": device.address, "confirm_key": device.confirm_key, "from": ours}
    leg.route_command_id = issue(desk.session, work.interaction, desk.now, "call.dial", **given)


async def redial(desk: Desk, work: Work, leg: Leg, device: Device) -> None:
    """A callback, or a call of ours in another agent's hands, before the customer was reached."""
    x = work.interaction
    endpoint = await desk.session.get_one(Endpoint, x.endpoint_id)
    to = x.callback_to or (await desk.session.get_one(ContactAddress, x.address_id)).value
    x.conversation = str(new_id())
    desk.session.add(call_of(x))
    dial_out(desk, work, leg, device, to, endpoint.address)
    if work.is_callback:
        await _write_touch(desk, work, leg.agent_id, to)


def call_of(x: Interaction) -> Call:
    """Known before the platform tells of it: its events bear the id that we gave."""
    assert x.endpoint_id is not None and x.conversation is not None
    return Call(
        id=new_id(),
        tenant_id=x.tenant_id,
        endpoint_id=x.endpoint_id,
        call_id=x.conversation,
        interaction_id=x.id,
        legs={},
        facts={},
        absent_count=0,
    )


async def _write_touch(desk: Desk, work: Work, agent_id: UUID, to: str) -> None:
    x, agent = work.interaction, desk.agents[agent_id]
    touch = Touch(
        tenant_id=x.tenant_id,
        id=new_id(),
        address_id=x.address_id,
        endpoint_id=x.endpoint_id,
        at=desk.now,
        direction="outbound",
        kind="call",
        channel="voice",
        text="",
        payload={"call_id": x.conversation, "to": to, "purpose": "callback"},
        author={"type": "agent", "id": str(agent.id), "name": agent.name},
        attachments=[],
        delivery_hops=[],
        version=1,
    )
    address = await ContactAddress.address_of(desk.session, x.address_id)
    await write(desk.session, [Written(touch, address, work)], desk.now)
