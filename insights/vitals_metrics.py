"""The same for the operator's monitoring, over all tenants. The worker that looks has no port of its own: an
api process that is scraped reads what the workers left in the database."""

from typing import Final

from prometheus_client import Gauge
from sqlalchemy.ext.asyncio import AsyncSession

from app.telemetry import REGISTRY
from models.vitals import RoutingVitals

_GAUGES: Final = {
    name: Gauge(f"touchpoint_routing_{name}", text, registry=REGISTRY)
    for name, text in {
        "breach_seconds": "Today: how long work waited beside an agent who may take it. Must be 0.",
        "overtakes": "Today: offers that went before others by more than their head start. Must be 0.",
        "double_legs": "Interactions with more than one live primary leg. Must be 0.",
        "oldest_eligible_seconds": "The longest wait of what somebody available may take.",
        "not_responding": "Agents who do not respond.",
        "alarms": "Queues of which half of the agents stopped responding within a minute.",
        "unchecked_seconds": "Since a worker last looked at the tenant that was longest not looked at.",
    }.items()
}


async def refresh(session: AsyncSession) -> None:
    """Set the gauges to what was seen last."""
    for name, value in (await RoutingVitals.of_all(session)).items():
        _GAUGES[name].set(value)
