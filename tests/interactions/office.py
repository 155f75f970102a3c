"""A tenant with two queues and a telephone platform that takes commands, behind its real HTTP surface.

Nothing routes: work is put where a test wants it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from app.clock import new_id
from app.container import Container
from app.setup.model import Document
from app.setup.policy import policy_document
from app.setup.service import published_policy
from interactions.life.desk import Desk
from interactions.life.work import Work
from models import Agent, Device, Endpoint, Interaction, Policy, Queue, Team
from tests.parts import SETUP, SeededTenant

DISPOSITIONS = ["solved", "complaint"]
TWO_QUEUES: dict[str, Any] = {
    **SETUP,
    "calendars": [
        {
            "key": "office",
            "time_zone": "Asia/Shanghai",
            "weekly": {"mon-fri": ["09:00-12:00", "13:00-18:00"]},
            "dates": {"2025-11-25": "closed"},
        }
    ],
    "teams": [{"key": "support"}, {"key": "sales"}],
    "queues": [
        {
            "key": "billing",
            "teams": [{"key": "support"}],
            "wrap_up": {"mode": "mandatory", "dispositions": DISPOSITIONS},
        },
        {"key": "sales", "teams": [{"key": "sales"}], "wrap_up": {"mode": "optional"}},
    ],
}
UNITS = {"voice": 100, "chat": 33, "email": 20}


@dataclass
class Office:
    container: Container
    client: httpx.AsyncClient
    tenant: SeededTenant

    async def furnish(self) -> None:
        """Publish version 2, which knows the queue `sales`; the hotline takes commands."""
        async with self.container.database.transaction(self.tenant.id) as session:
            document = Document.model_validate(TWO_QUEUES)
            published = published_policy(policy_document(document), document)
            session.add(Policy(tenant_id=self.tenant.id, version=2, document=published, digest="2"))
            session.add(Queue(tenant_id=self.tenant.id, key="sales", name="Sales"))
            session.add(Team(tenant_id=self.tenant.id, key="sales", name="Sales"))
            (await session.get_one(Endpoint, self.hotline)).controls_calls = True

    @property
    def hotline(self) -> UUID:
        return self.tenant.endpoints["hotline"].id

    def agent_id(self, name: str) -> UUID:
        return self.tenant.agents[name].id

    async def waiting(self, channel: str = "chat", *, queue: str = "billing", version: int = 2) -> UUID:
        """A customer waits."""
        endpoint = self.tenant.endpoints["hotline" if channel == "voice" else "site-chat"]
        interaction = Interaction(
            id=new_id(),
            tenant_id=self.tenant.id,
            channel=channel,
            endpoint_id=endpoint.id,
            conversation=str(new_id()),
            queue=queue,
            state="queued",
            version=0,
            relevant_version=0,
            tier="standard",
            policy_version=version,
            age_us=0,
            boost_seconds=0,
            cool_downs={},
        )
        async with self.container.database.transaction(self.tenant.id) as session:
            desk = await Desk.open(session, self.tenant.id)
            desk.add(interaction).enter_queue(queue, "new")
            await desk.save()
        return interaction.id

    async def offered(self, to: str = "li", channel: str = "chat", **facts: Any) -> UUID:
        """It rings at this agent's desk; its interaction."""
        waiting = await self.waiting(channel, **facts)

        def offer(desk: Desk, work: Work) -> None:
            ids = {"leg_id": new_id(), "offer_id": new_id()}
            row = desk.agents[self.agent_id(to)]
            work.offer_to(row, UNITS[channel], desk.now + timedelta(minutes=5), **ids)

        await self.change(waiting, offer, to)
        return waiting

    async def held(self, by: str = "li", channel: str = "chat", **facts: Any) -> UUID:
        """In this agent's hands."""
        offered = await self.offered(by, channel, **facts)

        def accept(desk: Desk, work: Work) -> None:
            leg = work.accept(connect_seconds=15 if channel == "voice" else None)
            if channel == "voice":
                leg.route_command_id = new_id()
                work.bridged()

        await self.change(offered, accept, by)
        return offered

    async def change(self, interaction_id: UUID, change: Any, *agents: str) -> None:
        async with self.container.database.transaction(self.tenant.id) as session:
            ids = [self.agent_id(name) for name in agents]
            desk, work = await Desk.one(session, self.tenant.id, interaction_id, ids)
            change(desk, work)
            await desk.save()

    async def publish_accept_by_device(self) -> None:
        """Calls of `billing` are accepted by picking up the phone."""
        await self.publish(channels={"voice": {"accept": "device"}})

    async def publish(self, **of_billing: Any) -> None:
        """Version 3: the queue `billing` says this besides."""
        billing, sales = TWO_QUEUES["queues"]
        document = Document.model_validate({**TWO_QUEUES, "queues": [{**billing, **of_billing}, sales]})
        published = published_policy(policy_document(document), document)
        async with self.container.database.transaction(self.tenant.id) as session:
            session.add(Policy(tenant_id=self.tenant.id, version=3, document=published, digest="3"))

    async def watch_only(self) -> None:
        """The telephone platform takes no commands any more."""
        async with self.container.database.transaction(self.tenant.id) as session:
            (await session.get_one(Endpoint, self.hotline)).controls_calls = False

    async def phone(self, of: str) -> None:
        async with self.container.database.transaction(self.tenant.id) as session:
            place = {"agent_id": self.agent_id(of), "endpoint_id": self.hotline}
            session.add(Device(tenant_id=self.tenant.id, address=f"sip:{of}", **place))

    async def set_agent(self, name: str, **columns: Any) -> None:
        async with self.container.database.transaction(self.tenant.id) as session:
            row = await session.get_one(Agent, self.agent_id(name))
            for column, value in columns.items():
                setattr(row, column, value)

    async def agent(self, name: str) -> Agent:
        async with self.container.database.read(self.tenant.id) as session:
            return await session.get_one(Agent, self.agent_id(name))

    async def post(self, who: str, path: str, body: Any = None) -> httpx.Response:
        return await self.client.post(f"/v1{path}", json=body, headers=self.tenant.bearer(who))

    async def get(self, who: str, path: str, **query: Any) -> Any:
        answer = await self.client.get(f"/v1{path}", params=query, headers=self.tenant.bearer(who))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def act(self, who: str, interaction_id: UUID, action: str, body: Any = None) -> httpx.Response:
        return await self.post(who, f"/interactions/{interaction_id}/{action}", body)

    async def interaction(self, interaction_id: UUID) -> dict[str, Any]:
        found: dict[str, Any] = await self.get("wang", f"/interactions/{interaction_id}")
        return found

    async def run(self, statement: str, **values: Any) -> None:
        """Change rows as nothing in the product would."""
        async with self.container.database.transaction(self.tenant.id) as session:
            await session.execute(text(statement), values)

    async def rows(self, query: str, **values: Any) -> list[Any]:
        """As the tenant sees them."""
        async with self.container.database.read(self.tenant.id) as session:
            return list((await session.execute(text(query), values)).all())
