"""Which build of the routing package is on trial: the real one, or a copy with a seeded bug."""

import re
import sys
from collections.abc import Sequence
from importlib import import_module, invalidate_caches
from pathlib import Path
from typing import Any

import routing
from tests.routing import worlds

SOURCES = Path(routing.__file__).parent


class Build:
    def __init__(self, package: str = "routing") -> None:
        self.events = import_module(f"{package}.events")
        self.state = import_module(f"{package}.state")
        self._engine = import_module(f"{package}.engine").Engine
        self._policy = import_module(f"{package}.policy").Policy

    def engine(self, document: dict[str, Any]) -> Any:
        return self._engine(self._policy.from_document(document))

    def replaced(self, document: dict[str, Any]) -> Any:
        return self.state.PolicyReplaced(self._policy.from_document(document))

    def agents(self, people: list[dict[str, Any]]) -> list[Any]:
        return worlds.snapshots(people, self.state)

    def facts(self, lines: Sequence[worlds.Line]) -> list[Any]:
        found = [worlds.event(line, self.events) for line in lines]
        return [fact for fact in found if fact is not None]


def with_bug(folder: Path, name: str, file: str, right: str, wrong: str) -> Build:
    """A copy of the package under `name` in which one piece of text is wrong. `folder` is on the path."""
    (folder / name).mkdir()
    for source in SOURCES.glob("*.py"):
        text = source.read_text(encoding="utf-8")
        if source.name == file:
            assert text.count(right) == 1, f"{file}: {text.count(right)} times {right!r}"
            text = text.replace(right, wrong)
        text = re.sub(r"^(\s*)(from|import) routing\b", rf"\1\2 {name}", text, flags=re.MULTILINE)
        (folder / name / source.name).write_text(text, encoding="utf-8")
    invalidate_caches()
    assert name not in sys.modules
    return Build(name)
