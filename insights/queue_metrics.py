"""Live queue metrics: one read of an interval's rows, the same figures by queue, tier and channel (API
§5)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from insights.agent_states import AgentState, agent_states, count_states
from insights.agent_times import agent_times
from insights.estimates import next_arrivals
from insights.figures import Entry, Facts, Judge, Missed, Refused, Row, drilled, figures, ours
from insights.handled_parts import HandledParts
from insights.occupancy import AgentTime, occupancy
from insights.written_times import WrittenTimes
from interactions.life.pace import PaceBook, Paces
from interactions.life.policies import PolicyBook, TenantPolicy
from interactions.life.views import instant
from models.interaction import WAITING, Interaction, State
from models.offer import Offer, OfferState
from models.policy import Queue
from models.segment import Segment, SegmentKind
from routing.policy import BUSINESS_TIME_CHANNELS, SECOND

_other = aliased(Segment)
_WAITED_BEFORE: Final = case(
    (Segment.entry_kind == "new", 0),
    else_=select(func.coalesce(func.sum(func.extract("epoch", _other.ended_at - _other.started_at)), 0))
    .where(
        _other.interaction_id == Segment.interaction_id,
        _other.kind == SegmentKind.QUEUE,
        _other.started_at < Segment.started_at,
    )
    .scalar_subquery(),
)
"""The seconds of an entry's interaction in the entries before it."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Half-open."""

    start: datetime
    end: datetime

    def query(self) -> dict[str, str]:
        return {"from": instant(self.start) or "", "to": instant(self.end) or ""}


@dataclass(frozen=True, slots=True)
class Scope:
    """What one supervisor sees: their teams and the queues that these serve (None: all)."""

    queues: Sequence[str] | None = None
    teams: Sequence[str] | None = None

    def sees(self, teams: Iterable[str]) -> bool:
        """Whether who is in these teams is in one of the supervisor's."""
        return self.teams is None or not set(self.teams).isdisjoint(teams)


@dataclass(frozen=True, slots=True)
class Dialect:
    """Whose service level is told; `query` asks for it again."""

    judge: Judge = ours
    query: Mapping[str, Any] = field(default_factory=lambda: {"dialect": "touchpoint"})


class QueueMetrics:
    """One tenant's figures, read in one transaction."""

    def __init__(
        self, session: AsyncSession, policies: PolicyBook, paces: PaceBook, tenant_id: UUID, now: datetime
    ) -> None:
        self.session, self.policies, self.paces = session, policies, paces
        self.tenant_id, self.now = tenant_id, now

    async def report(self, interval: Interval, scope: Scope, dialect: Dialect) -> dict[str, Any]:
        """`{items, by_tier, by_channel, by_team, totals}`; every figure's `drill` lists what it counts."""
        facts = await self.facts(interval, scope)
        policy = await self.policies.current(self.session, self.tenant_id)
        paces = await self.paces.current(self.session, self.tenant_id, self.now)
        everybody = await agent_states(self.session)
        states = [state for state in everybody if scope.sees(state.agent.teams)]
        agents, end = [state.agent for state in states], min(interval.end, self.now)
        times = await agent_times(self.session, agents, interval.start, end)
        closures = {
            queue.key: queue.closure_at(self.now) for queue in await self.session.scalars(select(Queue))
        }
        keys = [key for key in policy.policy.queues if scope.queues is None or key in scope.queues]
        items = [
            {
                "queue": key,
                **self._row(facts, interval, dialect, "queue", key),
                **_estimates(facts, policy, key, paces),
                "agents": count_states(_serving(everybody, policy, key)),
                "closure": closures.get(key),
            }
            for key in keys
        ]
        return {
            "from": instant(interval.start),
            "to": instant(interval.end),
            "dialect": dialect.query["dialect"],
            "items": items,
            "by_tier": self._split(facts, interval, dialect, "tier"),
            "by_channel": self._split(facts, interval, dialect, "channel"),
            "by_team": _by_team(states, times, scope),
            "totals": {
                **self._row(facts, interval, dialect, None, None),
                "agents": count_states(states),
                **occupancy(times),
            },
        }

    async def drill(
        self, interval: Interval, scope: Scope, dialect: Dialect, figure: str, keep: Callable[[Row], bool]
    ) -> list[UUID]:
        """The interactions behind a figure."""
        facts = await self.facts(interval, scope)
        return drilled(facts.where(keep), figure, self.now, dialect.judge)

    async def facts(self, interval: Interval, scope: Scope) -> Facts:
        """Nine statements, whatever the size. A mail in an agent's hands waits for its answer (its entry is
        open), but it is not one of those who wait for an agent."""
        entries = await self._entries(interval, scope)
        written = WrittenTimes(self.session, self.policies, self.tenant_id, scope.queues)
        return Facts(
            [entry for entry, state in entries if entry.outcome is None and state in WAITING],
            [entry for entry, _ in entries if entry.started_at >= interval.start],
            await HandledParts(self.session, scope.queues).read(interval.start, interval.end),
            await self._refused(interval, scope),
            await self._missed(interval, scope),
            await written.read(interval.start, interval.end),
        )

    def _row(
        self, facts: Facts, interval: Interval, dialect: Dialect, column: str | None, key: str | None
    ) -> dict[str, Any]:
        chosen = facts if column is None else facts.where(lambda row: getattr(row, column) == key)
        query = {**interval.query(), **dialect.query, **({} if column is None else {column: key or ""})}
        drill = f"/v1/queues/metrics/interactions?{urlencode(query, doseq=True)}"
        found = figures(chosen, self.now, dialect.judge)
        return {**found, "estimated_wait_seconds": None, "drill": drill}

    def _split(self, facts: Facts, interval: Interval, dialect: Dialect, column: str) -> list[dict[str, Any]]:
        rows = (*facts.waiting, *facts.entries, *facts.refused, *facts.handled, *facts.missed)
        keys = sorted({getattr(row, column) for row in rows})
        return [{column: key, **self._row(facts, interval, dialect, column, key)} for key in keys]

    async def entries_of(self, interval: Interval, scope: Scope) -> list[Entry]:
        """Those that came in the interval."""
        entries = await self._entries(interval, scope)
        return [entry for entry, _ in entries if entry.started_at >= interval.start]

    async def _entries(self, interval: Interval, scope: Scope) -> list[tuple[Entry, State]]:
        """Those of the interval, and those of before it that are open; with their interaction's state."""
        query = (
            select(Segment, Interaction.state, _WAITED_BEFORE)
            .join(Interaction, Interaction.id == Segment.interaction_id)
            .where(
                Segment.kind == SegmentKind.QUEUE,
                or_(
                    and_(Segment.started_at >= interval.start, Segment.started_at < interval.end),
                    and_(Segment.ended_at.is_(None), Segment.started_at < interval.end),
                ),
            )
        )
        rows = (await self.session.execute(_within(query, Segment.queue, scope))).all()
        return [(await self._entry(row, float(before)), state) for row, state, before in rows]

    async def _entry(self, row: Segment, before: float) -> Entry:
        version = await self.policies.version(self.session, self.tenant_id, row.policy_version)
        rules = version.rules(row.queue, row.channel)
        return Entry(
            interaction_id=row.interaction_id,
            queue=row.queue,
            channel=row.channel,
            tier=row.tier,
            entry_kind=row.entry_kind or "new",
            started_at=row.started_at,
            ended_at=row.ended_at,
            outcome=row.outcome,
            service_level_seconds=rules.service_level_seconds,
            hours=version.hours(row.queue) if rules.service_level_clock == "business" else None,
            short_abandon_seconds=rules.short_abandon_seconds,
            waited_before_seconds=before,
            quoted_wait_seconds=None if row.quoted_wait_us is None else row.quoted_wait_us / SECOND,
            promise_seconds=version.promise_seconds(row.queue, row.channel, row.tier),
            promise_hours=version.hours(row.queue) if row.channel in BUSINESS_TIME_CHANNELS else None,
        )

    async def _refused(self, interval: Interval, scope: Scope) -> list[Refused]:
        query = select(Segment.interaction_id, Segment.queue, Segment.channel, Segment.tier).where(
            Segment.kind == SegmentKind.CLOSED_DOOR, *_ended_in(Segment.started_at, interval)
        )
        rows = await self.session.execute(_within(query, Segment.queue, scope))
        return [Refused(*row) for row in rows]

    async def _missed(self, interval: Interval, scope: Scope) -> list[Missed]:
        query = select(Offer.interaction_id, Offer.queue, Offer.channel, Offer.tier).where(
            Offer.state == OfferState.MISSED, *_ended_in(Offer.settled_at, interval)
        )
        rows = await self.session.execute(_within(query, Offer.queue, scope))
        return [Missed(*row) for row in rows]


def _within(query: Any, column: Any, scope: Scope) -> Any:
    return query if scope.queues is None else query.where(column.in_(scope.queues))


def _ended_in(column: Any, interval: Interval) -> tuple[Any, Any]:
    return column >= interval.start, column < interval.end


def _by_team(states: Sequence[AgentState], times: Sequence[AgentTime], scope: Scope) -> list[dict[str, Any]]:
    known = {team for state in states for team in state.agent.teams}
    teams = sorted(known if scope.teams is None else known & set(scope.teams))
    return [
        {
            "team": team,
            "agents": count_states([state for state in states if team in state.agent.teams]),
            **occupancy(time for time in times if team in time.teams),
        }
        for team in teams
    ]


def _estimates(facts: Facts, policy: TenantPolicy, queue: str, paces: Paces) -> dict[str, Any]:
    its = facts.where(lambda row: row.queue == queue)
    return next_arrivals(policy.policy.queues[queue], its.waiting, its.entries, paces)


def _serving(states: Sequence[AgentState], policy: TenantPolicy, queue: str) -> list[AgentState]:
    teams = policy.policy.queues[queue].own_teams
    return [state for state in states if teams.intersection(state.agent.teams)]
