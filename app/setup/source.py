"""YAML with the line of every value, so that each complaint can name its place.

Plain words mean what YAML 1.2 says: `NO` is text and `22:00` is no number. A mapping that names a key twice
is a problem; so is an alias used to blow a small file up.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

REPEATS_MAX = 10_000
DEPTH_MAX = 60

Pointer = tuple[str | int, ...]

_SECRET = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class Problem(NamedTuple):
    """`pointer` is a JSON pointer into the document, `line` counts from 1."""

    line: int
    pointer: str
    message: str


class SetupError(Exception):
    """The set-up is refused. Carries every problem found, not only the first."""

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        self.path = path
        self.problems = sorted(problems)
        super().__init__("\n".join(self.lines()))

    def lines(self) -> list[str]:
        """`file:line: pointer: message` of each."""
        return [f"{self.path}:{line}: {pointer}: {message}" for line, pointer, message in self.problems]


class Source:
    """A parsed file: `data` as plain values, and where each stands."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self._lines: dict[Pointer, int] = {(): 1}
        self._seen: set[int] = set()
        self._repeats = 0
        node = self._compose(text)
        self.data = None if node is None else self._value(node, ())

    def known(self, pointer: Pointer) -> Pointer:
        """The longest beginning of `pointer` that stands in the file."""
        while pointer not in self._lines:
            pointer = pointer[:-1]
        return pointer

    def problem(self, pointer: Pointer, message: str) -> Problem:
        return Problem(self._lines[self.known(pointer)], as_text(pointer), message)

    def complain(self, pointer: Pointer, message: str) -> None:
        self.problems.append(self.problem(pointer, message))

    def refuse(self) -> None:
        """Raises SetupError if there is anything to complain about."""
        if self.problems:
            raise SetupError(self.path, self.problems)

    def _compose(self, text: str) -> yaml.Node | None:
        try:
            return yaml.compose(text, Loader=_Loader)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            self.problems.append(Problem(line, "/", f"no YAML: {error.problem}"))
        except (yaml.YAMLError, RecursionError) as error:
            self.problems.append(Problem(1, "/", f"no YAML: {error}"))
        self.refuse()
        return None

    def _value(self, node: yaml.Node, at: Pointer) -> Any:
        self._repeats += id(node) in self._seen
        self._seen.add(id(node))
        if self._repeats > REPEATS_MAX or len(at) > DEPTH_MAX:
            raise SetupError(self.path, [Problem(node.start_mark.line + 1, as_text(at[:3]), "too large")])
        self._lines.setdefault(at, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, at)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*at, index)) for index, item in enumerate(node.value)]
        return _scalar(node)

    def _mapping(self, node: yaml.MappingNode, at: Pointer) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.complain(at, "a key must be plain text")
                continue
            key = str(key_node.value)
            here = (*at, key)
            if key in found:
                self.problems.append(
                    Problem(key_node.start_mark.line + 1, as_text(here), "stands here a second time")
                )
                continue
            self._lines[here] = key_node.start_mark.line + 1
            found[key] = self._value(value_node, here)
        return found

    def resolve_secrets(self, environ: Mapping[str, str]) -> None:
        """Put the environment's values in the place of `${NAME}` in passwords and endpoint configurations."""
        for pointer in [pointer for pointer in self._lines if _may_hold_secret(pointer)]:
            holder = _at(self.data, pointer[:-1])
            value = holder[pointer[-1]]
            if isinstance(value, str):
                holder[pointer[-1]] = self._resolved(value, pointer, environ)

    def _resolved(self, value: str, pointer: Pointer, environ: Mapping[str, str]) -> str:
        for name in _SECRET.findall(value):
            if name not in environ:
                self.complain(pointer, f"the environment variable {name} is not set")
        return _SECRET.sub(lambda match: environ.get(match.group(1), ""), value)


def as_text(pointer: Pointer) -> str:
    return "/" + "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in pointer)


def _may_hold_secret(pointer: Pointer) -> bool:
    is_password = len(pointer) == 3 and pointer[0] == "agents" and pointer[2] == "password"
    return is_password or (len(pointer) > 3 and pointer[0] == "endpoints" and pointer[2] == "config")


def _at(data: Any, pointer: Pointer) -> Any:
    for part in pointer:
        data = data[part]
    return data


def _scalar(node: yaml.Node) -> Any:
    text = str(node.value)
    tag = node.tag.rpartition(":")[2]
    if tag == "null":
        return None
    if tag == "bool":
        return text.lower() == "true"
    if tag == "int":
        return int(text) if len(text) < 20 else float(text)
    return float(text) if tag == "float" else text


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    yaml_implicit_resolvers: dict[str, Any] = {}


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?[0-9]+$"), list("-+0123456789"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?$"),
    list("-+.0123456789"),
)
