"""What a participant of a conference is called there: its part, and the order that made it."""

from typing import Final, Literal, NamedTuple
from uuid import UUID

Part = Literal["customer", "agent", "consult"]

CUSTOMER: Final = "customer"

_PARTS: Final[dict[str, Part]] = {
    "customer": "customer",
    "called": "customer",
    "agent": "agent",
    "dial": "agent",
    "away": "agent",
    "consult": "consult",
    "outside": "consult",
}
"""called: whom we called; dial: the agent who calls them; away: where the caller is sent to; outside: a
number that is consulted."""


class Label(NamedTuple):
    kind: str
    part: Part
    command_id: UUID | None


def label_of(text: str) -> Label | None:
    """None for what we did not write."""
    kind, _, command = text.partition("-")
    part = _PARTS.get(kind)
    if part is None:
        return None
    try:
        return Label(kind, part, UUID(command) if command else None)
    except ValueError:
        return None
