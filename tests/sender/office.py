"""A post office whose one endpoint is at `tests.sender.platform`, over real HTTP."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.clock import new_id
from app.outbound import outbound_client
from channels.transport import NetworkTransport
from tests.sender.parts import Post
from tests.sender.platform import Platform, PlatformAdapter, open_platform
from tests.waiting import eventually


@dataclass
class Office:
    post: Post
    platform: Platform
    endpoint: UUID

    async def put(self, kind: str = "message", **facts: Any) -> UUID:
        return await self.post.put(kind=kind, endpoint_id=self.endpoint, **facts)

    async def elsewhere(self) -> UUID:
        """A message of another endpoint, which its platform refuses."""
        other = new_id()
        self.post.adapters[other] = PlatformAdapter(f"{self.platform.url}/elsewhere")
        return await self.post.put(endpoint_id=other, conversation="elsewhere")

    async def outcomes(self, number: int) -> list[str]:
        await eventually(lambda: len(self.post.dispatch.outcomes) >= number)
        return [outcome for _, outcome in self.post.dispatch.outcomes]

    async def rows(self, query: str) -> list[dict[str, Any]]:
        async with self.post.database.read(self.post.tenant_id) as session:
            return [dict(row) for row in (await session.execute(text(query))).mappings()]


@asynccontextmanager
async def open_office(post: Post) -> AsyncIterator[Office]:
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(outbound_client())
        platform = await stack.enter_async_context(open_platform())
        endpoint = new_id()
        post.wire = NetworkTransport(client)
        post.adapters[endpoint] = PlatformAdapter(platform.url)
        yield Office(post, platform, endpoint)
