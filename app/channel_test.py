"""Tests a channel account by the way that its events really take: a signed webhook to our own public address,
through log and intake; or a question to its platform, through the sender. What came of it is read from the
exchange log. Nothing stands on a timeline afterwards, and no work is opened."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

import httpx

from app.access import AgentPrincipal
from app.clock import new_id
from app.container import Container
from app.endpoints import KnownEndpoint
from app.errors import Conflict
from app.events import FetchAsked
from app.outbound import ALLOW, networks
from channels.abilities import Fetches, HasTest
from channels.registry import ADAPTERS
from insights.endpoint_health import Able
from models.audit import Audit
from models.exchange import Exchange

WAIT_SECONDS: Final = 10.0
LOOK_SECONDS: Final = 0.1
ANYWHERE: Final = networks(("0.0.0.0/0", "::/0"))
"""Our own address is the operator's word, wherever it leads."""


def able(known: KnownEndpoint) -> Able:
    """What health says of this endpoint."""
    listener = ADAPTERS[known.adapter_name].listener
    listens = listener is not None and listener(known.adapter) is not None
    return Able(listens, isinstance(known.adapter, HasTest | Fetches))


class ChannelTest:
    """One test by one supervisor."""

    def __init__(self, container: Container, supervisor: AgentPrincipal) -> None:
        self._container, self._supervisor = container, supervisor

    async def run(self, known: KnownEndpoint) -> dict[str, Any]:
        """{came_through, seconds, problem}. Raises Conflict where there is no such test."""
        adapter = known.adapter
        if not isinstance(adapter, HasTest | Fetches):
            raise Conflict("This channel has no test that would do no harm: write to it yourself.")
        await self._audit(known)
        started, now = self._container.clock.monotonic(), self._container.clock.now()
        if isinstance(adapter, HasTest):
            problem = await self._by_webhook(known, adapter, now)
        else:
            problem = await self._by_question(known, now)
        seconds = round(self._container.clock.monotonic() - started, 3)
        return {"came_through": problem is None, "seconds": None if problem else seconds, "problem": problem}

    async def _by_webhook(self, known: KnownEndpoint, adapter: HasTest, now: datetime) -> str | None:
        """What went wrong, if anything did."""
        test_id = f"touchpoint.test.{new_id().hex}"
        request = adapter.test_request(self._url(known), test_id, now)
        try:
            answer = await self._container.http.post(
                request.url, content=request.body, headers=dict(request.headers), extensions={ALLOW: ANYWHERE}
            )
        except httpx.HTTPError as error:
            return f"{request.url} cannot be reached: {type(error).__name__} {error}".strip()
        if answer.status_code != 200:
            return f"The door at {request.url} answered {answer.status_code}."
        found = await self._seen(known, now, lambda row: row.direction == "in" and row.reason == test_id)
        return None if found else "It was accepted, but no worker has applied it in time."

    async def _by_question(self, known: KnownEndpoint, now: datetime) -> str | None:
        event = FetchAsked(external_id=new_id().hex)
        await self._container.bus.publish([known.envelope(event, now)])
        found = await self._seen(known, now, _is_answer)
        if found is None:
            return "No sender has asked the platform in time."
        return None if found.outcome == "sent" else found.reason or f"The platform says: {found.outcome}."

    async def _seen(
        self, known: KnownEndpoint, since: datetime, fits: Callable[[Exchange], bool]
    ) -> Exchange | None:
        """The first exchange of this endpoint since then that fits, when there is one."""
        deadline = self._container.clock.monotonic() + WAIT_SECONDS
        while self._container.clock.monotonic() < deadline:
            async with self._container.database.read(known.tenant_id) as session:
                rows = await Exchange.of_endpoint(session, known.id, since - timedelta(seconds=1))
            if (found := next(filter(fits, rows), None)) is not None:
                return found
            await self._container.clock.sleep(LOOK_SECONDS)
        return None

    async def _audit(self, known: KnownEndpoint) -> None:
        async with self._container.database.transaction(known.tenant_id) as session:
            session.add(
                Audit(
                    tenant_id=known.tenant_id,
                    actor=self._supervisor.actor,
                    action="test_endpoint",
                    entity=f"endpoint/{known.key}",
                    details={},
                )
            )

    def _url(self, known: KnownEndpoint) -> str:
        settings = self._container.settings
        base = settings.public_url or f"http://{settings.host}:{settings.port}"
        return f"{base.rstrip('/')}/webhooks/{known.id}"


def _is_answer(row: Exchange) -> bool:
    """The end of a fetch: of a delivery, and of no message or call."""
    ended = row.direction == "out" and row.outcome is not None
    return ended and row.touch_id is None and row.interaction_id is None
