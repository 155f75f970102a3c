"""How channel accounts are, and whether what is sent to them comes through (API §5)."""

from typing import Any

from pydantic import BaseModel

from app.access import Permission
from app.channel_test import ChannelTest, able
from app.endpoints import KnownEndpoint
from app.errors import Conflict, NotFound
from app.problems import problems
from insights.endpoint_health import report
from interactions.life.desk import database_now
from routers.deps import CurrentAgent, CurrentPrincipal, ReadTransaction, Services, api_router

router = api_router("/v1/endpoints", Permission.SUPERVISE, tags=["endpoints"])


class TestOut(BaseModel):
    """`seconds`: from the sending of the test event until we had applied it. `problem`: what went wrong."""

    __test__ = False
    came_through: bool
    seconds: float | None = None
    problem: str | None = None


@router.get("/health")
async def endpoint_health(
    session: ReadTransaction, caller: CurrentPrincipal, container: Services
) -> dict[str, Any]:
    """Every channel account: what came in last and how late, what was sent and failed in the last hour, wrong
    signatures, whether its platform is reached and listened to, and what is alarming about it. `alarms`:
    silent, circuit, listener, signatures, errors."""
    mine = [known for known in container.endpoints.all() if known.tenant_id == caller.tenant_id]
    abilities = {known.id: able(known) for known in mine}
    return await report(session, caller.tenant_id, abilities, await database_now(session))


@router.post("/{key}/test", responses=problems(NotFound, Conflict))
async def test_endpoint(key: str, me: CurrentAgent, container: Services) -> TestOut:
    """Send a signed event that means nothing to the endpoint's public address, or ask its platform for what
    it holds, and wait until it came through. 409 where a channel has no such test."""
    return TestOut(**await ChannelTest(container, me).run(_endpoint(container, me, key)))


def _endpoint(container: Services, me: CurrentAgent, key: str) -> KnownEndpoint:
    for known in container.endpoints.all():
        if known.tenant_id == me.tenant_id and key in (known.key, str(known.id)):
            return known
    raise NotFound("There is no such endpoint.")
