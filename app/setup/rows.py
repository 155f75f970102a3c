"""A set-up against the rows of its tenant: what is new, different or gone. Each change is noted for people.

What the file no longer names is retired (queues, endpoints) or disabled (agents), never deleted: history
refers to it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

import orjson
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import new_id
from app.errors import CommandError
from app.security import CannotOpen, Cipher
from app.setup import model
from app.setup.difference import Change
from channels import registry
from interactions.life.desk import Desk
from models.access import RefreshSession
from models.agent import Agent, Device
from models.base import Base
from models.endpoint import Endpoint
from models.interaction import Interaction
from models.policy import Queue, Team
from models.tenant import Tenant
from routing.policy import CHANNELS

Row = TypeVar("Row", bound=Base)


@dataclass
class Changes:
    """`lines`: `+ queue billing`, `~ agent li@acme.test: skills, teams`, `- endpoint old`, the policy last;
    `policy`: what its new version says otherwise."""

    lines: list[str] = field(default_factory=list)
    policy: list[Change] = field(default_factory=list)

    def added(self, kind: str, key: str) -> None:
        self.lines.append(f"+ {kind} {key}")

    def removed(self, kind: str, key: str) -> None:
        self.lines.append(f"- {kind} {key}")

    def set(self, kind: str, key: str, row: Base, wanted: Mapping[str, Any]) -> bool:
        """Make `row` as wanted; whether that changed anything."""
        different = [name for name, value in wanted.items() if getattr(row, name) != value]
        for name in different:
            setattr(row, name, wanted[name])
        if different:
            self.lines.append(f"~ {kind} {key}: {', '.join(_spoken(name) for name in different)}")
        return bool(different)


def _spoken(column: str) -> str:
    return {"password_hash": "password", "retired_at": "in use again", "disabled_at": "in use again"}.get(
        column, column
    )


class Reconciliation:
    """One set-up, one tenant, one transaction. `password_hashes` are made before it began, by e-mail."""

    def __init__(
        self, session: AsyncSession, cipher: Cipher, tenant_id: UUID, password_hashes: Mapping[str, str]
    ) -> None:
        self.session, self.cipher, self.tenant_id = session, cipher, tenant_id
        self.changes = Changes()
        self._password_hashes = password_hashes

    async def run(self, document: model.Document) -> dict[str, Endpoint]:
        """The endpoints of the file by key, with their ids."""
        assert document.tenant is not None, "apply checks that first"
        await self._tenant(document.tenant, document.outbound_allow)
        await self._teams(document.teams)
        await self._queues(document.queues)
        endpoints = await self._endpoints(document.endpoints)
        await self.session.flush()
        await self._agents(document.agents, endpoints)
        return endpoints

    async def _tenant(self, wanted: model.Tenant, outbound_allow: list[str]) -> None:
        values = {
            "name": wanted.name or wanted.key,
            "time_zone": wanted.time_zone,
            "languages": list(wanted.languages),
            "outbound_allow": list(outbound_allow),
        }
        tenant = await self.session.get(Tenant, self.tenant_id)
        if tenant is None:
            secret = self.cipher.new_secret(self.tenant_id)
            self.session.add(Tenant(id=self.tenant_id, key=wanted.key, secret=secret, **values))
            await self.session.flush()
            self.changes.added("tenant", wanted.key)
        else:
            self.changes.set("tenant", wanted.key, tenant, values)

    async def _teams(self, wanted: Iterable[model.Team]) -> None:
        known = {team.key: team for team in await self._all(Team)}
        for team in wanted:
            values = {"name": team.name or team.key}
            row = known.get(team.key)
            if row is None:
                self.session.add(Team(tenant_id=self.tenant_id, key=team.key, **values))
                self.changes.added("team", team.key)
            else:
                self.changes.set("team", team.key, row, values)

    async def _queues(self, wanted: Iterable[model.Queue]) -> None:
        known = {queue.key: queue for queue in await self._all(Queue)}
        for queue in wanted:
            values = {"name": queue.name or queue.key, "retired_at": None}
            row = known.pop(queue.key, None)
            if row is None:
                self.session.add(Queue(tenant_id=self.tenant_id, key=queue.key, **values))
                self.changes.added("queue", queue.key)
            elif self.changes.set("queue", queue.key, row, values):
                row.version += 1
        await self._check_empty(queue.key for queue in known.values() if queue.retired_at is None)
        self._retire("queue", known.values())

    async def _check_empty(self, queues: Iterable[str]) -> None:
        """Raises CommandError: nobody would ever be offered what is left in a queue without a policy."""
        held = await Interaction.live_in(self.session, list(queues))
        if held:
            told = ", ".join(f"{queue} ({number})" for queue, number in sorted(held.items()))
            raise CommandError(
                f"The file no longer names queues that still hold interactions: {told}. Move or close these "
                "first, or leave the queue in the file without endpoints until it is empty."
            )

    async def _endpoints(self, wanted: Iterable[model.Endpoint]) -> dict[str, Endpoint]:
        known = {endpoint.key: endpoint for endpoint in await self._all(Endpoint)}
        found = {}
        for endpoint in wanted:
            row = known.pop(endpoint.key, None)
            if row is None:
                row = Endpoint(id=new_id(), tenant_id=self.tenant_id, key=endpoint.key)
                for name, value in self._endpoint_values(endpoint, None).items():
                    setattr(row, name, value)
                self.session.add(row)
                self.changes.added("endpoint", endpoint.key)
            elif self.changes.set("endpoint", endpoint.key, row, self._endpoint_values(endpoint, row)):
                row.version += 1
            found[endpoint.key] = row
        self._retire("endpoint", known.values())
        return found

    def _endpoint_values(self, wanted: model.Endpoint, row: Endpoint | None) -> dict[str, Any]:
        config = orjson.dumps(wanted.config, option=orjson.OPT_SORT_KEYS)
        address = wanted.config.get("address")
        adapter = registry.build(wanted.adapter, wanted.config)
        return {
            "adapter": wanted.adapter,
            "channel": adapter.channel,
            "queue": wanted.queue,
            "silent_after_seconds": wanted.silent_after_seconds,
            "identity_numbers": wanted.identity_numbers,
            "identity_number_kinds": list(wanted.identity_number_kinds),
            "address": address if isinstance(address, str) else None,
            "controls_calls": getattr(adapter, "controls_calls", False),
            "config": row.config if row and self._holds(row, config) else self._sealed(config),
            "retired_at": None,
        }

    def _sealed(self, config: bytes) -> bytes:
        return self.cipher.seal(self.tenant_id, config)

    def _holds(self, row: Endpoint, config: bytes) -> bool:
        """Sealed twice, the same looks different: compare what is inside."""
        try:
            return self.cipher.open(self.tenant_id, row.config) == config
        except CannotOpen:
            return False

    async def _agents(self, wanted: Iterable[model.Agent], endpoints: Mapping[str, Endpoint]) -> None:
        known = {agent.email.lower(): agent for agent in await self._all(Agent)}
        for agent in wanted:
            if agent.email.lower() not in known:
                known[agent.email.lower()] = row = Agent(id=new_id(), tenant_id=self.tenant_id)
                row.email, row.name, row.units_held = agent.email, agent.name or agent.email, 0
                self.session.add(row)
                self.changes.added("agent", agent.email)
        await self.session.flush()
        desk = await Desk.open(self.session, self.tenant_id, agent_ids=[row.id for row in known.values()])
        for agent in wanted:
            row = known.pop(agent.email.lower())
            own_devices = await self._devices(row, agent.devices, endpoints)
            values = self._agent_values(agent, row)
            if self._is_new(agent.email):
                for name, value in values.items():
                    setattr(row, name, value)
                desk.agent_changed(row.id)
            elif self.changes.set("agent", agent.email, row, values) or own_devices:
                row.units_excess = max(0, row.units_held - row.units_max)
                desk.agent_changed(row.id)
        await self._disable(desk, known.values())
        await desk.save()

    def _is_new(self, email: str) -> bool:
        return f"+ agent {email}" in self.changes.lines

    def _agent_values(self, wanted: model.Agent, row: Agent) -> dict[str, Any]:
        return {
            "email": wanted.email,
            "name": wanted.name or wanted.email,
            "password_hash": self._password_hashes.get(wanted.email, row.password_hash),
            "roles": list(wanted.roles),
            "teams": list(wanted.teams),
            "channels": list(CHANNELS if wanted.channels is None else wanted.channels),
            "skills": dict(wanted.skills),
            "channel_max": wanted.capacity.channel_max(),
            "shift": wanted.shift,
            "units_max": wanted.capacity.units,
            "disabled_at": None,
        }

    async def _devices(
        self, agent: Agent, wanted: Iterable[model.Device], endpoints: Mapping[str, Endpoint]
    ) -> bool:
        """Whether the agent's own phones changed. What they took for the day (hot desk) is left alone."""
        rows = await self.session.scalars(select(Device).where(Device.agent_id == agent.id))
        known = {row.endpoint_id: row for row in rows}
        before = len(self.changes.lines)
        for device in wanted:
            name = f"{agent.email} at {device.endpoint}"
            values = {"address": device.address, "confirm_key": device.confirm_key, "hot_desk": False}
            row = known.pop(endpoints[device.endpoint].id, None)
            if row is None:
                place = {"agent_id": agent.id, "endpoint_id": endpoints[device.endpoint].id}
                self.session.add(Device(tenant_id=self.tenant_id, **place, **values))
                self.changes.added("device", name)
            elif row.hot_desk:
                self.changes.set("device", name, row, {"own_address": device.address})
            else:
                self.changes.set("device", name, row, values)
        for row in known.values():
            if row.hot_desk:
                row.own_address = None
            else:
                await self.session.delete(row)
                self.changes.removed("device", f"{agent.email}: {row.address}")
        return len(self.changes.lines) > before

    async def _disable(self, desk: Desk, gone: Iterable[Agent]) -> None:
        for row in gone:
            if row.disabled_at is None:
                row.disabled_at = desk.now
                await RefreshSession.end_all_of(self.session, [row.id])
                desk.agent_changed(row.id)
                self.changes.removed("agent", row.email)

    def _retire(self, kind: str, gone: Iterable[Queue | Endpoint]) -> None:
        for row in gone:
            if row.retired_at is None:
                row.retired_at = func.clock_timestamp()
                row.version += 1
                self.changes.removed(kind, row.key)

    async def _all(self, table: type[Row]) -> list[Row]:
        return list(await self.session.scalars(select(table)))
