"""Commands to a telephony platform as rows of `delivery`: valid five seconds, sent until then."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import new_id
from models.bulk import insert_rows
from models.delivery import Delivery
from models.interaction import Interaction
from models.leg import Leg

COMMAND_SECONDS = 5


def issue(session: AsyncSession, x: Interaction, now: datetime, command: str, **arguments: Any) -> UUID:
    """Tell the platform to do something with this call; the command's id."""
    assert x.endpoint_id is not None and x.conversation is not None, "a call has an endpoint and a call id"
    command_id = new_id()
    given = {name: value for name, value in arguments.items() if value is not None}
    row = command_row(
        x.tenant_id, x.endpoint_id, command_id, command, f"{x.endpoint_id}/{x.conversation}", now, given
    )
    row.interaction_id = x.id
    row.payload["call_id"] = x.conversation
    insert_rows(session, [row])
    return command_id


def stop_ringing(session: AsyncSession, x: Interaction, now: datetime, leg: Leg) -> None:
    """The agent's device rings no more, or leaves the call; the customer stays with the platform."""
    if leg.route_command_id is not None:
        command = str(leg.route_command_id)
        named = {"leg_id": leg.device_leg_id, "route_command_id": command, "to": leg.device}
        issue(session, x, now, "call.cancel", **named)


def command_row(
    tenant_id: UUID,
    endpoint_id: UUID,
    command_id: UUID,
    command: str,
    conversation: str,
    now: datetime,
    arguments: dict[str, Any],
) -> Delivery:
    return Delivery(
        id=command_id,
        tenant_id=tenant_id,
        endpoint_id=endpoint_id,
        kind="command",
        conversation=conversation,
        payload={"command": command, "issued_at": now.isoformat(), "arguments": arguments},
        provider_key=str(command_id),
        next_attempt_at=now,
        created_at=now,
        expires_at=now + timedelta(seconds=COMMAND_SECONDS),
    )
