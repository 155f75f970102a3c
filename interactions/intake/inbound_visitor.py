"""A visitor's sockets come and go: whether they are here is the later of the two, whatever was told first."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from app.events import Address, VisitorConnected, VisitorDisconnected
from interactions.intake.inbound import Inbound

VisitorEvent = VisitorConnected | VisitorDisconnected


def visitor_id(event: VisitorEvent) -> UUID | None:
    named = event.address.value if event.address is not None else event.conversation
    try:
        return UUID(named or "")
    except ValueError:
        return None


def movements(items: Sequence[tuple[Inbound, VisitorEvent]]) -> list[dict[str, Any]]:
    """One row a visitor, for `Visitor.came_and_went`."""
    rows: dict[UUID, dict[str, Any]] = {}
    for inbound, event in items:
        visitor = visitor_id(event)
        if visitor is None:
            continue
        row = rows.setdefault(visitor, dict.fromkeys(("connected_at", "disconnected_at", "name", "page")))
        row["id"] = visitor
        if isinstance(event, VisitorConnected):
            row["connected_at"] = max(row["connected_at"] or inbound.at, inbound.at)
            row["name"], row["page"] = event.name or row["name"], event.page or row["page"]
        else:
            row["disconnected_at"] = max(row["disconnected_at"] or inbound.at, inbound.at)
    return list(rows.values())


def conversation(inbound: Inbound, event: VisitorEvent) -> tuple[UUID, str] | None:
    """Where the visitor's chat is."""
    visitor = visitor_id(event)
    return None if visitor is None else (inbound.endpoint_id, event.conversation or str(visitor))


def names(movements: Sequence[Mapping[str, Any]]) -> dict[Address, str]:
    """Who has said their name."""
    named = [(str(row["id"]), row["name"]) for row in movements if row["name"]]
    return {Address(kind="visitor", value=visitor): name for visitor, name in named}
