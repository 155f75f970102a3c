"""Payment card numbers in text from outside are cut to their last four digits before anything is kept.

A number is 12 to 19 digits of any script, with an issuer's prefix and that issuer's length (ISO/IEC 7812) and
a right check digit (Luhn). Blanks, dashes, dots and characters that nobody sees may stand between. The text
keeps its length and its separators. Takes time in proportion to the text.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

DIGITS_MIN: Final = 12
DIGITS_MAX: Final = 19

_UNSEEN: Final = (
    "\x00-\x08\x0e-\x1b\x7f\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe0f\ufeff"
)
_SEPARATORS: Final = r"\s._/\\|\-\u00b7\u2010-\u2015\u2022\u2027\u2212\u3002\u30fb\ufe63\uff0d\uff0e\uff3f"
_RUN: Final = re.compile(rf"(?<!\d)\d(?:[{_UNSEEN}{_SEPARATORS}]{{0,8}}+\d){{11,}}+")
_GROUP: Final = re.compile(rf"\d(?:[{_UNSEEN}]{{0,8}}+\d)*")
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

_TAG: Final = re.compile(r"<[^<>]*+>")
_MARK: Final = "\x1e"
"""Reads as a blank."""


def mask_cards(text: str) -> str:
    """`text` with every card number in it cut to four digits."""
    spans = [span for run in _RUN.finditer(text) for span in _cards_of(run)]
    if not spans:
        return text
    kept = [span for span in spans if not _in_account_number(text, span)]
    return _cut(text, kept)


def mask_cards_in_html(html: str) -> str:
    """The same where tags stand between the digits, and within each tag. `html` is a parser's output."""
    text = html.replace(_MARK, "").replace("&nbsp;", "\u00a0")
    tags = [mask_cards(tag) for tag in _TAG.findall(text)]
    pieces = mask_cards(_TAG.sub(_MARK, text)).split(_MARK)
    return "".join(piece + tag for piece, tag in zip(pieces, [*tags, ""], strict=True))


def mask_cards_within(value: Any) -> Any:
    """A JSON value without the card numbers in its texts, names of members too."""
    if isinstance(value, str):
        return mask_cards(value)
    if isinstance(value, dict):
        return {mask_cards(str(name)): mask_cards_within(item) for name, item in value.items()}
    return [mask_cards_within(item) for item in value] if isinstance(value, list) else value


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
    return (
        _ISSUERS.fullmatch("".join(map(str, digits))) is not None
        and _luhn(digits)
        and not _names_a_resident(digits)
    )


def _luhn(digits: Sequence[int]) -> bool:
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2, 1)


def _names_a_resident(digits: Sequence[int]) -> bool:
    """A resident identity number (GB 11643): a date of birth, and a check digit of its own (MOD 11-2)."""
    if len(digits) != len(_WEIGHTS):
        return False
    year, month, day = ("".join(map(str, digits[a:b])) for a, b in ((6, 10), (10, 12), (12, 14)))
    born = "1900" <= year <= "2099" and "01" <= month <= "12" and "01" <= day <= "31"
    return born and sum(w * d for w, d in zip(_WEIGHTS, digits, strict=True)) % 11 == 1


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


def _cut(text: str, spans: Sequence[tuple[int, int]]) -> str:
    pieces, at = [], 0
    for start, end in spans:
        pieces += [text[at:start], _masked(text[start:end])]
        at = end
    return "".join([*pieces, text[at:]])


def _masked(number: str) -> str:
    hidden = sum(c.isdigit() for c in number) - 4
    return re.sub(r"\d", "*", number, count=hidden)
