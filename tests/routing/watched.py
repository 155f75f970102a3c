"""An engine that is told things, held to every law after each instant, and can crash."""

from collections.abc import Sequence
from typing import Any

from tests.routing.build import Build
from tests.routing.laws import Picture, check, check_standing
from tests.routing.worlds import Line


class Watched:
    def __init__(self, document: dict[str, Any], people: list[dict[str, Any]], build: Build | None = None):
        self.build = build or Build()
        self.document = document
        self.engine = self.build.engine(document)
        self.now = 0
        self.made: list[Any] = []
        self.engine.apply(self.build.agents(people), 0)
        self.picture = Picture(document, self.engine.snapshots(), 0)

    def tell(self, at: int, lines: Sequence[Line], jump: bool = False) -> list[Any]:
        """All instants up to and with `at`. `jump`: the clock stepped forward, nothing fired in between."""
        made: list[Any] = []
        while not jump and (due := self.engine.next_deadline()) is not None and due < at:
            made += self._instant(due, [])
        return made + self._instant(at, self.build.facts(lines))

    def _instant(self, at: int, facts: list[Any]) -> list[Any]:
        made = list(self.engine.apply(facts, at))
        after = Picture(self.document, self.engine.snapshots(), at)
        check(self.picture, facts, made, after)
        due = self.engine.next_deadline()
        assert due is None or due > at, "time stands still"
        self.picture, self.now = after, at
        self.made += made
        return made

    def hear_again(self, snapshots: Sequence[Any]) -> None:
        """Old snapshots are delivered once more: a version that is known changes nothing."""
        made = list(self.engine.apply(snapshots, self.now))
        assert not made, f"an old version brought about {made[0].kind}"
        known = Picture(self.document, self.engine.snapshots(), self.now)
        assert known.snapshots == self.picture.snapshots, "an old version was taken for news"

    def change(self, told: Sequence[Any]) -> None:
        """Somebody changed an agent or an interaction: what waits is looked at anew, at once."""
        self._settle(list(self.engine.apply(told, self.now)))

    def publish(self, document: dict[str, Any]) -> None:
        """A new policy, in force at once."""
        self.document = document
        self._settle(list(self.engine.apply([self.build.replaced(document)], self.now)))

    def _settle(self, made: list[Any]) -> None:
        self.picture = Picture(self.document, self.engine.snapshots(), self.now)
        check_standing(made, self.picture)
        self.made += made

    def crash(self) -> None:
        """The engine is built anew from what the rows say. It decides nothing by that alone."""
        engine = self.build.engine(self.document)
        made = list(engine.apply(self.engine.snapshots(), self.now))
        assert not made, f"a rebuilt engine decided {made[0].kind}"
        self.engine = engine
