"""What all events share: the streams, the envelope of one record, and the base of the typed models."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID
from zlib import crc32

from pydantic import BaseModel, ConfigDict

PARTITIONS = 32
"""Written at `migrate` and never changed: `crc32(key) % 32` on both logs."""


class Stream(StrEnum):
    INBOUND = "inbound"
    ROUTING = "routing"
    ACTIVITY = "activity"


def partition_of(key: str) -> int:
    return crc32(key.encode()) % PARTITIONS


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Address(Frozen):
    """`kind`: phone (E.164), extension, short_code, sip, email, visitor, external (the site's
    own id of who signed in there), anonymous (of one interaction),
    wechat (`<app id>:<openid>`), wecom (`<corporation>:<user>`), custom (a bridged platform's own id)."""

    kind: str
    value: str


CATALOGUE: "dict[str, type[Event]]" = {}
"""Every type of event, by its CloudEvents type."""


class Event(Frozen):
    """A fact. `type` is its CloudEvents type, `stream` where it stands."""

    type: ClassVar[str]
    stream: ClassVar[Stream]

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        if "type" in vars(cls):
            CATALOGUE[cls.type] = cls


@dataclass(frozen=True, slots=True)
class Envelope:
    """One record of the log. `source` is `/endpoints/<id>` for inbound, else `/touchpoint`; `data` is JSON;
    `position` is set on what was read: the row's position, or Kafka's offset."""

    id: UUID
    tenant_id: UUID
    stream: Stream
    key: str
    type: str
    at: datetime
    data: bytes
    source: str = "/touchpoint"
    subject: str | None = None
    position: int | None = None

    def __hash__(self) -> int:
        return hash(self.id)

    @property
    def partition(self) -> int:
        return partition_of(self.key)

    def event(self) -> "Event | None":
        """The typed event, or None for a type this version does not know. Raises ValueError on bad data."""
        model = CATALOGUE.get(self.type)
        return None if model is None else model.model_validate_json(self.data)


def dumps(event: Event) -> bytes:
    """The event's JSON as it stands in the log."""
    return event.__pydantic_serializer__.to_json(event, exclude_none=True)
