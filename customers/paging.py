"""Keyset pages of touches: a cursor is the place (time, id) of the last item of the page before."""

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from app.errors import Invalid

CURSOR_MAX_CHARACTERS: Final = 200

Place = tuple[datetime, UUID]


def cursor_of(place: Place) -> str:
    at, id_ = place
    return base64.urlsafe_b64encode(f"{at.isoformat()} {id_}".encode()).decode().rstrip("=")


def read_cursor(cursor: str | None, name: str = "cursor") -> Place | None:
    """Raises Invalid for what is no cursor of ours."""
    if cursor is None:
        return None
    try:
        padded = cursor[:CURSOR_MAX_CHARACTERS] + "=" * (-len(cursor) % 4)
        at, _, id_ = base64.urlsafe_b64decode(padded).decode().partition(" ")
        place = datetime.fromisoformat(at), UUID(id_)
        if place[0].tzinfo is None:
            raise ValueError("a cursor's time has a zone")
    except (ValueError, binascii.Error):
        message = "not a cursor that this list has given"
        raise Invalid(errors=[{"pointer": f"/{name}", "message": message}]) from None
    return place


def page_of(items: Sequence[dict[str, Any]], places: Sequence[Place], limit: int) -> dict[str, Any]:
    """`items` was asked for one more than `limit`: whether there is a next page."""
    more = len(items) > limit
    return {"items": list(items[:limit]), "next_cursor": cursor_of(places[limit - 1]) if more else None}
