"""Identity numbers in text: found by what makes them valid, and masked.

`cn_resident` is the number of Chinese identity cards and residence permits (GB 11643): region, date of birth,
sequence, check digit (ISO 7064 MOD 11-2). `us_ssn` is a US social security number in its written form; it has
no check digit, so only its invalid groups tell it from others. Digits of any script; blanks, dashes, dots and
characters that nobody sees may stand between. Takes time in proportion to the text.
"""

import re
from collections.abc import Callable, Collection
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from app.masking import SEPARATORS, UNSEEN, cut


class Kind(StrEnum):
    CN_RESIDENT = "cn_resident"
    US_SSN = "us_ssn"


class Found(NamedTuple):
    """Where it stands, and the number itself: ASCII, nothing between."""

    start: int
    end: int
    number: str


_GAP: Final = rf"[{UNSEEN}{SEPARATORS}]{{0,8}}+"
_CN_RESIDENT: Final = re.compile(rf"\d(?<!\d\d)(?=((?:{_GAP}\d){{16}}{_GAP}[\dXxＸｘ*])(?!\d))")
"""Each begins with its first digit, so that text without digits takes no time, and looks ahead, so that
another may begin within. On a telephone's keys X is `*`."""

_DASH: Final = r"[\s\-\u2010-\u2015\u2212\uff0d]"
_US_SSN: Final = re.compile(rf"\d(?<!\d\d)(?<!\d[.\-]\d)(?=(\d\d({_DASH})\d\d\2\d{{4}})(?!\d|[.\-]\d))")

_PROVINCE: Final = re.compile("1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]")
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS: Final = "10X98765432"
_BORN: Final = range(1900, 2100)

_ADVERTISED: Final = frozenset({"078051120", "219099999"})
"""Printed on samples and in advertisements; nobody's."""


def find_identity_numbers(text: str, kinds: Collection[Kind]) -> list[Found]:
    """In their order; none overlaps another."""
    found: list[Found] = []
    for kind in kinds:
        shape, is_valid = _RULES[kind]
        for match in shape.finditer(text):
            start, end = match.start(), match.end(1)
            number = _plain(text[start:end])
            if is_valid(number):
                found.append(Found(start, end, number))
    return _apart(sorted(found))


def mask_identity_numbers(text: str, kinds: Collection[Kind] = tuple(Kind)) -> str:
    """`text` with the middle of every identity number cut out; its length stays."""
    found = find_identity_numbers(text, kinds)
    return cut(text, [(one.start, one.end) for one in found], masked) if found else text


def masked(number: str) -> str:
    """`110101********123X`: region and last four; of a shorter number the last four."""
    count = sum(map(_counts, number))
    shown, letters = (6 if count == 18 else 0), []
    at = 0
    for letter in number:
        letters.append("*" if _counts(letter) and shown <= at < count - 4 else letter)
        at += _counts(letter)
    return "".join(letters)


def _counts(letter: str) -> bool:
    return letter.isdecimal() or letter in "XxＸｘ*"


def _plain(written: str) -> str:
    return "".join(str(int(c)) if c.isdecimal() else "X" for c in written if _counts(c))


def _apart(found: list[Found]) -> list[Found]:
    kept: list[Found] = []
    for one in found:
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept


def _is_cn_resident(number: str) -> bool:
    region = number[1:3] if number[0] == "9" else number[:2]  # 9: a foreigner's residence permit
    is_region = _PROVINCE.fullmatch(region) is not None
    return is_region and _is_born(number[6:14]) and number[17] == _check_digit(number)


def _is_born(day: str) -> bool:
    try:
        return date(int(day[:4]), int(day[4:6]), int(day[6:])).year in _BORN
    except ValueError:
        return False


def _check_digit(number: str) -> str:
    """ISO 7064 MOD 11-2."""
    return _CHECK_DIGITS[sum(w * int(d) for w, d in zip(_WEIGHTS, number, strict=False)) % 11]


def _is_us_ssn(number: str) -> bool:
    area, group, serial = number[:3], number[3:5], number[5:]
    assigned = area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"
    return assigned and number not in _ADVERTISED


_RULES: Final[dict[Kind, tuple[re.Pattern[str], Callable[[str], bool]]]] = {
    Kind.CN_RESIDENT: (_CN_RESIDENT, _is_cn_resident),
    Kind.US_SSN: (_US_SSN, _is_us_ssn),
}
