"""Which agents a piece of work needs: `billing >= 5 and (french >= 3 or agent(li@acme.test))`.

`and` binds before `or`; a bare name means `>= 1`; a skill the agent does not have counts as 0.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain, islice, product
from typing import NamedTuple

LEVEL_MAX = 10
DEPTH_MAX = 50
LENGTH_MAX = 4000
COVERS_MAX = 8
RESERVED = frozenset({"and", "or", "anyone"})
_PHONE = "phone:"

_TOKEN = re.compile(r"\s*(?:(agent)\s*\(\s*([^\s()]+)\s*\)|([a-z][a-z0-9_-]*)|([0-9]+)|(>=)|(\()|(\)))")

Test = Callable[[Mapping[str, int], str], bool]


class BadRequirement(ValueError):
    """The text is no requirement; says what and where."""


class Atom(NamedTuple):
    """`name >= level`, or, with level 0, the agent whose key is `name`."""

    name: str
    level: int


class Requirement(NamedTuple):
    """`text` is canonical: equal requirements, however written, have equal text. `covers` are alternatives:
    whoever meets the requirement meets at least one atom of each; `anyone` has none. `binding` is 0 for `or`,
    1 for `and`, with their `parts`, 2 for the rest."""

    text: str
    holds: Test
    atoms: frozenset[Atom]
    covers: tuple[tuple[Atom, ...], ...]
    binding: int = 2
    parts: tuple["Requirement", ...] = ()

    @property
    def skills(self) -> frozenset[str]:
        return frozenset(atom.name for atom in self.atoms if atom.level)

    @property
    def agents(self) -> frozenset[str]:
        return frozenset(atom.name for atom in self.atoms if not atom.level)

    @property
    def is_anyone(self) -> bool:
        return not self.covers


ANYONE = Requirement("anyone", lambda skills, key: True, frozenset(), ())


@lru_cache(maxsize=4096)
def parse(text: str | None) -> Requirement:
    """None and blank text mean anyone. Raises BadRequirement."""
    if text is None or not text.strip():
        return ANYONE
    if len(text) > LENGTH_MAX:
        raise BadRequirement(f"longer than {LENGTH_MAX} characters")
    return _Parser(text).whole()


def both(first: Requirement, second: Requirement) -> Requirement:
    """What meets the interaction's own and the queue's requirement."""
    if first.is_anyone or first.text == second.text:
        return second
    return first if second.is_anyone else _all_of([first, second])


def phone_at(endpoint: str) -> Requirement:
    """Who has a phone at this telephony endpoint: a skill of a name that no set-up can give."""
    return _skill(f"{_PHONE}{endpoint}", 1)


def with_phones(skills: Mapping[str, int], endpoints: Iterable[str]) -> dict[str, int]:
    """The skills and, for `phone_at`, the endpoints at which a phone can be reached."""
    return {**skills, **{f"{_PHONE}{endpoint}": 1 for endpoint in endpoints}}


def without_phones(skills: Mapping[str, int]) -> dict[str, int]:
    return {name: level for name, level in skills.items() if not name.startswith(_PHONE)}


def levels_of(skills: Mapping[str, int], names: Iterable[str]) -> int:
    """The sum of an agent's levels in these skills, phones left out."""
    return sum([skills.get(name, 0) for name in names if not name.startswith(_PHONE)])


def either(options: Sequence[Requirement]) -> Requirement:
    """What meets at least one of them."""
    return options[0] if len(options) == 1 else _any_of(list(options))


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._next = 0

    def whole(self) -> Requirement:
        found = self._any_of(0)
        if self._next < len(self._tokens):
            raise self._unexpected("`and`, `or` or the end")
        return found

    def _any_of(self, depth: int) -> Requirement:
        parts = [self._all_of(depth)]
        while self._take("or"):
            parts.append(self._all_of(depth))
        return _any_of(parts)

    def _all_of(self, depth: int) -> Requirement:
        parts = [self._one(depth)]
        while self._take("and"):
            parts.append(self._one(depth))
        return _all_of(parts)

    def _one(self, depth: int) -> Requirement:
        if depth > DEPTH_MAX:
            raise BadRequirement(f"parentheses deeper than {DEPTH_MAX}")
        if self._take("("):
            inner = self._any_of(depth + 1)
            if not self._take(")"):
                raise self._unexpected("`)`")
            return inner
        if self._take("anyone"):
            return ANYONE
        return self._atom()

    def _atom(self) -> Requirement:
        token = self._peek()
        if token is None or token[0] not in ("name", "agent") or token[1] in RESERVED:
            raise self._unexpected("a skill, `agent(…)`, `anyone` or `(`")
        self._next += 1
        if token[0] == "agent":
            return _named(token[1])
        return _skill(token[1], self._level() if self._take(">=") else 1)

    def _level(self) -> int:
        token = self._peek()
        if token is None or token[0] != "level" or not 1 <= int(token[1][:4]) <= LEVEL_MAX:
            raise self._unexpected(f"a level from 1 to {LEVEL_MAX}")
        self._next += 1
        return int(token[1])

    def _peek(self) -> tuple[str, str, int] | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _take(self, word: str) -> bool:
        token = self._peek()
        if token is None or token[1] != word or token[0] == "agent":
            return False
        self._next += 1
        return True

    def _unexpected(self, wanted: str) -> BadRequirement:
        token = self._peek()
        found = f"`{token[1]}` at column {token[2] + 1}" if token else "the end"
        return BadRequirement(f"expected {wanted}, found {found}")


def _tokens(text: str) -> list[tuple[str, str, int]]:
    """(kind, word, offset) of each: kind is name, agent, level or mark."""
    found: list[tuple[str, str, int]] = []
    position = 0
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            start = position + len(text[position:]) - len(text[position:].lstrip())
            raise BadRequirement(f"cannot read `{text[start : start + 12]}` at column {start + 1}")
        agent, key, name, level, *_ = match.groups()
        kind = "agent" if agent else "name" if name else "level" if level else "mark"
        word = key or name or level or match.group().strip()
        found.append((kind, word, match.end() - len(match.group().lstrip())))
        position = match.end()
    return found


def _skill(name: str, level: int) -> Requirement:
    def holds(skills: Mapping[str, int], key: str) -> bool:
        return skills.get(name, 0) >= level

    atom = Atom(name, level)
    return Requirement(f"{name} >= {level}", holds, frozenset({atom}), ((atom,),))


def _named(agent: str) -> Requirement:
    def holds(skills: Mapping[str, int], key: str) -> bool:
        return key == agent

    atom = Atom(agent, 0)
    return Requirement(f"agent({agent})", holds, frozenset({atom}), ((atom,),))


def _all_of(parts: list[Requirement]) -> Requirement:
    unique = {part.text: part for part in _flat(parts, 1) if part is not ANYONE}
    if len(unique) < 2:
        return next(iter(unique.values()), ANYONE)
    tests = tuple(part.holds for part in unique.values())

    def holds(skills: Mapping[str, int], key: str) -> bool:
        for test in tests:  # noqa: SIM110  (a plain loop is twice as fast as all() here)
            if not test(skills, key):
                return False
        return True

    text = " and ".join(f"({part.text})" if part.binding < 1 else part.text for part in unique.values())
    covers = tuple(dict.fromkeys(chain.from_iterable(part.covers for part in unique.values())))
    return Requirement(text, holds, _atoms(unique), covers, 1, tuple(unique.values()))


def _any_of(parts: list[Requirement]) -> Requirement:
    unique = {part.text: part for part in _flat(parts, 0)}
    if len(unique) < 2:
        return parts[0]
    tests = tuple(part.holds for part in unique.values())

    def holds(skills: Mapping[str, int], key: str) -> bool:
        for test in tests:  # noqa: SIM110
            if test(skills, key):
                return True
        return False

    combined = islice(product(*(part.covers for part in unique.values())), COVERS_MAX)
    # With an alternative that is anyone's this is empty; the skills named beside it still count as named.
    covers = tuple(tuple(dict.fromkeys(chain.from_iterable(choice))) for choice in combined)
    text = " or ".join(part.text for part in unique.values())
    return Requirement(text, holds, _atoms(unique), covers, 0, tuple(unique.values()))


def _flat(parts: list[Requirement], binding: int) -> list[Requirement]:
    """`a and (b and c)` is `a and b and c`."""
    return [inner for part in parts for inner in (part.parts if part.binding == binding else (part,))]


def _atoms(parts: Mapping[str, Requirement]) -> frozenset[Atom]:
    return frozenset(chain.from_iterable(part.atoms for part in parts.values()))
