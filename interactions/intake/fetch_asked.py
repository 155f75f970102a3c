"""A webhook says that its platform holds something for us: it becomes a delivery that fetches it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.clock import new_id
from app.events import FetchAsked
from interactions.intake.inbound import Inbound


def asked(inbounds: Sequence[Inbound]) -> list[dict[str, Any]]:
    """What `Delivery.ask_to_fetch` takes: of one thing at one endpoint the latest hint."""
    latest: dict[tuple[UUID, str], dict[str, Any]] = {}
    for inbound in inbounds:
        event = inbound.event
        if isinstance(event, FetchAsked):
            about = event.conversation or ""
            latest[inbound.endpoint_id, about] = {
                "id": str(new_id()),
                "tenant_id": str(inbound.envelope.tenant_id),
                "endpoint_id": str(inbound.endpoint_id),
                "about": about,
                "hint": event.hint,
            }
    return list(latest.values())
