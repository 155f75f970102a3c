"""One form for each address."""

from collections.abc import Iterator
from random import Random

import phonenumbers
import pytest

from app.addresses import email_address, phone_address
from app.events import Address

PHONES = {
    ("+1 (415) 867-5309", None): ("phone", "+14158675309"),
    ("008613800138000", None): ("phone", "+8613800138000"),
    ("008613800138000", "CN"): ("phone", "+8613800138000"),
    ("＋８６１３８００１３８０００", None): ("phone", "+8613800138000"),
    ("010 6234 5678", "CN"): ("phone", "+861062345678"),
    ("62345678", "CN"): ("phone", "62345678"),
    ("13800138000", None): ("phone", "13800138000"),
    ("tel:+86-138-0013-8000", None): ("phone", "+8613800138000"),
    ("10086", "CN"): ("short_code", "10086"),
    ("+864008001234", None): ("short_code", "4008001234"),
    ("1001", "CN"): ("extension", "1001"),
    ("*61", "US"): ("extension", "*61"),
    ("sip:1001", None): ("sip", "sip:1001"),
    ("SIP:Bob@PBX.test;transport=tcp", None): ("sip", "sip:Bob@pbx.test"),
}
NOBODY = [
    "",
    " ",
    "+",
    "anonymous",
    "00",
    "+++",
    "0" * 40,
    "1" * 40,
    "sip:",
    "sip:anonymous@x.test",
    "abc",
    "你好",
    "+1",
    "tel:",
    "sip:\x00",
]
MAILS = {
    "Li@ACME.Test": "Li@acme.test",
    " a+b@x.test. ": "a+b@x.test",
    "李雷@例子.test": "李雷@例子.test",
    "a'b@x.test": "a'b@x.test",
    "a\udcff@x.test": None,
    "a@x\ud800.test": None,
    "x": None,
    "@x.test": None,
    "a@": None,
    "a@b@c.test": None,
    "a b@c.test": None,
    "a@c.test\r\nBcc: d@e.test": None,
    "a@c.test\x00": None,
    "a" * 250 + "@x.test": None,
    "": None,
}


class TestPhoneAddress:
    @pytest.mark.parametrize(("given", "expected"), PHONES.items())
    def test_dialable(self, given: tuple[str, str | None], expected: tuple[str, str]) -> None:
        assert phone_address(*given) == Address(kind=expected[0], value=expected[1])

    @pytest.mark.parametrize("raw", NOBODY)
    @pytest.mark.parametrize("region", [None, "CN"])
    def test_nobody(self, raw: str, region: str | None) -> None:
        assert phone_address(raw, region) is None


def around_examples() -> Iterator[str]:
    """Of every country and kind: the library's example number, and such with other, more or fewer digits."""
    random = Random(8)
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in range(11):
            example = phonenumbers.example_number_for_type(region, kind)
            if example is not None:
                number = phonenumbers.national_significant_number(example)
                cut = random.randrange(len(number))
                changed = number[:cut] + "".join(random.choices("0123456789", k=len(number) - cut))
                for national in (number, changed, f"0{number}", f"1{number}", f"{number}5", number[:-1]):
                    yield f"+{example.country_code}{national}"


def as_the_library_says(digits: str) -> tuple[str, str] | None:
    try:
        number = phonenumbers.parse(digits)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    if not phonenumbers.can_be_internationally_dialled(number):
        return "short_code", phonenumbers.national_significant_number(number)
    return "phone", phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


class TestGlobalNumbers:
    def test_the_short_way_ends_where_the_long_one_does(self) -> None:
        found = {digits: phone_address(digits) for digits in around_examples()}
        told = {digits: a and (a.kind, a.value) for digits, a in found.items()}
        assert told == {digits: as_the_library_says(digits) for digits in found}


class TestEmailAddress:
    @pytest.mark.parametrize(("raw", "expected"), MAILS.items())
    def test_form(self, raw: str, expected: str | None) -> None:
        assert email_address(raw) == expected
