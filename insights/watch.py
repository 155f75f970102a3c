"""What the worker that routes does once a second for each tenant: see whether the engine keeps its laws and
the agents respond, quote the wait of who has just come, and leave all of it where the api finds it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bus.outbox import append
from app.clock import Clock
from app.events import QueueChanged
from insights.figures import Entry
from insights.measuring import RECENT, lending_by_level, measure, news
from insights.queue_metrics import Interval, QueueMetrics, Scope
from insights.vitals import Crew, alarm_since, crews
from interactions.life.desk import database_now
from interactions.life.pace import PaceBook, Paces
from interactions.life.policies import PolicyBook
from models.handling import staffed
from models.policy import Queue
from models.segment import Segment
from models.vitals import Found, RoutingVitals
from routing.engine import Engine
from routing.look import Look
from routing.policy import Policy
from routing.state import QueueMeasured

LOOK_SECONDS: Final = 1.0
QUIET_SECONDS: Final = 5.0
"""Where nobody is signed in and nothing waits."""

SLOWLY_SECONDS: Final = 5.0


class Routed(NamedTuple):
    """The engine as it is at `now_us`, and the policy it runs under."""

    tenant_id: UUID
    engine: Engine
    policy: Policy
    now_us: int


@dataclass(slots=True)
class Watched:
    """Of one engine: what was breached at the last look and when that was; offers out of order since; alarms
    that are on, by queue (None: not read yet); what the engine was told last, by queue; when to look again,
    and when at what changes slowly (seconds of the monotonic clock)."""

    breaching: frozenset[str] = frozenset()
    looked_us: int = 0
    overtakes: int = 0
    double_legs: int = 0
    measured: dict[str, QueueMeasured] = field(default_factory=dict)
    alarms: dict[str, str | None] | None = None
    look_at: float = 0.0
    slowly_at: float = 0.0


class Watch:
    """One per worker process."""

    def __init__(self, policies: PolicyBook, paces: PaceBook, clock: Clock) -> None:
        self._policies, self._paces, self._clock = policies, paces, clock

    async def look(self, session: AsyncSession, watched: Watched, routed: Routed) -> Sequence[QueueMeasured]:
        """One look; the session acts for the tenant. Returns what the engine is to be told."""
        now = await database_now(session)
        seen = routed.engine.look(routed.now_us)
        found = crews(routed.policy, await staffed(session))
        paces = await self._paces.current(session, routed.tenant_id, now)
        await _quote(session, routed.engine, paces)
        told = await self._look_slowly(session, watched, routed, paces, now)
        await self._ring(session, watched, routed.tenant_id, found, now)
        counted = Found(
            breach_us=_breach_us(watched, seen, routed.now_us),
            overtakes=watched.overtakes,
            double_legs=watched.double_legs,
            oldest_eligible_us=max(seen.oldest_us.values(), default=None),
        )
        await RoutingVitals.keep(session, routed.tenant_id, counted, _queues(found, seen, watched.alarms))
        watched.breaching, watched.looked_us, watched.overtakes = seen.breaching, routed.now_us, 0
        quiet = not seen.oldest_us and not any(crew.agents for crew in found.values())
        watched.look_at = self._clock.monotonic() + (QUIET_SECONDS if quiet else LOOK_SECONDS)
        return told

    async def _look_slowly(
        self, session: AsyncSession, watched: Watched, routed: Routed, paces: Paces, now: datetime
    ) -> Sequence[QueueMeasured]:
        """Now and then: count legs, and measure queues."""
        if self._clock.monotonic() < watched.slowly_at:
            return ()
        watched.slowly_at = self._clock.monotonic() + SLOWLY_SECONDS
        watched.double_legs = await RoutingVitals.double_legs_of(session)
        recent: Sequence[Entry] = ()
        if lending := lending_by_level(routed.policy):
            metrics = QueueMetrics(session, self._policies, self._paces, routed.tenant_id, now)
            recent = await metrics.entries_of(Interval(now - RECENT, now), Scope(lending))
        told = news(measure(routed.policy, paces, recent, now), watched.measured)
        watched.measured.update({one.queue: one for one in told})
        return told

    async def _ring(
        self,
        session: AsyncSession,
        watched: Watched,
        tenant_id: UUID,
        found: Mapping[str, Crew],
        now: datetime,
    ) -> None:
        """Raise and end alarms. Those that are on outlive the process that raised them."""
        if watched.alarms is None:
            row = await RoutingVitals.of(session, tenant_id)
            watched.alarms = {key: queue["alarm_since"] for key, queue in (row.queues if row else {}).items()}
        for key, crew in found.items():
            before = watched.alarms.get(key)
            watched.alarms[key] = after = alarm_since(crew, before, now)
            if bool(before) != bool(after):
                await _tell(session, key, crew, now, raised=bool(after))


def _breach_us(watched: Watched, seen: Look, now_us: int) -> int:
    """What is breached at two looks in a row has been in between."""
    return now_us - watched.looked_us if watched.breaching & seen.breaching else 0


def _queues(found: Mapping[str, Crew], seen: Look, alarms: Mapping[str, str | None] | None) -> dict[str, Any]:
    return {
        key: {
            "agents": crew.agents,
            "not_responding": sorted(str(agent) for agent in crew.lapsed),
            "oldest_eligible_us": seen.oldest_us.get(key),
            "alarm_since": (alarms or {}).get(key),
        }
        for key, crew in found.items()
    }


async def _quote(session: AsyncSession, engine: Engine, paces: Paces) -> None:
    """Who has come since the last look: the p90 of the wait at their place."""
    entries = await Segment.unquoted(session)
    turns = engine.turns([str(entry.interaction_id) for entry in entries])
    quotes = {}
    for entry in entries:
        pace = paces.get((entry.queue, entry.channel))
        estimate = pace.estimate(turns[str(entry.interaction_id)]) if pace else None
        if estimate is not None:
            quotes[entry.id] = estimate.p90_us
    await Segment.quote(session, quotes)


async def _tell(session: AsyncSession, key: str, crew: Crew, now: datetime, *, raised: bool) -> None:
    queue = await Queue.changed(session, key)
    alarm = {
        "kind": "not_responding",
        "raised": raised,
        "agents": crew.agents,
        "not_responding": sorted(str(agent) for agent in crew.lapsed),
    }
    data = {"queue": key, "alarm": alarm}
    event = QueueChanged(entity=f"queue/{key}", version=queue.version, queue=key, data=data)
    append(session, event, key=str(queue.id), at=now)
