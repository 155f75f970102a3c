"""What a platform told that no adapter of this version understands: kept, cut to what the log carries."""

from typing import Any, Final

import orjson

from app.events import UnknownReceived
from app.hiding.cards import mask_cards_within
from app.text import clean_line, clean_value

BYTES_MAX: Final = 100_000
KIND_MAX: Final = 100
BEGINNING: Final = 10_000


def unknown(kind: str, payload: Any, **facts: Any) -> UnknownReceived:
    """`facts` are the event's other fields."""
    return UnknownReceived(kind=clean_line(kind)[:KIND_MAX], payload=_fitting(payload), **facts)


def _fitting(payload: Any) -> dict[str, Any]:
    cleaned = mask_cards_within(clean_value(payload))
    text = orjson.dumps(cleaned)
    if len(text) > BYTES_MAX:
        return {"cut": True, "beginning": text[:BEGINNING].decode("utf-8", "replace")}
    return cleaned if isinstance(cleaned, dict) else {"value": cleaned}
