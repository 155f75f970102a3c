"""An agent's desk for tests: whole HTTP requests to a real app, and customers who write through intake."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from app.clock import new_id
from app.container import Container
from app.database import WORKER_ROLE, Database
from app.events import Address, InboundEvent, MessageReceived
from app.setup.model import Document
from app.setup.policy import policy_document
from app.setup.service import published_policy
from channels.email.parser import MailParser
from interactions.intake.intake import Intake
from interactions.intake.mail_reader import MailReader
from interactions.life.desk import Desk
from models import Policy, Visitor
from tests.intake.house import SETUP
from tests.parts import SeededTenant, client_of, open_test_container, seed


@dataclass
class Office:
    """`acme` is the tenant whose agent li works here; `other` has the same keys."""

    container: Container
    client: httpx.AsyncClient
    worker: Database
    intake: Intake
    acme: SeededTenant
    other: SeededTenant

    async def get(self, path: str, who: str = "li", tenant: SeededTenant | None = None) -> httpx.Response:
        return await self.client.get(path, headers=(tenant or self.acme).bearer(who))

    async def send(
        self, method: str, path: str, body: Any = None, tenant: SeededTenant | None = None
    ) -> httpx.Response:
        headers = (tenant or self.acme).bearer("li")
        return await self.client.request(method, path, json=body, headers=headers)

    async def customer(self, name: str, *addresses: tuple[str, str], **facts: Any) -> dict[str, Any]:
        listed = [{"kind": kind, "value": value} for kind, value in addresses]
        answer = await self.send("POST", "/v1/customers", {"name": name, "addresses": listed, **facts})
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.json()
        return created

    async def visitor(self) -> UUID:
        visitor = Visitor(
            id=new_id(),
            tenant_id=self.acme.id,
            endpoint_id=self.acme.endpoints["site-chat"].id,
            token_hash=new_id().hex,
        )
        async with self.container.database.transaction(self.acme.id) as session:
            session.add(visitor)
        return visitor.id

    async def writes(self, address: Address, said: str, conversation: str | None = None) -> dict[str, Any]:
        """A customer writes; their interaction."""
        event = MessageReceived(
            external_id=new_id().hex, address=address, text=said, conversation=conversation
        )
        await self.takes_in(event)
        return (await self.rows("SELECT * FROM interaction ORDER BY created_at DESC, id DESC LIMIT 1"))[0]

    async def takes_in(self, event: InboundEvent, endpoint: str = "site-chat") -> None:
        """As the endpoint's door puts it into the log, applied."""
        known = self.container.endpoints.get(self.acme.endpoints[endpoint].id)
        assert known is not None
        envelope = known.envelope(event, self.container.clock.now())
        async with self.worker.transaction(self.acme.id) as session:
            await self.intake.apply([envelope], [None], session)

    async def chats(self, visitor: UUID, said: str) -> dict[str, Any]:
        return await self.writes(Address(kind="visitor", value=str(visitor)), said, str(visitor))

    async def take(self, interaction_id: UUID, who: str = "li") -> None:
        """It is in this agent's hands."""
        agent = self.acme.agents[who].id
        async with self.container.database.transaction(self.acme.id) as session:
            desk, work = await Desk.one(session, self.acme.id, interaction_id, [agent])
            work.take(desk.agents[agent], 10)
            await desk.save()

    async def version(self, interaction_id: Any) -> int:
        rows = await self.rows("SELECT version FROM interaction WHERE id = :id", id=interaction_id)
        return int(rows[0]["version"])

    async def rows(self, query: str, **values: Any) -> list[dict[str, Any]]:
        async with self.worker.transaction(self.acme.id) as session:
            return [dict(row) for row in (await session.execute(text(query), values)).mappings()]

    async def execute(self, statement: str, **values: Any) -> None:
        async with self.worker.transaction(self.acme.id) as session:
            await session.execute(text(statement), values)


@asynccontextmanager
async def open_office(url: str, folder: Path) -> AsyncIterator[Office]:
    async with AsyncExitStack() as stack:
        container = await stack.enter_async_context(open_test_container(url, folder))
        worker = Database(url, WORKER_ROLE, pool_size=4)
        stack.push_async_callback(worker.close)
        client = await stack.enter_async_context(client_of(container))
        acme, other = await seed(container, "acme"), await seed(container, "other")
        for tenant in (acme, other):
            await _publish(container, tenant.id)
        reader = MailReader(container.blobs, MailParser(), container.cipher)
        intake = Intake(container.policies, container.paces, container.endpoints, reader)
        yield Office(container, client, worker, intake, acme, other)


async def _publish(container: Container, tenant_id: UUID) -> None:
    document = Document.model_validate(SETUP)
    policy = published_policy(policy_document(document), document)
    async with container.database.transaction(tenant_id) as session:
        session.add(Policy(tenant_id=tenant_id, version=9, document=policy, digest=""))
