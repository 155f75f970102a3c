"""Writing touches: many in one statement, and one event for each, for desktops and the visitor's windows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from app.bus.outbox import append
from app.events import Address, TouchCreated, TouchUpdated
from customers import words
from interactions.life.work import Work
from models.touch import Touch

BYTES_MAX: Final = 200_000
"""Of a touch in an event: the log takes 256 KB."""

CHARACTERS_KEPT: Final = 20_000


@dataclass(frozen=True, slots=True)
class Written:
    """A touch to be written, and who must hear of it. `work` None: it belongs to no interaction."""

    touch: Touch
    address: Address | None
    work: Work | None = None
    visitor_id: UUID | None = None


async def write(session: AsyncSession, items: Sequence[Written], now: datetime) -> None:
    """Insert them and tell. The desk has saved the interactions, so their versions are the new ones."""
    for item in items:
        if item.work is not None:
            item.touch.interaction_id = item.work.interaction.id
            item.touch.interaction_version = item.work.interaction.version
        item.touch.search = words.of_text(f"{item.touch.subject or ''} {item.touch.text or ''}")
    Touch.insert_all(session, [item.touch for item in items])
    for item in items:
        _tell(session, item, now)


def tell_update(
    session: AsyncSession,
    touch: Touch,
    address: Address | None,
    agent_ids: Iterable[UUID],
    now: datetime,
    visitor_id: UUID | None = None,
) -> None:
    """Its delivery state or text changed; the caller holds the touch's row and has raised its version."""
    append(
        session,
        TouchUpdated(
            entity=f"touch/{touch.id}",
            version=touch.version,
            agent_ids=tuple(sorted(agent_ids)),
            touch_id=touch.id,
            interaction_id=touch.interaction_id,
            touch=fitting(touch.item(address)),
            visitor_id=visitor_id,
        ),
        key=str(touch.interaction_id or touch.id),
        at=now,
    )


def fitting(item: dict[str, Any]) -> dict[str, Any]:
    """The item as an event may carry it: of a very long one only the beginning, marked `cut`; all of it is on
    the timeline."""
    if len(orjson.dumps(item)) <= BYTES_MAX:
        return item
    return {**item, "html": None, "text": item["text"][:CHARACTERS_KEPT], "payload": {}, "cut": True}


def agents_of(work: Work) -> tuple[UUID, ...]:
    """Whose desktops show this conversation: who has a leg in it, or is to get it back."""
    preferred = work.interaction.preferred_agent_id
    found = {leg.agent_id for leg in work.legs} | ({preferred} if preferred else set())
    return tuple(sorted(found))


def _tell(session: AsyncSession, item: Written, now: datetime) -> None:
    touch, work = item.touch, item.work
    append(
        session,
        TouchCreated(
            entity=f"touch/{touch.id}",
            version=1,
            queue=None if work is None else work.interaction.queue,
            agent_ids=() if work is None else agents_of(work),
            touch_id=touch.id,
            interaction_id=touch.interaction_id,
            touch=fitting(touch.item(item.address)),
            visitor_id=item.visitor_id,
        ),
        key=str(touch.interaction_id or touch.id),
        at=now,
    )
