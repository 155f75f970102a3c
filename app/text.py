"""The one choke point for text from outside: what PostgreSQL cannot hold goes, all else stays exactly.

Normalisation, in full: NUL is removed; a lone surrogate becomes U+FFFD; CR LF and lone CR become LF.
Nothing is trimmed, case-folded or Unicode-normalised.
"""

import re
from typing import Any, Final

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029]+")


def clean_text(text: str) -> str:
    """`text` as it is stored and shown."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def clean_line(text: str) -> str:
    """A name or a subject: one line, controls become a blank, ends are trimmed."""
    return _CONTROL.sub(" ", clean_text(text)).strip()


def clean_value(value: Any) -> Any:
    """A JSON value with every text in it cleaned, keys too. Depth is bounded by `app.json_body`."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_text(str(key)): clean_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean_value(item) for item in value]
    return value
