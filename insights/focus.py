"""Focus time, which stands beside AHT (SEMANTICS §2): wall time divided by the conversations that the agent
had at once."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from itertools import pairwise
from typing import Final, NamedTuple
from uuid import UUID

from models.segment import SegmentKind

_COUNTS: Final = {SegmentKind.AGENT: 1, SegmentKind.WRAP_UP: 1, SegmentKind.HOLD: -1}
"""What an agent's part lasts. Being consulted takes attention too, but is no handled contact."""


class Worked(NamedTuple):
    """A stretch of an agent's leg: agent, wrap_up, consult, or the hold in which a call held digital work."""

    agent_id: UUID
    leg_id: UUID
    kind: SegmentKind
    started_at: datetime
    ended_at: datetime

    @property
    def seconds(self) -> float:
        return (self.ended_at - self.started_at).total_seconds()


class Handling(NamedTuple):
    """How long one leg took, its wrap-up included and without the time in which a call held it."""

    seconds: float = 0.0
    focus_seconds: float = 0.0


def handling(worked: Iterable[Worked]) -> dict[UUID, Handling]:
    """By leg. Right for the legs beside which everything that their agents did is given, too."""
    by_agent: dict[UUID, list[Worked]] = defaultdict(list)
    for stretch in worked:
        by_agent[stretch.agent_id].append(stretch)
    found: dict[UUID, Handling] = defaultdict(Handling)
    for stretches in by_agent.values():
        shared = _shared(stretches)
        for one in stretches:
            counts, (seconds, focus) = _COUNTS.get(one.kind, 0), found[one.leg_id]
            shares = shared[one.ended_at] - shared[one.started_at]
            found[one.leg_id] = Handling(seconds + counts * one.seconds, focus + counts * shares)
    return found


def _shared(stretches: Collection[Worked]) -> dict[datetime, float]:
    """At each edge, the seconds that one of the conversations at once has had since the first."""
    begun: Counter[datetime] = Counter()
    for one in stretches:
        step = -1 if one.kind == SegmentKind.HOLD else 1
        begun[one.started_at] += step
        begun[one.ended_at] -= step
    edges, at_once, had = sorted(begun), 0, 0.0
    shared = dict.fromkeys(edges[:1], had)
    for edge, following in pairwise(edges):
        at_once += begun[edge]
        had += (following - edge).total_seconds() / at_once if at_once > 0 else 0.0
        shared[following] = had
    return shared
