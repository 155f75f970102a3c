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


_CARD: Final = re.compile(r"(?<![0-9+])[2-6][0-9](?:[ -]?[0-9]){11,17}(?![0-9])")
_ISSUERS: Final = re.compile(r"4|5[1-5]|2[2-7]|3[47]|35|6011|65|62")


def mask_cards(text: str) -> str:
    """`text` with payment card numbers (13 to 19 digits, an issuer's prefix, Luhn sum) cut to four digits."""
    return _CARD.sub(_masked, text)


def _masked(match: re.Match[str]) -> str:
    number = match[0]
    digits = [int(digit) for digit in number if digit.isdigit()]
    if not (_ISSUERS.match("".join(map(str, digits))) and _luhn(digits)):
        return number
    return re.sub(r"[0-9]", "*", number[:-4]) + number[-4:]


def _luhn(digits: list[int]) -> bool:
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
