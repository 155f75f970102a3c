"""Why an interaction still waits, or why it came to its agent (API §3)."""

from typing import Any
from uuid import UUID

from app.access import Permission
from app.errors import NotFound
from app.problems import problems
from routers.deps import CurrentPrincipal, ReadTransaction, Services, api_router

router = api_router("/v1/interactions", Permission.WORK, tags=["interactions"])


@router.get("/{interaction_id}/explanation", responses=problems(NotFound))
async def explain_interaction(
    interaction_id: UUID, caller: CurrentPrincipal, session: ReadTransaction, container: Services
) -> dict[str, Any]:
    """`kind` is `waiting` (every agent by the first reason against, and what opens when) or `assigned` (the
    decision as it was taken). `words` says it in English and Chinese, `names` who the agents are."""
    return await container.explanations.explain(session, caller.tenant_id, interaction_id, container.policies)
