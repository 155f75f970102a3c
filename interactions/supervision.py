"""What a supervisor does to work and to agents; each step is audited in its own transaction."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import AgentPrincipal
from app.bus.outbox import append
from app.errors import Invalid, NotFound
from app.events import QueueChanged
from interactions import call_commands, presence
from interactions.desk import Desk, database_now
from interactions.policies import PolicyBook
from interactions.views import instant
from interactions.work import Work
from models.agent import Agent, Presence
from models.audit import Audit
from models.interaction import Interaction, State
from models.leg import LegState
from models.offer import OfferState
from models.policy import Queue


class Supervision:
    """One supervisor's steps in one transaction. Legal in every state but closed and abandoned."""

    def __init__(self, session: AsyncSession, supervisor: AgentPrincipal, policies: PolicyBook) -> None:
        self.session, self.supervisor, self.policies = session, supervisor, policies

    async def reassign(self, interaction_id: UUID, queue: str | None, agent_id: UUID | None) -> Interaction:
        """Take it from wherever it is and give it to a queue, or straight to an agent, capacity or not."""
        desk, work = await self._live(interaction_id, [agent_id] if agent_id else [])
        if agent_id is not None and agent_id not in desk.agents:
            raise NotFound("There is no such agent.")
        await self._check_queue(queue)
        await self._take_away(desk, work, queue or work.interaction.queue)
        if agent_id is not None:
            await self._force(desk, work, desk.agents[agent_id])
        self._audit("reassign", f"interaction/{interaction_id}", queue=queue, agent_id=str(agent_id))
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
        if x.channel == "voice" and await call_commands.controls_calls(self.session, x.endpoint_id):
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
        agent = desk.agents.get(agent_id)
        if agent is None:
            raise NotFound("There is no such agent.")
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
        await presence.check_reason(self.session, tenant_id, self.policies, chosen, reason)
        agent = await presence.choose(self.session, tenant_id, agent_id, chosen, reason)
        self._audit("set_presence", f"agent/{agent.email}", status=chosen.value, reason_code=reason)
        return agent

    async def _live(self, interaction_id: UUID, agent_ids: list[UUID] | None = None) -> tuple[Desk, Work]:
        desk, work = await Desk.one(self.session, self.supervisor.tenant_id, interaction_id, agent_ids or [])
        if work.final:
            raise work.illegal("is over")
        return desk, work

    async def _check_queue(self, queue: str | None) -> None:
        policy = await self.policies.current(self.session, self.supervisor.tenant_id)
        if queue is not None and queue not in policy.policy.queues:
            raise Invalid(
                "There is no such queue.", errors=[{"pointer": "/queue", "message": "unknown queue"}]
            )

    async def _take_away(self, desk: Desk, work: Work, queue: str) -> None:
        leg = work.primary
        if work.state == State.WRAP_UP:
            raise work.illegal("its conversation is over")
        if work.state == State.PARKED:
            work.unpark()
        if work.offer is not None:
            work.end_offer(OfferState.REVOKED, "taken_by_supervisor")
        elif leg is not None:
            call_commands.cancel_agent_leg(desk, work, leg)
            self._part_from(work, leg.state, queue)
            return
        work.enter_queue(queue, "transfer" if queue != work.interaction.queue else "return")

    def _part_from(self, work: Work, state: str, queue: str) -> None:
        if state == LegState.CONNECTING:
            work.stop_connecting("taken_by_supervisor")
            work.enter_queue(queue, "return")
        else:
            work.requeue(queue, "return", "reassigned")

    async def _force(self, desk: Desk, work: Work, agent: Agent) -> None:
        rules = await self.policies.rules(self.session, work.interaction)
        agent.units_excess = max(agent.units_excess, agent.units_held + rules.units - agent.units_max)
        x = work.interaction
        if x.channel == "voice" and await call_commands.controls_calls(self.session, x.endpoint_id):
            work.take_call(agent, rules.units, rules.connect_seconds)
            await call_commands.dial_agent(desk, work)
        else:
            work.take(agent, rules.units)

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


def audit_out(row: Audit) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "at": instant(row.at),
        "actor": row.actor,
        "action": row.action,
        "entity": row.entity,
        "details": row.details,
    }
