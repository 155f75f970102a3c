"""An envelope as a Kafka record (CloudEvents' binary mode: attributes in headers), and cursors as vectors of
offsets. Our partition is Kafka's partition, given explicitly."""

import base64
from binascii import Error
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from app.bus.port import Position, Record
from app.errors import CursorGone
from app.events import PARTITIONS, Envelope, Stream
from app.security import CannotOpen, SealingKey

Headers = Sequence[tuple[str, bytes]]
Offsets = Mapping[int, int]
"""The next offset to read of each partition."""

SEALED: Final = "application/vnd.touchpoint.sealed"
"""JSON under the installation's key, for the event's id (decision 0150)."""

OPEN: Final = b"application/json"
"""Records of versions that sealed nothing; a topic holds them for a week more."""

_NOT_OURS: Final = "This is not a cursor of this log."


def headers_of(envelope: Envelope) -> Headers:
    return [(name, value.encode()) for name, value in cloud_event_headers(envelope).items()]


def read_record(
    key: bytes | None, value: bytes | None, headers: Headers, offset: int, seal: SealingKey
) -> Record:
    """Never raises: what is not ours becomes a record without an envelope."""
    after = position_after(headers, offset)
    try:
        envelope = _envelope(key or b"", value or b"", dict(headers), offset, seal)
    except (KeyError, ValueError, CannotOpen) as error:
        return Record(after, None, value or b"", f"offset {offset} holds no event: {error!r}")
    return Record(after, envelope)


def position_after(headers: Headers, offset: int) -> Position:
    """Of a consumer that has applied the record; what is not ours has no event id."""
    try:
        return Position(position=offset + 1, event_id=UUID(dict(headers)["ce_id"].decode()))
    except (KeyError, ValueError):
        return Position(position=offset + 1)


def _envelope(
    key: bytes, value: bytes, headers: Mapping[str, bytes], offset: int, seal: SealingKey
) -> Envelope:
    subject, event_id = headers.get("ce_subject"), UUID(headers["ce_id"].decode())
    return Envelope(
        id=event_id,
        tenant_id=UUID(headers["ce_tenantid"].decode()),
        stream=Stream(headers["ce_stream"].decode()),
        key=key.decode(),
        type=headers["ce_type"].decode(),
        at=datetime.fromisoformat(headers["ce_time"].decode()),
        data=value if headers["content-type"] == OPEN else seal.open(event_id, value),
        source=headers["ce_source"].decode(),
        subject=None if subject is None else subject.decode(),
        position=offset,
    )


def dump_cursor(offsets: Offsets) -> str:
    text = ",".join(f"{offsets[number]:x}" for number in range(PARTITIONS))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def load_cursor(cursor: str) -> dict[int, int]:
    """Raises CursorGone for what is not ours."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        offsets = [int(number, 16) for number in text.split(",")]
    except (Error, ValueError):
        raise CursorGone(_NOT_OURS) from None
    if len(offsets) != PARTITIONS or not all(0 <= offset < 2**63 for offset in offsets):
        raise CursorGone(_NOT_OURS)
    return dict(enumerate(offsets))


def cloud_event_headers(envelope: Envelope) -> Mapping[str, str]:
    """CloudEvents 1.0 attributes, Kafka protocol binding, binary mode."""
    headers = {
        "ce_specversion": "1.0",
        "ce_id": str(envelope.id),
        "ce_source": envelope.source,
        "ce_type": envelope.type,
        "ce_time": envelope.at.isoformat(),
        "ce_tenantid": str(envelope.tenant_id),
        "ce_stream": envelope.stream.value,
        "content-type": SEALED,
    }
    return headers if envelope.subject is None else {**headers, "ce_subject": envelope.subject}
