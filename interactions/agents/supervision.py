"""What a supervisor does to work and to agents; each step is audited in its own transaction."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import AgentPrincipal
from app.bus.outbox import append
from app.errors import Invalid, NoCallControl, NotFound
from app.events import QueueChanged
from interactions.agents import presence
from interactions.calls import call_commands
from interactions.life.desk import Desk, database_now
from interactions.life.policies import PolicyBook
from interactions.life.views import instant
from interactions.life.work import Work
from models.agent import Agent, Presence
from models.audit import Audit
from models.interaction import Interaction, State
from models.leg import Leg, LegState
from models.offer import OfferState
from models.policy import Queue, Team
from routing.policy import CHANNELS

ON_THE_WAY = (State.QUEUED, State.OFFERED, State.CONNECTING)
"""Nobody has it in hand yet."""


class Supervision:
    """One supervisor's steps in one transaction, within the queues and teams that they steer (None: all)."""

    def __init__(
        self,
        session: AsyncSession,
        supervisor: AgentPrincipal,
        policies: PolicyBook,
        queues: Collection[str] | None = None,
        teams: Collection[str] | None = None,
    ) -> None:
        self.session, self.supervisor, self.policies = session, supervisor, policies
        self.queues, self.teams = queues, teams

    async def reassign(self, interaction_id: UUID, queue: str | None, agent_id: UUID | None) -> Interaction:
        """Take it from wherever it is and give it to a queue, or straight to an agent, capacity or not.
        Of a conversation that is over the wrap-up is passed on; without an agent it closes. Raises
        NoCallControl for a call that is only watched."""
        desk, work = await self._live(interaction_id, [agent_id] if agent_id else [])
        agent = None if agent_id is None else desk.agents.get(agent_id)
        if agent_id is not None and (agent is None or agent.disabled_at is not None):
            raise NotFound("There is no such agent.")
        if agent is not None and work.is_callback and work.interaction.callback_at is not None:
            raise work.illegal("is not to be called before its time")
        if work.state == State.WRAP_UP:
            await self._pass_wrap_up(work, queue, agent)
        else:
            await self._take_away(desk, work, queue)
            if agent is not None:
                await self._force(desk, work, agent)
        given = {"queue": queue, "agent_id": None if agent is None else str(agent.id)}
        self._audit("reassign", f"interaction/{interaction_id}", **given)
        await desk.save()
        return work.interaction

    async def prioritise(self, interaction_id: UUID, boost_seconds: int) -> Interaction:
        """Add head start to work that waits; 0 takes it back."""
        desk, work = await self._live(interaction_id)
        work.boost(boost_seconds)
        self._audit("prioritise", f"interaction/{interaction_id}", boost_seconds=boost_seconds)
        await desk.save()
        return work.interaction

    async def force_close(self, interaction_id: UUID, reason: str | None) -> Interaction:
        """End it whatever its state; the units are free at once, and a call is hung up."""
        desk, work = await self._live(interaction_id)
        x = work.interaction
        if work.state != State.WRAP_UP and x.conversation is not None and await self._controls(work):
            call_commands.end_call(desk, work)
        work.close("supervisor", "force_closed")
        self._audit("force_close", f"interaction/{interaction_id}", reason=reason)
        await desk.save()
        return x

    async def close_queue(self, key: str, closure: dict[str, Any] | None) -> dict[str, Any]:
        """Emergency closure on ({reason, announcement?, until?}) or off (None), for new entries at once."""
        queue = await self.session.scalar(select(Queue).where(Queue.key == key).with_for_update())
        if queue is None:
            raise NotFound("There is no such queue.")
        queue.closure = closure
        queue.version += 1
        self._audit("close_queue" if closure else "open_queue", f"queue/{key}", **(closure or {}))
        data = {"queue": key, "closure": closure}
        event = QueueChanged(entity=f"queue/{key}", version=queue.version, queue=key, data=data)
        append(self.session, event, key=str(queue.id), at=await database_now(self.session))
        return {**data, "version": queue.version}

    async def change_agent(self, agent_id: UUID, changes: dict[str, Any]) -> Agent:
        """Skills, teams and capacity, effective at once. A lowered maximum leaves an excess over."""
        desk = await Desk.open(self.session, self.supervisor.tenant_id, agent_ids=[agent_id])
        agent = self._steered(desk.agents.get(agent_id))
        await self._check_names(changes)
        for column in ("skills", "teams", "channels", "channel_max", "units_max"):
            if changes.get(column) is not None:
                setattr(agent, column, changes[column])
        agent.units_excess = max(0, agent.units_held - agent.units_max)
        self._audit("change_agent", f"agent/{agent.email}", **changes)
        desk.agent_changed(agent_id)
        await desk.save()
        return agent

    async def set_presence(self, agent_id: UUID, chosen: Presence, reason: str | None) -> Agent:
        """As if the agent had chosen it: what rings is revoked unless they are available."""
        tenant_id = self.supervisor.tenant_id
        self._steered(await self.session.get(Agent, agent_id))
        await presence.check_reason(self.session, tenant_id, self.policies, chosen, reason)
        agent = await presence.choose(self.session, tenant_id, agent_id, chosen, reason)
        self._audit("set_presence", f"agent/{agent.email}", status=chosen.value, reason_code=reason)
        return agent

    def _steered(self, agent: Agent | None) -> Agent:
        """Raises NotFound for who is in none of this supervisor's teams."""
        if agent is None or (self.teams is not None and set(agent.teams).isdisjoint(self.teams)):
            raise NotFound("There is no such agent.")
        return agent

    async def _check_names(self, changes: dict[str, Any]) -> None:
        """Raises Invalid for skills, teams and channels that there are not."""
        document = (await self.policies.current(self.session, self.supervisor.tenant_id)).document
        known = {
            "skills": set(document.get("skills", ())),
            "teams": set(await self.session.scalars(select(Team.key))),
            "channels": set(CHANNELS),
        }
        for member, names in known.items():
            for name in changes.get(member) or ():
                if name not in names:
                    raise _wrong(f"/{member}", f"unknown: {name}", f"There is nothing called {name!r}.")

    async def _live(self, interaction_id: UUID, agent_ids: list[UUID] | None = None) -> tuple[Desk, Work]:
        desk, work = await Desk.one(self.session, self.supervisor.tenant_id, interaction_id, agent_ids or [])
        if self.queues is not None and work.interaction.queue not in self.queues:
            raise NotFound("There is no such interaction.")
        if work.final:
            raise work.illegal("is over")
        return desk, work

    async def _take_away(self, desk: Desk, work: Work, to_queue: str | None) -> None:
        """It waits, and is nobody's. What waited in this queue before waits on."""
        x, version = work.interaction, await self._version_of(to_queue)
        queue, kind = to_queue or x.queue, "return" if to_queue in (None, x.queue) else "transfer"
        leg = work.primary
        x.preferred_agent_id = None
        waits_on = kind == "return" and work.state in ON_THE_WAY and not work.dials_out
        if leg is not None and leg.state in (LegState.ACTIVE, LegState.HELD):
            await self._take_phone(desk, work, leg)
            return work.requeue(queue, "return", "reassigned", policy_version=version)
        if work.state == State.PARKED:
            work.unpark()
        elif work.offer is not None:
            work.end_offer(OfferState.REVOKED, "taken_by_supervisor")
        elif leg is not None and work.dials_out:
            call_commands.end_call(desk, work)
            work.stop_connecting("taken_by_supervisor")
        elif leg is not None:
            call_commands.cancel_agent_leg(desk, work, leg)
            work.stop_connecting("taken_by_supervisor")
        if waits_on:
            return work.wait_on("reassigned")
        return work.enter_queue(queue, kind, policy_version=version)

    async def _version_of(self, queue: str | None) -> int | None:
        """The policy under which it goes on in another queue. Raises Invalid for one that there is not."""
        if queue is None:
            return None
        policy = await self.policies.current(self.session, self.supervisor.tenant_id)
        if queue not in policy.policy.queues:
            raise _wrong("/queue", "unknown queue", "There is no such queue.")
        return policy.version

    async def _take_phone(self, desk: Desk, work: Work, leg: Leg) -> None:
        if work.interaction.channel == "voice" and not await self._controls(work):
            raise NoCallControl()
        call_commands.cancel_outside(desk, work)
        call_commands.cancel_agent_leg(desk, work, leg)

    async def _pass_wrap_up(self, work: Work, queue: str | None, agent: Agent | None) -> None:
        version = await self._version_of(queue)
        if queue is not None and version is not None:
            work.interaction.queue, work.interaction.policy_version = queue, version
        rules = await self.policies.rules(self.session, work.interaction)
        work.pass_wrap_up(agent, rules.units, rules.wrap_up)

    async def _force(self, desk: Desk, work: Work, agent: Agent) -> None:
        rules = await self.policies.rules(self.session, work.interaction)
        agent.units_excess = max(agent.units_excess, agent.units_held + rules.units - agent.units_max)
        if not await self._controls(work):
            work.take(agent, rules.units)
            return
        if not await call_commands.has_phone(self.session, agent.id, work.interaction.endpoint_id):
            raise _wrong("/agent", "has no phone at this endpoint", "This agent has no phone there.")
        leg = work.take_call(agent, rules.units, rules.connect_seconds)
        await call_commands.dial_agent(desk, work, leg)

    async def _controls(self, work: Work) -> bool:
        """Whether it is a call that we can move."""
        x = work.interaction
        return x.channel == "voice" and await call_commands.controls_calls(self.session, x.endpoint_id)

    def _audit(self, action: str, entity: str, **details: Any) -> None:
        self.session.add(
            Audit(
                tenant_id=self.supervisor.tenant_id,
                actor=self.supervisor.actor,
                action=action,
                entity=entity,
                details={name: value for name, value in details.items() if value is not None},
            )
        )


def _wrong(pointer: str, message: str, detail: str) -> Invalid:
    return Invalid(detail, errors=[{"pointer": pointer, "message": message}])


def audit_out(row: Audit) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "at": instant(row.at),
        "actor": row.actor,
        "action": row.action,
        "entity": row.entity,
        "details": row.details,
    }
