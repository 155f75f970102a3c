"""Kinds of events that this version does not know: kept in the exchange log for the administrator."""

from collections.abc import Iterable
from typing import Any

import orjson

from app.events import UnknownReceived
from channels.redaction import without_secrets
from interactions.intake.inbound import Inbound


def rows(inbounds: Iterable[Inbound]) -> list[dict[str, Any]]:
    """For `models.exchange.Exchange.insert_all`."""
    return [
        {
            "id": inbound.envelope.id,
            "endpoint_id": inbound.endpoint_id,
            "interaction_id": None,
            "touch_id": None,
            "delivery_id": None,
            "direction": "in",
            "at": inbound.envelope.at.isoformat(),
            "method": "POST",
            "url": f"/webhooks/{inbound.endpoint_id}",
            "status": 200,
            "outcome": "unknown",
            "reason": inbound.event.kind,
            "seconds": None,
            "request": without_secrets(orjson.dumps(inbound.event.payload).decode()),
            "response": "",
        }
        for inbound in inbounds
        if isinstance(inbound.event, UnknownReceived)
    ]
