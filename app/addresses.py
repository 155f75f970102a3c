"""One form for each address, so that one customer has one row: phones, SIP URIs, mail addresses.

`phonenumbers` core only: its geocoder and carrier tables cost seconds and 157 MB.
"""

import re
from functools import lru_cache
from typing import Final

import phonenumbers

from app.events import Address

EMAIL_MAX: Final = 254
EXTENSION_DIGITS_MAX: Final = 6

_SIP: Final = re.compile(r"(?i:(sips?|tel):)(?://)?([^;?>\x00-\x20\x7f]*)([;?][^>]*)?", re.ASCII)
_SEPARATORS: Final = re.compile(r"[\s().\-/\u00a0\u2010-\u2015\u2212]+")
_NUMBER: Final = re.compile(r"\+?[0-9*#]{2,32}")
_NOT_IN_MAIL: Final = r"\s@<>\"(),:;\[\]\\\x00-\x20\x7f\ud800-\udfff"
_MAIL: Final = re.compile(rf"[^{_NOT_IN_MAIL}]+@[^{_NOT_IN_MAIL}/]+")
_NOBODY: Final = frozenset(
    {
        "anonymous",
        "unavailable",
        "unknown",
        "restricted",
        "private",
        "withheld",
        "asterisk",
        "invalid",
        "nobody",
    }
)


@lru_cache(maxsize=10_000)
def phone_address(raw: str, region: str | None = None) -> Address | None:
    """The address a call comes from or goes to; None if nothing could ever be dialled there.

    `region` (ISO 3166, as `CN`) reads national numbers. E.164 where possible; SIP URIs stand as they are, but
    a `tel:` URI or a `user=phone` one is its number; what only works inside a country or a company is a
    `short_code` (95588, 4008001234) or an `extension`.
    """
    text = raw.strip()
    uri = _SIP.fullmatch(text)
    if uri is None:
        return _number(text, region)
    scheme, rest, parameters = uri[1].lower(), uri[2], uri[3] or ""
    user, at, host = rest.rpartition("@")
    if scheme == "tel" or "user=phone" in parameters.lower():
        return _number(user if at else rest, region)
    if not rest or user.lower() in _NOBODY or host.lower().endswith(".invalid"):
        return None
    return Address(kind="sip", value=f"{scheme}:{user}{at}{host.lower() if at else host}")


def email_address(raw: str) -> str | None:
    """The address with its domain in lower case, or None if it is none (a lone surrogate is in
    none). The local part is kept as it is."""
    text = raw.strip()
    if len(text) > EMAIL_MAX or not _MAIL.fullmatch(text):
        return None
    local, _, domain = text.rpartition("@")
    return f"{local}@{domain.lower().rstrip('.')}"


def _number(text: str, region: str | None) -> Address | None:
    digits = _SEPARATORS.sub("", text)
    if not digits.isascii():
        digits = phonenumbers.normalize_digits_only(digits, keep_non_digits=True).replace("\uff0b", "+")
    if digits.startswith("00") and region is None:
        digits = f"+{digits[2:]}"
    if not _NUMBER.fullmatch(digits) or not digits.strip("+0*#"):
        return None
    if digits.startswith("+"):
        return _global(digits)
    if len(digits) <= EXTENSION_DIGITS_MAX:
        return _internal(digits, region)
    return _national(digits, region) or Address(kind="phone", value=digits)


def _global(digits: str) -> Address | None:
    if _stands_as_it_is(digits):
        return Address(kind="phone", value=digits)
    try:
        number = phonenumbers.parse(digits)
    except phonenumbers.NumberParseException:
        return None
    return _address_of(number) if phonenumbers.is_possible_number(number) else None


def _stands_as_it_is(digits: str) -> bool:
    """Whether the long way, which costs ten times as much, would change nothing. It knows most numbers."""
    shapes = ((length, _shape(digits[1:length])) for length in (2, 3, 4))
    return any(shape is not None and shape.fullmatch(digits, length) for length, shape in shapes)


@lru_cache(maxsize=1000)
def _shape(country_code: str) -> re.Pattern[str] | None:
    """National numbers of a code that only one country has: of its pattern and of a possible length, not
    beginning with what could be a prefix, and none that cannot be dialled from abroad."""
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(country_code or 0), ())
    known = phonenumbers.PhoneMetadata.metadata_for_region(regions[0], None) if len(regions) == 1 else None
    numbers = known.general_desc if known else None
    if known is None or numbers is None or numbers.national_number_pattern is None:
        return None
    lengths = set(numbers.possible_length) - set(numbers.possible_length_local_only)
    fitting = "|".join(f".{{{length}}}$" for length in sorted(lengths))
    away = known.no_international_dialling and known.no_international_dialling.national_number_pattern
    refused = ["0", known.national_prefix_for_parsing, away and f"(?:{away})$"]
    nots = "".join(f"(?!{pattern})" for pattern in refused if pattern)
    return re.compile(f"{nots}(?={fitting})(?:{numbers.national_number_pattern})")


def _national(digits: str, region: str | None) -> Address | None:
    if region is None:
        return None
    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return None
    return _address_of(number) if phonenumbers.is_valid_number(number) else None


def _internal(digits: str, region: str | None) -> Address:
    """Few digits: public where the region has such a short number, else one of the company's own."""
    if region is not None:
        number = phonenumbers.PhoneNumber(
            country_code=phonenumbers.country_code_for_region(region),
            national_number=int(digits.strip("*#") or 0),
        )
        if phonenumbers.is_valid_short_number_for_region(number, region):
            return Address(kind="short_code", value=digits)
    return Address(kind="extension", value=digits)


def _address_of(number: phonenumbers.PhoneNumber) -> Address:
    if not phonenumbers.can_be_internationally_dialled(number):
        return Address(kind="short_code", value=phonenumbers.national_significant_number(number))
    return Address(
        kind="phone", value=phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    )
