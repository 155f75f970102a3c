"""Whether routing keeps its laws now, for supervisors' tools."""

from typing import Any

from app.access import Permission
from insights.vitals import report
from interactions.life.desk import database_now
from routers.deps import CurrentPrincipal, ReadTransaction, api_router
from routers.queues import Sees

router = api_router("/v1/health", Permission.REPORTS_READ, tags=["queues"])


@router.get("/routing")
async def routing_health(session: ReadTransaction, caller: CurrentPrincipal, scope: Sees) -> dict[str, Any]:
    """Of the worker's last look, which is due every second (`current`: it was). `breach_seconds` (work and an
    agent who may take it beside each other), `overtakes` (beyond the head start) and `double_legs` must be 0;
    the first two count from `counted_since`. Per queue: who does not respond, since when half of the agents
    do not (`alarm_since`), and for how long that has waited which somebody available may take."""
    return await report(session, caller.tenant_id, scope.queues, await database_now(session))
