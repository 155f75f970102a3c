"""Queues as supervisors see and steer them: metrics with drill, waiting list, emergency closure (API §5)."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Depends, Query
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import ApiKeyPrincipal, Permission, Principal, Role
from app.container import Container
from app.errors import Invalid, NotFound
from app.problems import problems
from insights.dialects import UnknownDialect, judge_of
from insights.figures import FIGURES, Row
from insights.queue_metrics import Dialect, Interval, QueueMetrics, Scope
from insights.waiting import waiting_list
from interactions.agents import lookup
from interactions.agents.supervision import Supervision
from interactions.life.desk import database_now
from interactions.life.views import instant
from models.agent import Agent
from models.policy import Queue
from models.tenant import Tenant
from routers.deps import (
    CurrentAgent,
    CurrentPrincipal,
    Moment,
    ReadTransaction,
    Services,
    Transaction,
    api_router,
    needs,
)

router = api_router("/v1/queues", Permission.REPORTS_READ, tags=["queues"])


class Window(BaseModel):
    """`window=today` (in the tenant's zone), the last `window_seconds`, or `from` and `to`. `dialect`: whose
    service level; `include` are the switches of `genesys`, `abandon_seconds` the threshold of
    `ringcentral`."""

    window: str = "today"
    window_seconds: int | None = Field(default=None, ge=1, le=31 * 86400)
    start: Moment | None = Field(default=None, alias="from")
    end: Moment | None = Field(default=None, alias="to")
    dialect: str = "touchpoint"
    include: list[str] = Field(default_factory=list, max_length=10)
    abandon_seconds: float | None = Field(default=None, ge=0, le=86400)

    def judged(self) -> Dialect:
        """Raises Invalid for a dialect that nobody knows."""
        given = {"dialect": self.dialect, "include": self.include, "abandon_seconds": self.abandon_seconds}
        try:
            judge = judge_of(self.dialect, self.include, self.abandon_seconds)
        except UnknownDialect as error:
            errors = [{"pointer": error.pointer, "message": str(error)}]
            raise Invalid("There is no such dialect.", errors=errors) from None
        return Dialect(judge, {name: value for name, value in given.items() if value not in (None, [])})


class DrillQuery(Window):
    """`cursor`: the last interaction of the page before."""

    figure: str
    queue: str | None = None
    tier: str | None = None
    channel: str | None = None
    cursor: UUID | None = None
    limit: int = Field(default=200, ge=1, le=200)


class ClosureIn(BaseModel):
    """`reason` null opens the queue again."""

    reason: str | None = Field(default=None, max_length=500)
    announcement: str | None = Field(default=None, max_length=200)
    until: Moment | None = None


async def metrics_of(session: ReadTransaction, caller: CurrentPrincipal, container: Services) -> QueueMetrics:
    now = await database_now(session)
    return QueueMetrics(session, container.policies, container.paces, caller.tenant_id, now)


async def scope_of(session: ReadTransaction, caller: CurrentPrincipal, container: Services) -> Scope:
    return await scope_for(session, caller, container)


async def scope_for(session: AsyncSession, caller: Principal, container: Container) -> Scope:
    """Administrators and integrations see all queues, supervisors those that their teams serve."""
    if isinstance(caller, ApiKeyPrincipal) or Role.ADMIN in caller.roles:
        return Scope()
    me = await session.get(Agent, caller.id)
    teams = set(me.teams if me else ())
    policy = await container.policies.current(session, caller.tenant_id)
    queues = [queue.key for queue in policy.policy.queues.values() if queue.teams & teams]
    return Scope(queues, sorted(teams))


Metrics = Annotated[QueueMetrics, Depends(metrics_of, scope="function")]
Sees = Annotated[Scope, Depends(scope_of, scope="function")]


@router.get("/metrics", responses=problems(Invalid))
async def queue_metrics(
    window: Annotated[Window, Query()], metrics: Metrics, scope: Sees, session: ReadTransaction
) -> dict[str, Any]:
    """Per queue, tier and channel, computed from segments and offers."""
    dialect = window.judged()
    interval = await _interval(session, window, metrics.tenant_id, metrics.now)
    return await metrics.report(interval, scope, dialect)


@router.get("/metrics/interactions", responses=problems(Invalid))
async def drill(
    wanted: Annotated[DrillQuery, Query()], metrics: Metrics, scope: Sees, session: ReadTransaction
) -> dict[str, Any]:
    """The interactions that a figure counts, in order of entry."""
    if wanted.figure not in FIGURES:
        message = f"one of {', '.join(FIGURES)}"
        raise Invalid("There is no such figure.", errors=[{"pointer": "/figure", "message": message}])
    dialect = wanted.judged()
    interval = await _interval(session, wanted, metrics.tenant_id, metrics.now)
    ids = await metrics.drill(interval, scope, dialect, wanted.figure, lambda row: _fits(row, wanted))
    shown, cursor = _page(ids, wanted.cursor, wanted.limit)
    return {"items": await lookup.listed(session, shown), "total": len(ids), "next_cursor": cursor}


@router.get("/{key}/waiting", responses=problems(NotFound))
async def waiting(
    key: str,
    session: ReadTransaction,
    scope: Sees,
    caller: CurrentPrincipal,
    container: Services,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 200,
) -> dict[str, Any]:
    """Who waits, in serving order, each with its estimated wait. `cursor`: the last interaction of the page
    before."""
    queue = await known_queue(session, caller, container, scope, key)
    now = await database_now(session)
    paces = await container.paces.current(session, caller.tenant_id, now)
    items = await waiting_list(session, container.policies, paces, caller.tenant_id, queue, now)
    found = {UUID(item["id"]): item for item in items}
    shown, next_cursor = _page(list(found), cursor, limit)
    return {"items": [found[id_] for id_ in shown], "next_cursor": next_cursor}


@router.put("/{key}/closure", responses=problems(NotFound), dependencies=[needs(Permission.SUPERVISE)])
async def close_queue(
    key: str, wish: ClosureIn, session: Transaction, agent: CurrentAgent, container: Services
) -> dict[str, Any]:
    """Emergency closure: new entries meet it within a second."""
    queue = await known_queue(session, agent, container, await scope_for(session, agent, container), key)
    given = {"reason": wish.reason, "announcement": wish.announcement, "until": instant(wish.until)}
    closure = {name: value for name, value in given.items() if value is not None} if wish.reason else None
    return await Supervision(session, agent, container.policies).close_queue(queue, closure)


async def known_queue(
    session: AsyncSession, caller: Principal, container: Container, scope: Scope, named: str
) -> str:
    """The key of a queue named by key or id. Raises NotFound for one that is not there or that this caller
    does not steer."""
    policy = await container.policies.current(session, caller.tenant_id)
    key = await Queue.key_of(session, named)
    seen = scope.queues is None or key in scope.queues
    if key is None or key not in policy.policy.queues or not seen:
        raise NotFound("There is no such queue.")
    return key


def _page(ids: Sequence[UUID], cursor: UUID | None, limit: int) -> tuple[Sequence[UUID], str | None]:
    """What follows `cursor` in a list that is made anew each time; all of it where the cursor has left it."""
    start = ids.index(cursor) + 1 if cursor in ids else 0
    shown = ids[start : start + limit]
    return shown, str(shown[-1]) if start + limit < len(ids) else None


async def _interval(session: AsyncSession, window: Window, tenant_id: UUID, now: datetime) -> Interval:
    end = window.end or now + timedelta(seconds=1)
    if window.start is not None:
        return Interval(window.start, end)
    if window.window_seconds is not None:
        return Interval(now - timedelta(seconds=window.window_seconds), end)
    if window.window != "today":
        raise Invalid(
            "Unknown window.", errors=[{"pointer": "/window", "message": "today, or window_seconds"}]
        )
    tenant = await session.get(Tenant, tenant_id)
    zone = ZoneInfo(tenant.time_zone if tenant else "UTC")
    return Interval(datetime.combine(now.astimezone(zone).date(), time(), zone), end)


def _fits(row: Row, wanted: DrillQuery) -> bool:
    pairs = ((row.queue, wanted.queue), (row.tier, wanted.tier), (row.channel, wanted.channel))
    return all(asked is None or value == asked for value, asked in pairs)
