"""SETUP.yaml as a frozen, typed document, with file, line and reason for everything that is wrong in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from app.setup.check import cross_check
from app.setup.later import without_effect
from app.setup.model import Document
from app.setup.policy import agent_snapshots, policy_document
from app.setup.source import Pointer, Problem, SetupError, Source
from routing.state import AgentSnapshot

__all__ = ["Document", "Problem", "Setup", "SetupError", "load"]

Model = TypeVar("Model", bound=BaseModel)

_MESSAGES = {"extra_forbidden": "unknown key", "missing": "is missing"}


@dataclass(frozen=True)
class Setup:
    """`document` is what the file says; `warnings` is what of it has no effect yet."""

    path: Path
    document: Document
    warnings: tuple[Problem, ...]
    source: Source

    def policy_document(self) -> dict[str, Any]:
        """The routing-relevant part as canonical JSON-able data, every default written out:
        the input of `routing.policy.Policy.from_document`."""
        return policy_document(self.document)

    def agent_snapshots(self) -> list[AgentSnapshot]:
        """The agents as the engine sees them before anything happened, their id being their e-mail."""
        return agent_snapshots(self.document)

    @cached_property
    def skills(self) -> frozenset[str]:
        return frozenset(self.document.skills)

    def refusal(self, pointer: Pointer, message: str) -> SetupError:
        """The error with which a later step (an adapter's own configuration) refuses this file."""
        return SetupError(self.path, [self.source.problem(pointer, message)])


def load(path: Path, environ: Mapping[str, str] | None = None) -> Setup:
    """Read and check a set-up. `${NAME}` in secrets is taken from `environ`, and left as it is without one.

    Raises SetupError with all problems, OSError if the file cannot be read.
    """
    source = Source(path, text_of(path))
    if environ is not None and isinstance(source.data, dict):
        source.resolve_secrets(environ)
    document = _document(source)
    if document is not None:
        cross_check(source, document)
    source.refuse()
    if document is None:
        raise AssertionError("a document that cannot be read leaves a problem")
    return Setup(path, document, tuple(without_effect(source, document)), source)


def text_of(path: Path) -> str:
    """Raises SetupError if it is no UTF-8, OSError if the file cannot be read."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SetupError(path, [Problem(1, "/", f"not UTF-8 at byte {error.start}")]) from None


def _document(source: Source) -> Document | None:
    if not isinstance(source.data, dict):
        source.complain((), "a set-up is a mapping with tenant, teams, agents, queues …")
        return None
    return validated(source, Document)


def validated(source: Source, model: type[Model]) -> Model | None:
    """The file as that model; None after complaining to `source`."""
    try:
        return model.model_validate(source.data)
    except ValidationError as error:
        for wrong in error.errors(include_url=False, include_context=False):
            source.complain(_pointer(source, wrong["loc"]), _message(wrong["type"], wrong["msg"]))
        return None


def _pointer(source: Source, loc: tuple[int | str, ...]) -> Pointer:
    """Where the file says it: pydantic's own steps (branches of unions, parsed parts) stand in no file."""
    loc = tuple(part for part in loc if part != "[key]")
    known = source.known(loc)
    return loc if len(known) >= len(loc) - 1 else known


def _message(kind: str, message: str) -> str:
    plain = message.removeprefix("Value error, ")
    return _MESSAGES.get(kind, plain[:1].lower() + plain[1:])
