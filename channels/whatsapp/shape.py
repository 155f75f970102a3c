"""Reading somebody else's JSON by hand: a hot path, and errors that name the field."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.errors import MalformedPayload

TEXT_MAX: Final = 65_536


def member(value: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    """An object that must be there."""
    found = value.get(name)
    if not isinstance(found, dict):
        raise MalformedPayload("an object is required", f"{where}/{name}")
    return found


def text(value: Mapping[str, Any], name: str, where: str) -> str:
    """A text that must be there and say something."""
    found = value.get(name)
    if not isinstance(found, str) or not 0 < len(found) <= TEXT_MAX:
        raise MalformedPayload("a text is required", f"{where}/{name}")
    return found


def optional(value: Mapping[str, Any], name: str) -> str:
    """A text, or an empty one where there is none."""
    found = value.get(name)
    return found[:TEXT_MAX] if isinstance(found, str) else ""


def objects(value: Mapping[str, Any], name: str, where: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Each object of a list that must be there, and its pointer."""
    found = value.get(name)
    if not isinstance(found, list):
        raise MalformedPayload("a list is required", f"{where}/{name}")
    for index, item in enumerate(found):
        place = f"{where}/{name}/{index}"
        if not isinstance(item, dict):
            raise MalformedPayload("an object is required", place)
        yield item, place


def items(value: Mapping[str, Any], name: str, where: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    """As `objects`, of a list that may be missing."""
    if value.get(name) is not None:
        yield from objects(value, name, where)
