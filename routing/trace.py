"""The engine on a trace (API §8): JSON lines in, decisions as JSON lines out, no database.

The whole trace is read and checked before anything is printed. Numbers are decimals kept as whole
microseconds.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from typing import Any

from routing.decision import Decision
from routing.engine import Engine
from routing.events import (
    AgentAvailable,
    AgentLeaseLost,
    AgentUnavailable,
    InteractionCompleted,
    InteractionConnected,
    InteractionLeft,
    InteractionQueued,
    InteractionTransferred,
    OfferAccepted,
    OfferConnectFailed,
    OfferDeclined,
    TraceEvent,
)
from routing.policy import CHANNELS, Policy
from routing.requirement import BadRequirement, parse
from routing.state import AgentSnapshot

EXPONENT_MAX = 12


class BadTrace(Exception):
    """A line is wrong in itself. The message names it."""


class _Wrong(Exception):
    pass


@dataclass(frozen=True)
class Names:
    """What a line may name."""

    agents: frozenset[str]
    queues: frozenset[str]
    tiers: frozenset[str]
    skills: frozenset[str]


Line = tuple[int, TraceEvent | None]
"""(at, event); no event for a tick."""


def read(lines: Iterable[str], names: Names) -> list[Line]:
    """All lines, checked. Raises BadTrace for the first that is wrong."""
    found: list[Line] = []
    for number, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        try:
            line = _line(text, names)
            if found and line[0] < found[-1][0]:
                raise _Wrong("time goes backwards")
        except _Wrong as wrong:
            raise BadTrace(f"line {number}: {wrong}") from None
        found.append(line)
    return found


def decisions(engine: Engine, agents: Sequence[AgentSnapshot], lines: Sequence[Line]) -> Iterator[Decision]:
    """The engine's decisions, instant by instant; deadlines after the last given instant do not fire."""
    if lines:
        engine.apply(agents, lines[0][0])
    for at, group in groupby(lines, key=lambda line: line[0]):
        while (due := engine.next_deadline()) is not None and due < at:
            yield from engine.apply((), due)
        yield from engine.apply([event for _, event in group if event is not None], at)


def as_line(decision: Decision, extra: Mapping[str, Any] | None = None) -> str:
    """The decision as a line of the output."""
    rest = {
        "decision": decision.kind,
        "interaction": decision.interaction,
        "agent": decision.agent,
        "reason": decision.reason,
        **(extra or {}),
    }
    return f'{{"at": {_decimal(decision.at)}, {json.dumps(rest, ensure_ascii=False)[1:]}'


def _decimal(micros: int) -> str:
    """Microseconds as seconds: `6.5`, never an exponent."""
    sign, whole = "-" if micros < 0 else "", abs(micros)
    fraction = f"{whole % 1_000_000:06}".rstrip("0") or "0"
    return f"{sign}{whole // 1_000_000}.{fraction}"


def _line(text: str, names: Names) -> Line:
    try:
        data = json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise _Wrong(f"no JSON: {error}") from None
    if not isinstance(data, dict):
        raise _Wrong("no JSON object")
    at = _micros(data, "at", None)
    kind = data.get("type")
    if kind == "tick":
        return at, None
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        raise _Wrong(f"unknown type {kind!r}")
    return at, reader(data, names)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _micros(data: Mapping[str, Any], name: str, default: int | None, least: int | None = None) -> int:
    value = data.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise _Wrong(f"`{name}` must be a number")
    exact = Decimal(value)
    if exact and abs(exact.adjusted()) > EXPONENT_MAX:
        raise _Wrong(f"`{name}` is out of range")
    micros = Fraction(exact) * 1_000_000 if exact else Fraction()
    if micros.denominator != 1:
        raise _Wrong(f"`{name}` is finer than a microsecond")
    if least is not None and micros < least:
        raise _Wrong(f"`{name}` must not be negative")
    return int(micros)


def _text(data: Mapping[str, Any], name: str) -> str:
    value = _optional_text(data, name)
    if not value:
        raise _Wrong(f"`{name}` is missing")
    return value


def _optional_text(data: Mapping[str, Any], name: str) -> str | None:
    value = data.get(name)
    if value is not None and not isinstance(value, str):
        raise _Wrong(f"`{name}` must be text or null")
    if value is not None and not value.isascii():
        _refuse_surrogates(value)
    return value


def _refuse_surrogates(value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _Wrong("text with half a character (a lone surrogate)") from None


def _known(data: Mapping[str, Any], name: str, known: Iterable[str]) -> str:
    value = _text(data, name)
    if value not in known:
        raise _Wrong(f"unknown {name} {value!r}")
    return value


def _optional_known(data: Mapping[str, Any], name: str, known: Iterable[str]) -> str | None:
    return None if data.get(name) is None else _known(data, name, known)


def _requirement(data: Mapping[str, Any], names: Names) -> str | None:
    text = _optional_text(data, "requirement")
    try:
        requirement = parse(text)
    except BadRequirement as error:
        raise _Wrong(f"bad requirement: {error}") from None
    for noun, used, known in (
        ("skill", requirement.skills, names.skills),
        ("agent", requirement.agents, names.agents),
    ):
        unknown = sorted(used - known)
        if unknown:
            raise _Wrong(f"unknown {noun} {unknown[0]!r} in the requirement")
    return text


def _pair(data: Mapping[str, Any], names: Names) -> tuple[str, str]:
    return _text(data, "interaction"), _known(data, "agent", names.agents)


def _unavailable(data: Mapping[str, Any], names: Names) -> TraceEvent:
    return AgentUnavailable(_known(data, "agent", names.agents), _optional_text(data, "reason"))


def _declined(data: Mapping[str, Any], names: Names) -> TraceEvent:
    return OfferDeclined(*_pair(data, names), _optional_text(data, "reason"))


def _transferred(data: Mapping[str, Any], names: Names) -> TraceEvent:
    return InteractionTransferred(_text(data, "interaction"), _known(data, "queue", names.queues))


def _queued(data: Mapping[str, Any], names: Names) -> TraceEvent:
    return InteractionQueued(
        interaction=_text(data, "interaction"),
        queue=_known(data, "queue", names.queues),
        channel=_known(data, "channel", CHANNELS),
        tier=_optional_known(data, "tier", names.tiers),
        requirement=_requirement(data, names),
        preferred_agent=_optional_known(data, "preferred_agent", names.agents),
        waited_us=_micros(data, "waited_seconds", 0, least=0),
        boost_us=_micros(data, "boost_seconds", 0),
    )


_READERS: Mapping[str, Callable[[Mapping[str, Any], Names], TraceEvent]] = {
    "agent.available": lambda data, names: AgentAvailable(_known(data, "agent", names.agents)),
    "agent.unavailable": _unavailable,
    "agent.lease_lost": lambda data, names: AgentLeaseLost(_known(data, "agent", names.agents)),
    "offer.accepted": lambda data, names: OfferAccepted(*_pair(data, names)),
    "offer.declined": _declined,
    "offer.connect_failed": lambda data, names: OfferConnectFailed(*_pair(data, names)),
    "interaction.connected": lambda data, names: InteractionConnected(*_pair(data, names)),
    "interaction.completed": lambda data, names: InteractionCompleted(*_pair(data, names)),
    "interaction.left": lambda data, names: InteractionLeft(_text(data, "interaction")),
    "interaction.transferred": _transferred,
    "interaction.queued": _queued,
}


def names_of(policy: Policy, agents: Sequence[AgentSnapshot], skills: frozenset[str]) -> Names:
    return Names(
        agents=frozenset(agent.id for agent in agents),
        queues=frozenset(policy.queues),
        tiers=frozenset(policy.tiers),
        skills=skills,
    )
