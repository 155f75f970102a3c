"""JSON from outside, parsed once and safely: whatever the bytes, the result is a value or `MalformedJson`."""

import json
import re
from typing import Any, Final, NoReturn

import orjson

DEPTH_MAX: Final = 64
"""Levels of arrays and objects. Far above any real body, far below what would overflow a reader."""

_INT64: Final = range(-(2**63), 2**63)
_LONG_DIGITS: Final = re.compile(rb"[0-9]{19}")
_BRACKETS: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"|([\[{])|([\]}])')


class MalformedJson(ValueError):
    """The body is no JSON that we accept; the message says why."""


def parse_json(body: bytes, depth_max: int = DEPTH_MAX) -> Any:
    """The value of a JSON body (RFC 8259, UTF-8).

    Raises MalformedJson, and nothing else, for bad syntax or UTF-8, a byte order mark, lone surrogates, NaN,
    Infinity, numbers too large for a double, integers beyond 64 bits, and more than `depth_max` levels.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedJson(str(error)) from None
    if body.count(b"[") + body.count(b"{") > depth_max and _depth(body) > depth_max:
        raise MalformedJson(f"more than {depth_max} levels")
    if _LONG_DIGITS.search(body):
        _refuse_huge_integers(body)
    return value


def parse_json_object(body: bytes) -> dict[str, Any]:
    """As `parse_json`, for a body that must be an object."""
    value = parse_json(body)
    if not isinstance(value, dict):
        raise MalformedJson("a JSON object is expected")
    return value


def _depth(body: bytes) -> int:
    depth = deepest = 0
    for match in _BRACKETS.finditer(body):
        if match[1]:
            depth += 1
            deepest = max(deepest, depth)
        elif match[2]:
            depth -= 1
    return deepest


def _refuse_huge_integers(body: bytes) -> None:
    """orjson reads them as doubles, which would change an id silently."""

    def checked(digits: str) -> int:
        if len(digits) > 20 or int(digits) not in _INT64:
            raise MalformedJson("an integer beyond 64 bits")
        return 0

    json.loads(body, parse_int=checked, parse_constant=_no_constant)


def _no_constant(name: str) -> NoReturn:
    raise MalformedJson(f"{name} is no JSON")
