"""Payment card numbers in text from outside are cut to their last four digits before anything is kept.

A number is 12 to 19 digits of any script, with an issuer's prefix and that issuer's length (ISO/IEC 7812) and
a right check digit (Luhn). Blanks, dashes, dots and characters that nobody sees may stand between. The text
keeps its length and its separators. Takes time in proportion to the text.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from app.hiding.identity_numbers import PLACES, Kind, find_identity_numbers
from app.hiding.masking import SEPARATORS, UNSEEN, cut, in_html, within

DIGITS_MIN: Final = 12
DIGITS_MAX: Final = 19

_RUN: Final = re.compile(rf"(?<!\d)\d(?:[{UNSEEN}{SEPARATORS}]{{0,8}}+\d){{11,}}+")
_GROUP: Final = re.compile(rf"\d(?:[{UNSEEN}]{{0,8}}+\d)*")
_IBAN: Final = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d\d(?:[ -]?[A-Z0-9]){11,30}+")
_ISSUERS: Final = re.compile(
    r"4(?:.{12}|.{15}|.{18})"  # Visa
    r"|(?:5[1-5].{4}|222[1-9].{2}|22[3-9].{3}|2[3-6].{4}|27[01].{3}|2720.{2}).{10}"  # Mastercard
    r"|3[47].{13}"  # American Express
    r"|3(?:0[0-59]|[689].).{11,16}"  # Diners Club
    r"|35(?:2[89]|[3-8].).{12,15}"  # JCB
    r"|(?:62|81).{14,17}"  # UnionPay
    r"|(?:6011|64[4-9].|65..).{12,15}"  # Discover
    r"|(?:50|5[6-8]|63|67).{10,17}"  # Maestro
)
_SHAPE: Final = re.compile(r"4,4,4,(?:[1-4]|4,[1-3])|4,6,[45]|6,(?:[6-9]|1[0-3])|4,[8-9]|4,1[0-5]|1[2-9]")
"""How a number is grouped that has other numbers on both sides."""


def mask_cards(text: str) -> str:
    """`text` with every card number in it cut to four digits."""
    spans = [span for run in _RUN.finditer(text) for span in _cards_of(run)]
    if not spans:
        return text
    spans = _apart_from_identity_numbers(text, spans)
    return cut(text, [span for span in spans if not _in_account_number(text, span)], _masked)


def mask_cards_in_html(html: str) -> str:
    """The same where tags stand between the digits, and within each tag. `html` is a parser's output."""
    return in_html(html, mask_cards)


def mask_cards_within(value: Any) -> Any:
    """A JSON value without the card numbers in its texts, names of members too."""
    return within(value, mask_cards)


def _cards_of(run: re.Match[str]) -> Iterator[tuple[int, int]]:
    """Where in a row of groups of digits a number stands; no group is part of two."""
    groups = [group.span() for group in _GROUP.finditer(run.string, *run.span())]
    texts = ["".join(c for c in run.string[start:end] if c.isdigit()) for start, end in groups]
    if run.start() and run.string[run.start() - 1] == "+":  # a phone number
        texts[0] = ""
    first = 0
    while first < len(groups):
        count = _card_length(texts, first)
        if count:
            yield groups[first][0], groups[first + count - 1][1]
        first += count or 1


def _card_length(texts: Sequence[str], first: int) -> int:
    """How many groups from `first` on are a card number together; 0 if none are. The longest counts."""
    apart = 0 < first < len(texts) - DIGITS_MAX
    if not texts[first] or (apart and len(texts[first]) < 4):
        return 0
    digits, found = "", 0
    for count, text in enumerate(texts[first : first + DIGITS_MAX], 1):
        digits += text
        if len(digits) > DIGITS_MAX:
            break
        edge = first == 0 or first + count == len(texts)
        if len(digits) >= DIGITS_MIN and (edge or _shaped(texts[first : first + count])) and _is_card(digits):
            found = count
    return found


def _shaped(texts: Sequence[str]) -> bool:
    return _SHAPE.fullmatch(",".join(str(len(text)) for text in texts)) is not None


def _is_card(number: str) -> bool:
    digits = [int(digit) for digit in number]
    return _ISSUERS.fullmatch("".join(map(str, digits))) is not None and _luhn(digits)


def _luhn(digits: Sequence[int]) -> bool:
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _apart_from_identity_numbers(text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """What is masked here is gone; an identity number may have to be kept, and what becomes of it is the
    endpoint's to say. Of 15 digits, a right check digit says more than a region and a day."""
    found = find_identity_numbers(text, (Kind.CN_RESIDENT,))
    numbers = [one for one in found if len(one.number) == PLACES]
    return [(start, end) for start, end in spans if not any(n.start < end and start < n.end for n in numbers)]


def _in_account_number(text: str, span: tuple[int, int]) -> bool:
    """Whether it is part of an IBAN (ISO 13616)."""
    start, end = span
    for found in _IBAN.finditer(text, max(0, start - 40), end + 40):
        if found.start() < start and end <= found.end() and _is_iban(found[0]):
            return True
    return False


def _is_iban(text: str) -> bool:
    letters = [c for c in text if c.isalnum()]
    return int("".join(str(int(c, 36)) for c in letters[4:] + letters[:4])) % 97 == 1


def _masked(number: str) -> str:
    hidden = sum(c.isdigit() for c in number) - 4
    return re.sub(r"\d", "*", number, count=hidden)
