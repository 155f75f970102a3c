"""Which endpoints' platforms are in trouble, or asked us to slow down: what the senders know of them now."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import rfc3339
from models.circuit import Circuit
from models.endpoint import Endpoint


async def troubled(session: AsyncSession) -> list[dict[str, Any]]:
    """Of the session's tenant: {endpoint, state, since, until, reason}. `state` open: nothing is sent there
    until a probe at `until` comes through; slowed_down: the platform wants nothing until then."""
    told = Circuit.opened_at.is_not(None) | Circuit.resting_until.is_not(None)
    query = select(Circuit, Endpoint.key).join(Endpoint, Endpoint.id == Circuit.endpoint_id).where(told)
    rows = await session.execute(query.order_by(Endpoint.key))
    return [
        {
            "endpoint": key,
            "state": "slowed_down" if circuit.opened_at is None else "open",
            "since": rfc3339(circuit.opened_at),
            "until": rfc3339(circuit.resting_until),
            "reason": circuit.reason,
        }
        for circuit, key in rows
    ]
