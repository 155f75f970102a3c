"""How numbers are hidden in text, whatever numbers they are: between which characters their digits may
stand, across tags of HTML, and in the texts of a JSON value."""

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

UNSEEN: Final = (
    "\x00-\x08\x0e-\x1b\x7f\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe0f\ufeff"
)
"""Characters that nobody sees, as a part of a character class."""

SEPARATORS: Final = r"\s._/\\|\-\u00b7\u2010-\u2015\u2022\u2027\u2212\u3002\u30fb\ufe63\uff0d\uff0e\uff3f"

Mask = Callable[[str], str]
"""Keeps the text's length and what it does not hide."""

_TAG: Final = re.compile(r"<[^<>]*+>")
_MARK: Final = "\x1e"
"""Reads as a blank."""


def cut(text: str, spans: Iterable[tuple[int, int]], mask: Mask) -> str:
    """`text` with what stands in `spans` masked; they are in order and do not overlap."""
    pieces, at = [], 0
    for start, end in spans:
        pieces += [text[at:start], mask(text[start:end])]
        at = end
    return "".join([*pieces, text[at:]])


def in_html(html: str, mask: Mask) -> str:
    """The same where tags stand between the digits, and within each tag. `html` is a parser's output."""
    text = html.replace(_MARK, "").replace("&nbsp;", "\u00a0")
    tags = [mask(tag) for tag in _TAG.findall(text)]
    pieces = mask(_TAG.sub(_MARK, text)).split(_MARK)
    return "".join(piece + tag for piece, tag in zip(pieces, [*tags, ""], strict=True))


def within(value: Any, mask: Mask) -> Any:
    """A JSON value with its texts masked, names of members too."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {mask(str(name)): within(item, mask) for name, item in value.items()}
    if isinstance(value, list):
        return [within(item, mask) for item in value]
    if isinstance(value, int) and (hidden := mask(str(value))) != str(value):
        return hidden
    return value
