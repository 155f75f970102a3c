"""Texts of the set-up with places in them, `{name}`, that are filled when they are used."""

import re
from collections.abc import Collection, Mapping
from typing import Final

_PLACE: Final = re.compile(r"\{[^{}]*\}")


def known_places(text: str, known: Collection[str]) -> str:
    """The text. Raises ValueError, naming the place that is not among `known`."""
    for place in _PLACE.findall(text):
        if place[1:-1] not in known:
            there_are = ", ".join(f"{{{name}}}" for name in sorted(known))
            raise ValueError(f"{place} is not known; there are {there_are}")
    return text


def filled(text: str, words: Mapping[str, str]) -> str:
    """In one pass: what a customer wrote is never read as a place."""
    return _PLACE.sub(lambda place: words.get(place[0][1:-1], place[0]), text)
