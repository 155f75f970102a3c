"""The values that a SETUP.yaml is made of, each with what is wrong about others."""

import ipaddress
import re
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field

from app.addresses import phone_address
from app.placeholders import known_places
from routing.hours import parse_date, parse_intervals
from routing.requirement import RESERVED, parse

SECONDS_MAX = 10**9
SIGNATURE_PLACES = frozenset({"agent", "queue"})
TEMPLATE_PLACES = SIGNATURE_PLACES | {"customer", "reference", "subject"}

_KEY = re.compile(r"[a-z][a-z0-9-]{0,62}")
_SKILL = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_EMAIL = re.compile(r"[^\s()<>,;]+")
_CONDITION = re.compile(
    r"(?:estimated_wait_seconds\s*>|service_level\s*<)\s*[0-9]+(?:\.[0-9]+)?|nobody_signed_in"
)
_TAKEN_KEYS = frozenset({"metrics", "states", "waiting", "me", "current"})


def _key(value: str) -> str:
    if not _KEY.fullmatch(value):
        raise ValueError("a key is a lower-case letter, then letters, digits and `-`, 63 characters at most")
    if value in _TAKEN_KEYS or _is_uuid(value):
        raise ValueError("this key is taken by the interface: choose another")
    return value


def _is_uuid(value: str) -> bool:
    try:
        return bool(UUID(value))
    except ValueError:
        return False


def _skill(value: str) -> str:
    if not _SKILL.fullmatch(value) or value in RESERVED:
        raise ValueError(
            "a skill is a lower-case letter, then letters, digits, `_` and `-`; not and, or, anyone"
        )
    return value


def _email(value: str) -> str:
    if not _EMAIL.fullmatch(value):
        raise ValueError("no e-mail address")
    return value


def _dialled(value: str) -> str:
    """In the one form that an agent's typed number is brought into, too."""
    found = phone_address(value)
    if found is None:
        raise ValueError("no number or SIP URI that could be dialled")
    return found.value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"unknown time zone {value!r}") from None
    return value


def _date(value: str) -> str:
    parse_date(value)
    return value


def _interval(value: str) -> str:
    parse_intervals([value])
    return value


def _hours(value: Any) -> Any:
    if value != "closed" and not isinstance(value, list):
        raise ValueError('not `closed` or intervals like ["09:00-12:00"]')
    return [] if value == "closed" else value


def _network(value: str) -> str:
    ipaddress.ip_network(value)
    return value


def _requirement(value: str) -> str:
    parse(value)
    return value


def _condition(value: str) -> str:
    if not _CONDITION.fullmatch(value.strip()):
        raise ValueError("not `estimated_wait_seconds > s`, `service_level < p` or `nobody_signed_in`")
    return value


def _signature(value: str) -> str:
    return known_places(value, SIGNATURE_PLACES)


def _template(value: str) -> str:
    return known_places(value, TEMPLATE_PLACES)


def _whole_micros(value: float) -> float:
    if abs(value) > SECONDS_MAX:
        raise ValueError(f"more than {SECONDS_MAX} seconds")
    if abs(round(value * 1e6) - value * 1e6) > 0.01:
        raise ValueError("finer than a microsecond")
    return value


Key = Annotated[str, AfterValidator(_key)]
Skill = Annotated[str, AfterValidator(_skill)]
Email = Annotated[str, AfterValidator(_email)]
Dialled = Annotated[str, AfterValidator(_dialled)]
Zone = Annotated[str, AfterValidator(_zone)]
Date = Annotated[str, AfterValidator(_date)]
Hours = Annotated[list[Annotated[str, AfterValidator(_interval)]], BeforeValidator(_hours)]
Interval = Annotated[str, AfterValidator(_interval)]
Network = Annotated[str, AfterValidator(_network)]
RequirementText = Annotated[str, AfterValidator(_requirement)]
Condition = Annotated[str, AfterValidator(_condition)]
AnySeconds = Annotated[float, Field(strict=True, allow_inf_nan=False), AfterValidator(_whole_micros)]
Seconds = Annotated[AnySeconds, Field(ge=0)]
PositiveSeconds = Annotated[AnySeconds, Field(gt=0)]
Whole = Annotated[int, Field(strict=True, ge=0, le=10**6)]
Level = Annotated[int, Field(strict=True, ge=1, le=10)]
SignatureText = Annotated[str, Field(max_length=2_000), AfterValidator(_signature)]
TemplateText = Annotated[str, Field(min_length=1, max_length=5_000), AfterValidator(_template)]
