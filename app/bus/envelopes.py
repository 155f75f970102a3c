"""Envelopes: of what an endpoint told; and as one JSON document (CloudEvents 1.0, structured mode, with our
stream and key), which is how dead letters keep them."""

import base64
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from app.clock import new_id
from app.events import Envelope, InboundEvent, Stream, dumps


def to_json(envelope: Envelope) -> bytes:
    document = {
        "specversion": "1.0",
        "id": str(envelope.id),
        "source": envelope.source,
        "type": envelope.type,
        "time": envelope.at,
        "subject": envelope.subject,
        "tenantid": str(envelope.tenant_id),
        "stream": envelope.stream,
        "key": base64.b64encode(envelope.key.encode(errors="surrogatepass")).decode(),
        "data_base64": base64.b64encode(envelope.data).decode(),
    }
    return orjson.dumps({name: value for name, value in document.items() if value is not None})


def from_json(raw: bytes) -> Envelope:
    """Raises ValueError for anything that `to_json` did not write."""
    document: Any = orjson.loads(raw)
    try:
        return Envelope(
            id=UUID(document["id"]),
            tenant_id=UUID(document["tenantid"]),
            stream=Stream(document["stream"]),
            key=base64.b64decode(document["key"]).decode(errors="surrogatepass"),
            type=document["type"],
            at=datetime.fromisoformat(document["time"]),
            data=base64.b64decode(document["data_base64"]),
            source=document["source"],
            subject=document.get("subject"),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not an event: {error!r}") from error


def from_endpoint(tenant_id: UUID, endpoint_id: UUID, event: InboundEvent, at: datetime) -> Envelope:
    """`event` as it stands in the log; `at`: when it reached us."""
    return Envelope(
        id=new_id(),
        tenant_id=tenant_id,
        stream=event.stream,
        key=event.key(endpoint_id),
        type=event.type,
        at=at,
        data=dumps(event),
        source=f"/endpoints/{endpoint_id}",
    )
