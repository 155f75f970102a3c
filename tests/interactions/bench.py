"""Works on rows in memory: no database, a clock that is moved by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

from app.clock import new_id
from interactions.life.work import Work
from models.agent import Agent, Presence
from models.interaction import FINAL, Interaction, State
from models.leg import LIVE, Leg, LegState
from models.offer import Offer, OfferState
from models.segment import Segment, SegmentKind

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TENANT = new_id()
UNITS = {"voice": 100, "chat": 33, "email": 20}
WAITING = frozenset({State.QUEUED, State.OFFERED, State.CONNECTING})


def agent(**facts: Any) -> Agent:
    row = {
        "id": new_id(),
        "tenant_id": TENANT,
        "units_held": 0,
        "units_excess": 0,
        "units_max": 100,
        "presence": Presence.AVAILABLE,
    }
    return Agent(**row | facts)


def interaction(channel: str = "chat") -> Interaction:
    return Interaction(
        id=new_id(),
        tenant_id=TENANT,
        channel=channel,
        queue="billing",
        state=State.QUEUED,
        version=1,
        relevant_version=1,
        tier="standard",
        policy_version=1,
        boost_seconds=0,
        age_us=0,
        created_at=NOON,
        cool_downs={},
    )


class Bench:
    """One interaction that waits, and the agents who may get it. All rows that were ever made are kept."""

    def __init__(self, channel: str = "chat", agents: int = 2) -> None:
        self.agents = [agent() for _ in range(agents)]
        known = {row.id: row for row in self.agents}
        self.work = Work(interaction(channel), known, NOON)
        self.work.enter_queue("billing", "new")

    @property
    def x(self) -> Interaction:
        return self.work.interaction

    @property
    def units(self) -> int:
        return UNITS[self.x.channel]

    def after(self, seconds: float) -> None:
        self.work.now += timedelta(seconds=seconds)

    def offer(self, to: int = 0, seconds: float = 30) -> Offer:
        deadline = self.work.now + timedelta(seconds=seconds)
        ids = {"leg_id": new_id(), "offer_id": new_id()}
        return self.work.offer_to(self.agents[to], self.units, deadline, **ids)

    def accepted(self, to: int = 0) -> Leg:
        self.offer(to)
        connects = 15.0 if self.x.channel == "voice" else None
        leg = self.work.accept(connect_seconds=connects)
        if connects is not None:
            self.work.bridged()
        return leg

    def rows(self, table: Any) -> list[Any]:
        return [row for row in self.work.added if isinstance(row, table)]

    def entries(self) -> list[tuple[str, str | None, str | None]]:
        """(queue, entry kind, outcome) of every queue entry, in order."""
        found = [s for s in self.rows(Segment) if s.kind == SegmentKind.QUEUE]
        return [(s.queue, s.entry_kind, s.outcome) for s in found]

    def check(self) -> None:
        """What holds between any two steps."""
        self._check_units()
        self._check_segments()
        live = [leg for leg in self.rows(Leg) if leg.state in LIVE]
        assert len(live) <= 1, "at most one live primary leg"
        open_offers = [offer for offer in self.rows(Offer) if offer.state == OfferState.OPEN]
        assert open_offers == ([self.work.offer] if self.work.offer else [])
        assert bool(open_offers) == (self.work.state == State.OFFERED)
        assert (self.x.waiting_since is not None) == (self.work.state in WAITING)
        assert self.x.pending_command is None or self.work.state == State.ACTIVE

    def _check_units(self) -> None:
        for row in self.agents:
            held = sum(leg.units for leg in self.rows(Leg) if leg.agent_id == row.id and _lives(leg))
            assert row.units_held == held
            assert row.units_excess == max(0, held - row.units_max)

    def _check_segments(self) -> None:
        segments: list[Segment] = self.rows(Segment)
        assert [s for s in segments if s.ended_at is None] == self.work.segments
        assert all(s.outcome is not None and s.ended_at >= s.started_at for s in segments if s.ended_at)
        entries = [s for s in self.work.segments if s.kind == SegmentKind.QUEUE]
        if self.work.state in WAITING:
            assert [s.queue for s in entries] == [self.x.queue]
        if self.work.state in FINAL:
            assert {s.leg_id for s in self.work.segments} <= {leg.id for leg in self.work.legs}
            assert all(leg.state == LegState.WRAP_UP for leg in self.work.legs)


def _lives(leg: Leg) -> bool:
    return bool(leg.state != LegState.ENDED)
