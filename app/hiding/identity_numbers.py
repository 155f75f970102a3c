"""Identity numbers in text: found by what makes them valid, and masked.

`cn_resident` is the number of Chinese identity cards and residence permits (GB 11643): region, date of
birth, sequence, check digit (ISO 7064 MOD 11-2); or as it was until 1999 (`old_numbers`). `us_ssn` is a US
social security number in its written form; it has no check digit, so only its invalid groups tell it from
others. Digits of any script; blanks, dashes, dots and characters that nobody sees may stand between. Takes
time in proportion to the text.
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from enum import StrEnum
from itertools import chain
from typing import Final, NamedTuple

from app.hiding.births import year_born
from app.hiding.masking import SEPARATORS, UNSEEN, cut
from app.hiding.old_numbers import is_old_number


class Kind(StrEnum):
    CN_RESIDENT = "cn_resident"
    US_SSN = "us_ssn"


class Found(NamedTuple):
    """Where it stands, and the number itself: ASCII, nothing between."""

    start: int
    end: int
    number: str


PLACES: Final = 18
"""Of a Chinese number."""

OLD_PLACES: Final = 15
"""Of one until 1999."""

_GAP: Final = rf"[{UNSEEN}{SEPARATORS}]{{0,8}}+"
_ROW: Final = re.compile(rf"\d(?:{_GAP}\d){{16,}}+(?:{_GAP}[XxＸｘ*](?!\d))?")
"""On a telephone's keys X is `*`."""

_GROUP: Final = re.compile(rf"[\dXxＸｘ*](?:[{UNSEEN}]{{0,8}}+[\dXxＸｘ*])*")
_DASH: Final = r"[\s\-\u2010-\u2015\u2212\uff0d]"
_US_SSN: Final = re.compile(rf"\d(?<!\d\d)(?<!\d[.\-]\d)\d\d({_DASH})\d\d\1\d{{4}}(?!\d|[.\-]\d)")

_THREE: Final = rf"\d(?:[{UNSEEN}]{{0,8}}+\d){{2}}"
_SIX: Final = rf"\d(?:[{UNSEEN}]{{0,8}}+\d){{5}}"
_OLD: Final = re.compile(
    rf"(?<![\dA-Za-z+])(?<!\d[.\-]){_SIX}([{UNSEEN}]{{0,8}}+|{_DASH}){_SIX}\1{_THREE}(?![\dA-Za-z]|[.\-]\d)"
)

_PROVINCE: Final = re.compile("1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]")
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS: Final = "10X98765432"
_BORN: Final = range(1900, 2100)

_ADVERTISED: Final = frozenset({"078051120", "219099999"})
"""Printed on samples and in advertisements; nobody's."""


def find_identity_numbers(text: str, kinds: Collection[Kind]) -> list[Found]:
    """In their order; none overlaps another."""
    return _apart(sorted(found for kind in kinds for found in _RULES[kind](text)))


def mask_identity_numbers(text: str, kinds: Collection[Kind] = tuple(Kind)) -> str:
    """`text` with the middle of every identity number cut out; its length stays."""
    found = find_identity_numbers(text, kinds)
    return cut(text, [(one.start, one.end) for one in found], masked) if found else text


def masked(number: str) -> str:
    """`110101********123X`, `110101******123`: all but the birth; of a shorter number the last four."""
    count = sum(map(_counts, number))
    first, last = (6 if count >= OLD_PLACES else 0), (3 if count == OLD_PLACES else 4)
    letters, at = [], 0
    for letter in number:
        letters.append("*" if _counts(letter) and first <= at < count - last else letter)
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


def _cn_residents(text: str) -> Iterator[Found]:
    """In rows of groups of digits; no group is part of two numbers."""
    for row in _ROW.finditer(text):
        spans = [group.span() for group in _GROUP.finditer(text, *row.span())]
        groups = [_plain(text[start:end]) for start, end in spans]
        first = 0
        while first < len(groups):
            count = _groups_of_a_number(groups, first)
            number = "".join(groups[first : first + count])
            if count and _is_cn_resident(number):
                yield Found(spans[first][0], spans[first + count - 1][1], number)
                first += count
            else:
                first += 1


def _groups_of_a_number(groups: Sequence[str], first: int) -> int:
    """How many groups from `first` on have 18 places together; 0: none have. Within a long row a number
    begins with four digits at least: else every digit of a row of single digits would begin one."""
    if 0 < first < len(groups) - PLACES and len(groups[first]) < 4:
        return 0
    places = 0
    for count, group in enumerate(groups[first : first + PLACES], 1):
        places += len(group)
        if places >= PLACES:
            return count if places == PLACES else 0
    return 0


def _is_cn_resident(number: str) -> bool:
    region = number[1:3] if number[0] == "9" else number[:2]  # 9: a foreigner's residence permit
    is_region = _PROVINCE.fullmatch(region) is not None
    return is_region and year_born(number[6:14]) in _BORN and number[17] == _check_digit(number)


def _check_digit(number: str) -> str:
    """ISO 7064 MOD 11-2."""
    return _CHECK_DIGITS[sum(w * int(d) for w, d in zip(_WEIGHTS, number, strict=False)) % 11]


def _old_cn_residents(text: str) -> Iterator[Found]:
    """In one piece, or in its three parts."""
    for match in _OLD.finditer(text):
        number = _plain(match[0])
        if is_old_number(number):
            yield Found(*match.span(), number)


def _us_ssns(text: str) -> Iterator[Found]:
    for match in _US_SSN.finditer(text):
        number = _plain(match[0])
        if _is_us_ssn(number):
            yield Found(*match.span(), number)


def _is_us_ssn(number: str) -> bool:
    area, group, serial = number[:3], number[3:5], number[5:]
    assigned = area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"
    return assigned and number not in _ADVERTISED


_RULES: Final[dict[Kind, Callable[[str], Iterator[Found]]]] = {
    Kind.CN_RESIDENT: lambda text: chain(_cn_residents(text), _old_cn_residents(text)),
    Kind.US_SSN: _us_ssns,
}
