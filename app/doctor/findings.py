"""What `touchpoint doctor` reports: one line per thing looked at, with what to do about it."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """`todo` is the operator's next step; empty when all is well."""

    subject: str
    level: Level
    text: str
    todo: str = ""


def ok(subject: str, text: str) -> Finding:
    return Finding(subject, Level.OK, text)


def warn(subject: str, text: str, todo: str) -> Finding:
    return Finding(subject, Level.WARN, text, todo)


def fail(subject: str, text: str, todo: str) -> Finding:
    return Finding(subject, Level.FAIL, text, todo)
