"""Recorded history through the engine again: the same inputs at the same times must give the same decisions,
byte for byte. Pure; `app.replay` reads the journal."""

import json
from collections.abc import Callable
from typing import NamedTuple

from routing.engine import Engine
from routing.policy import Policy
from routing.record import Document, Recorded, Unreadable, input_from_json


class Difference(NamedTuple):
    """The first decision that is not as recorded; `recorded` or `now` is None where there is none."""

    position: int
    at_us: int
    recorded: Document | None
    now: Document | None


class Broken(Exception):
    """The journal is not what a worker wrote."""

    def __init__(self, position: int, why: str) -> None:
        super().__init__(f"position {position}: {why}")


class Replay:
    """Feed it the entries of one tenant in their order, beginning with a `rebuild`. `new_fields` are those of
    decisions that the record did not have yet: they are not compared."""

    def __init__(self, policy_of: Callable[[int], Policy]) -> None:
        self.new_fields: set[str] = set()
        self._policy_of = policy_of
        self._engine: Engine | None = None
        self._epoch = self._number = 0

    def feed(self, entry: Recorded) -> Difference | None:
        """The first difference, if the engine decides otherwise now.

        Raises Broken for entries that are missing or out of order, Unreadable for those of another version.
        """
        engine = self._engine_for(entry)
        try:
            events = [input_from_json(event, self._policy_of) for event in entry.events]
            decisions = engine.apply(events, entry.now_us)
        except ValueError as error:
            raise Broken(entry.position, str(error)) from None
        return self._compared(entry, [decision._asdict() for decision in decisions])

    def _engine_for(self, entry: Recorded) -> Engine:
        if entry.kind == "rebuild":
            self._engine = Engine(self._policy_of(entry.policy_version))
            self._epoch = entry.epoch
        elif self._engine is None:
            raise Broken(entry.position, "no rebuild before it")
        elif entry.epoch != self._epoch:
            raise Broken(entry.position, f"owner {entry.epoch} goes on without a rebuild after {self._epoch}")
        elif entry.number is not None and entry.number != self._number + 1:
            raise Broken(entry.position, f"entry {self._number + 1} since the rebuild is missing before it")
        self._number = entry.number or 0
        return self._engine

    def _compared(self, entry: Recorded, now: list[Document]) -> Difference | None:
        for index in range(max(len(entry.decisions), len(now))):
            recorded = entry.decisions[index] if index < len(entry.decisions) else None
            decided = now[index] if index < len(now) else None
            if recorded is not None and decided is not None:
                decided = self._as_recorded(recorded, decided)
            if recorded is None or decided is None or _bytes(recorded) != _bytes(decided):
                return Difference(entry.position, entry.now_us, recorded, decided)
        return None

    def _as_recorded(self, recorded: Document, decided: Document) -> Document:
        """`decided`, reduced to the fields that there were then."""
        unknown = sorted(recorded.keys() - decided.keys())
        if unknown:
            raise Unreadable(f"decisions with {', '.join(unknown)}, which this version does not know")
        self.new_fields |= decided.keys() - recorded.keys()
        return {name: decided[name] for name in recorded}


def _bytes(decision: Document) -> str:
    return json.dumps(decision, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
