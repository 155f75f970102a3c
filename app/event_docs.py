"""docs/events.md from the catalogue: `python -m app.event_docs` writes it, a test compares."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from app.events import CATALOGUE, Event, Stream

PAGE: Final = Path(__file__).parents[1] / "docs" / "events.md"

_HEAD: Final = """# Events

Written from `app/events/`; do not edit. Each event is a CloudEvents 1.0 record. Within `v1` only
optional fields are added, and readers ignore fields and types that they do not know.
"""
_STREAMS: Final = {
    Stream.INBOUND: "What channels tell us. Key: endpoint and conversation, else endpoint and address.",
    Stream.ROUTING: "Facts for the router. Key: the tenant.",
    Stream.ACTIVITY: "Everything that happened: the public stream. Key: the interaction, else the entity.",
}


def render() -> str:
    """The whole page."""
    return _HEAD + "".join(part for stream in _STREAMS for part in _stream(stream))


def _stream(stream: Stream) -> Iterator[str]:
    yield f"\n## {stream.value}\n\n{_STREAMS[stream]}\n"
    for name, model in CATALOGUE.items():
        if model.stream == stream:
            yield from _event(name, model)


def _event(name: str, model: type[Event]) -> Iterator[str]:
    own = (model.__doc__ or "").strip() if "__doc__" in vars(model) and model.__doc__ else ""
    yield f"\n### {name}\n\n"
    if own:
        yield " ".join(own.split()) + "\n\n"
    yield "| Field | Type | |\n| --- | --- | --- |\n"
    for field, info in model.model_fields.items():
        kind = str(info.annotation).replace("typing.", "").replace("<class '", "").removesuffix("'>")
        kind = (
            re.sub(r"app\.events\.\w+\.", "", kind)
            .replace("datetime.datetime", "time")
            .replace("uuid.UUID", "id")
        )
        needed = "required" if info.is_required() else ""
        yield f"| `{field}` | `{kind.replace('|', 'or')}` | {needed} |\n"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
