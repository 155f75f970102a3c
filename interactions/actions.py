"""What an agent does with the work in their hands, besides answering: transfer, park, take, end, wrap up,
close."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access import AgentPrincipal
from app.errors import Invalid, NoCallControl, Stale
from interactions import call_commands, messages
from interactions.desk import Desk
from interactions.policies import PolicyBook, QueueRules
from interactions.work import Work
from models.agent import Agent
from models.interaction import Interaction, State
from models.leg import Leg, LegState

PHONE_ONLY = "works on phone calls only"


class Actions:
    """One agent's actions in one transaction; each loads, changes and saves one interaction."""

    def __init__(self, session: AsyncSession, agent: AgentPrincipal, policies: PolicyBook) -> None:
        self.session, self.agent, self.policies = session, agent, policies

    async def transfer(
        self, interaction_id: UUID, queue: str | None, to_agent: UUID | None, note: str | None = None
    ) -> Interaction:
        """Cold transfer: the customer waits again, with their age, in `queue` or first for `to_agent`."""
        desk, work, leg = await self._mine(interaction_id)
        rules = await self._rules(work)
        x = work.interaction
        policy = await self.policies.current(self.session, x.tenant_id)
        if queue is not None and queue not in policy.policy.queues:
            raise Invalid(
                "There is no such queue.", errors=[{"pointer": "/to/queue", "message": "unknown queue"}]
            )
        if to_agent is not None and await self.session.get(Agent, to_agent) is None:  # or another tenant's
            raise Invalid(
                "There is no such agent.", errors=[{"pointer": "/to/agent", "message": "unknown agent"}]
            )
        if leg.state not in (LegState.ACTIVE, LegState.HELD):
            raise work.illegal("is not answered yet")
        await self._release_phone(desk, work, leg)
        work.requeue(queue or x.queue, "transfer", "transferred", wrap_up=rules.wrap_up)
        x.preferred_agent_id = to_agent
        await desk.save()
        await self._note(desk, work, note)
        return x

    async def park(self, interaction_id: UUID, until: datetime | None) -> Interaction:
        """Digital work waits for a time or for the customer; its units are free."""
        desk, work, _ = await self._mine(interaction_id)
        if work.interaction.channel == "voice":
            raise work.illegal("a phone call cannot be parked")
        work.park(until)
        await desk.save()
        return work.interaction

    async def take(self, interaction_id: UUID, units: int | None = None) -> Interaction:
        """Pull waiting work, or one's own parked work, from a list."""
        desk, work = await Desk.one(self.session, self.agent.tenant_id, interaction_id, [self.agent.id])
        me = desk.agents[self.agent.id]
        rules = await self._rules(work)
        if work.state not in (State.QUEUED, State.PARKED):
            raise work.illegal("cannot be taken")
        if work.state == State.PARKED:
            work.unpark()
        await self._give(desk, work, me, rules, units or rules.units)
        await desk.save()
        return work.interaction

    async def end(self, interaction_id: UUID) -> UUID | None:
        """Hang up (a command: only the platform's event ends the call), or end a chat or mail: wrap-up."""
        desk, work, _ = await self._mine(interaction_id)
        command_id = None
        if work.interaction.channel == "voice":
            command_id = await call_commands.order(desk, work, "call.end", "end")
        else:
            work.end_contact("agent", "normal", (await self._rules(work)).wrap_up)
        await desk.save()
        return command_id

    async def close(self, interaction_id: UUID) -> Interaction:
        """Mail and tasks: done, without wrap-up."""
        desk, work, _ = await self._mine(interaction_id)
        if work.interaction.channel in ("voice", "chat"):
            raise work.illegal("a conversation is ended, not closed")
        work.end_contact("agent", "closed", None)
        await desk.save()
        return work.interaction

    async def wrap_up(
        self, interaction_id: UUID, disposition: str | None, note: str | None = None
    ) -> Interaction:
        """Store the disposition and end this agent's leg. Raises Invalid for one that the queue does not
        know."""
        desk, work = await Desk.one(self.session, self.agent.tenant_id, interaction_id, [self.agent.id])
        leg = work.wrapping_leg(self.agent.id)
        if leg is None:
            raise work.illegal("is not in your wrap-up")
        _check_disposition(await self._rules(work), disposition)
        work.finish_wrap_up(leg, disposition)
        await desk.save()
        await self._note(desk, work, note)
        return work.interaction

    async def extend_wrap_up(self, interaction_id: UUID) -> Interaction:
        """A timeboxed wrap-up may be extended once, by its own length."""
        desk, work = await Desk.one(self.session, self.agent.tenant_id, interaction_id, [self.agent.id])
        leg = work.wrapping_leg(self.agent.id)
        rules = await self._rules(work)
        if leg is None or rules.wrap_up is None or not work.extend_wrap_up(leg, rules.wrap_up):
            raise work.illegal("its wrap-up cannot be extended")
        await desk.save()
        return work.interaction

    async def order(self, interaction_id: UUID, command: str, pending: str, **arguments: Any) -> UUID:
        """A phone command: hold, resume, digits. The entity shows `pending` until the platform's event."""
        desk, work, leg = await self._mine(interaction_id)
        if work.interaction.channel != "voice":
            raise work.illegal(PHONE_ONLY)
        if leg.state not in (LegState.ACTIVE, LegState.HELD):
            raise work.illegal("is not connected")
        command_id = await call_commands.order(desk, work, command, pending, **arguments)
        await desk.save()
        return command_id

    async def _mine(self, interaction_id: UUID) -> tuple[Desk, Work, Leg]:
        desk, work = await Desk.one(self.session, self.agent.tenant_id, interaction_id, [self.agent.id])
        return desk, work, work.held_by(self.agent.id)

    async def _note(self, desk: Desk, work: Work, text: str | None) -> None:
        if text:
            await messages.write_note(desk, work, self.agent, text)

    async def _rules(self, work: Work) -> QueueRules:
        return await self.policies.rules(self.session, work.interaction)

    async def _give(self, desk: Desk, work: Work, agent: Agent, rules: QueueRules, units: int) -> None:
        if agent.units_held + units > agent.units_max:
            raise work.illegal("you have no room for it")
        phone = work.interaction.channel == "voice"
        if phone and await call_commands.controls_calls(self.session, work.interaction.endpoint_id):
            work.take_call(agent, units, rules.connect_seconds)
            await call_commands.dial_agent(desk, work)
        else:
            work.take(agent, units)

    async def _release_phone(self, desk: Desk, work: Work, leg: Leg) -> None:
        if work.interaction.channel != "voice":
            return
        if not await call_commands.controls_calls(self.session, work.interaction.endpoint_id):
            raise NoCallControl()
        call_commands.cancel_agent_leg(desk, work, leg)


def check_fresh(interaction: Interaction, seen_version: int, missed: list[dict[str, Any]]) -> None:
    """Raise Stale when the customer wrote, or state, holder or customer changed since `seen_version`."""
    if seen_version < interaction.relevant_version:
        raise Stale(version=interaction.version, missed=missed)


def _check_disposition(rules: QueueRules, disposition: str | None) -> None:
    known = rules.wrap_up.dispositions if rules.wrap_up else ()
    if disposition is None and rules.wrap_up is not None and rules.wrap_up.mode == "mandatory":
        raise Invalid("Choose a disposition.", errors=[{"pointer": "/disposition", "message": "required"}])
    if disposition is not None and known and disposition not in known:
        message = f"one of {', '.join(known)}"
        raise Invalid(
            "This queue has no such disposition.", errors=[{"pointer": "/disposition", "message": message}]
        )
