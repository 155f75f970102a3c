"""`append`: how events leave a transaction. They are collected and written right before the commit, while
every row lock is still held, so an entity's events stand in the order of its versions. New rows that nothing
in the transaction reads again go with them, all in one statement: a round trip for each table cost more than
all that is decided about the rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final, Protocol
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import new_id
from app.driver import ask, json_text
from app.events import Envelope, Event, InboundEvent, Stream, dumps


class Outgoing(StrEnum):
    """What senders look for, besides the streams: it grew by a delivery."""

    COMMANDS = "commands"
    OTHERS = "others"


Slot = tuple[Stream | Outgoing, int]
"""A partition of a stream; of what is outgoing there is one, 0."""

_CAUSES = UUID("6f1f0e0a-5c86-4a6e-9d5a-3c1f5b6d7e80")

_COLUMNS: Final = {
    "stream": "text[]",
    "partition": "smallint[]",
    "key": "text[]",
    "id": "uuid[]",
    "tenant_id": "uuid[]",
    "type": "text[]",
    "source": "text[]",
    "subject": "text[]",
    "at": "timestamptz[]",
    "data": "bytea[]",
}


def _insertion(places: Iterable[str]) -> str:
    """Envelopes come as an array for each column."""
    arrays = ", ".join(
        f"CAST({place} AS {kind})" for place, kind in zip(places, _COLUMNS.values(), strict=True)
    )
    return f"INSERT INTO event_log ({', '.join(_COLUMNS)}) SELECT * FROM unnest({arrays})"  # noqa: S608 (our own words)


INSERTION: Final = _insertion(f"${number}" for number in range(1, len(_COLUMNS) + 1))
"""For `columns_of`, in their order."""


class Writes(Protocol):
    """New rows of one table, or what changes of its others. `statement` writes them from the recordset
    `:rows`."""

    statement: str

    def values(self) -> list[dict[str, Any]]:
        """Asked for right before."""

    def written(self, session: AsyncSession) -> None:
        """Told right after."""


@dataclass
class Outbox:
    """What one transaction will write: events, and rows by the name of what is written. `cause` is the
    consumed event now being applied: ids derive from it, so that a repeat has the same. `grown`: the slots
    written to."""

    tenant_id: UUID | None
    cause: UUID | None = None
    ordinal: int = 0
    envelopes: list[Envelope] = field(default_factory=list)
    outgoing: set[Outgoing] = field(default_factory=set)
    writes: dict[str, Writes] = field(default_factory=dict)
    grown: set[Slot] = field(default_factory=set)

    def forget(self) -> None:
        """Nothing of it happens."""
        self.envelopes.clear()
        self.writes.clear()

    def next_id(self) -> UUID:
        if self.cause is None:
            return new_id()
        self.ordinal += 1
        return uuid5(_CAUSES, f"{self.cause}/{self.ordinal}")


def outbox(session: AsyncSession) -> Outbox:
    """The transaction's own outbox; `Database.transaction` puts it there."""
    found: Outbox = session.info["outbox"]
    return found


def caused_by(session: AsyncSession, event_id: UUID) -> None:
    """From here on the session's events are effects of the consumed `event_id`: a repeat gets the same
    ids."""
    box = outbox(session)
    box.cause, box.ordinal = event_id, 0


def append(session: AsyncSession, event: Event, *, key: str, at: datetime | None = None) -> None:
    """Add `event` to its stream under `key`. The caller holds the entity's row lock."""
    box = outbox(session)
    assert box.tenant_id is not None, "events belong to a tenant"
    box.envelopes.append(
        Envelope(
            id=box.next_id(),
            tenant_id=box.tenant_id,
            stream=event.stream,
            key=key,
            type=event.type,
            at=at or datetime.now(UTC),
            data=dumps(event),
        )
    )


def append_inbound(session: AsyncSession, endpoint_id: UUID, event: InboundEvent) -> None:
    """Add what an endpoint's platform told when it was asked, as if it had come by itself."""
    box = outbox(session)
    assert box.tenant_id is not None, "events belong to a tenant"
    box.envelopes.append(
        Envelope(
            id=box.next_id(),
            tenant_id=box.tenant_id,
            stream=event.stream,
            key=event.key(endpoint_id),
            type=event.type,
            at=datetime.now(UTC),
            data=dumps(event),
            source=f"/endpoints/{endpoint_id}",
        )
    )


async def write_rows(session: AsyncSession) -> None:
    """Write the new rows now: the transaction is about to read them. One that only reads has none."""
    if "outbox" in session.info:
        await session.flush()
        await _write(session, ())


async def flush(session: AsyncSession) -> None:
    """Write the new rows and what was appended."""
    box = outbox(session)
    envelopes, box.envelopes = box.envelopes, []
    await _write(session, envelopes)
    box.grown |= slots_of(envelopes) | {(outgoing, 0) for outgoing in box.outgoing}


async def _write(session: AsyncSession, envelopes: Sequence[Envelope]) -> None:
    box = outbox(session)
    writes, box.writes = box.writes, {}
    if not writes and not envelopes:
        return
    names = sorted(writes)
    statement = _statement(tuple((name, writes[name].statement) for name in names))
    rows = [json_text(writes[name].values()) for name in names]
    await ask(session, statement, *columns_of(envelopes), *rows)
    for one in writes.values():
        one.written(session)


@cache
def _statement(parts: tuple[tuple[str, str], ...]) -> str:
    """The order of the parts means nothing: references are checked at the end of the whole."""
    if not parts:
        return INSERTION
    rows = ", ".join(
        f"wrote_{name} AS ({statement.replace(':rows', f'CAST(${number} AS jsonb)')})"
        for number, (name, statement) in enumerate(parts, len(_COLUMNS) + 1)
    )
    return f"WITH {rows} {INSERTION}"


def columns_of(envelopes: Sequence[Envelope]) -> tuple[list[Any], ...]:
    """As `INSERTION` takes them."""
    return (
        [e.stream.value for e in envelopes],
        [e.partition for e in envelopes],
        [e.key for e in envelopes],
        [e.id for e in envelopes],
        [e.tenant_id for e in envelopes],
        [e.type for e in envelopes],
        [e.source for e in envelopes],
        [e.subject for e in envelopes],
        [e.at for e in envelopes],
        [e.data for e in envelopes],
    )


def slots_of(envelopes: Iterable[Envelope]) -> frozenset[tuple[Stream, int]]:
    return frozenset((envelope.stream, envelope.partition) for envelope in envelopes)
