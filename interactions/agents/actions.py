"""What an agent does with the work in their hands, besides answering: transfer, park, take, end, wrap up,
close."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access import AgentPrincipal
from app.errors import Invalid, NoCallControl, NoRoom, NotFound, Stale
from interactions.agents import messages
from interactions.calls import call_commands
from interactions.life.desk import Desk
from interactions.life.policies import PolicyBook, QueueRules
from interactions.life.work import Work
from interactions.touches.outgoing import Directory
from models.agent import Agent
from models.interaction import Interaction, State
from models.leg import Leg, LegState

PHONE_ONLY = "works on phone calls only"


class Actions:
    """One agent's actions in one transaction; each loads, changes and saves one interaction."""

    def __init__(
        self, session: AsyncSession, agent: AgentPrincipal, policies: PolicyBook, directory: Directory
    ) -> None:
        self.session, self.agent = session, agent
        self.policies, self.directory = policies, directory

    async def transfer(
        self, interaction_id: UUID, queue: str | None, to_agent: str | None, note: str | None = None
    ) -> Interaction:
        """Cold transfer: the customer waits again, with their age, in `queue` or first for `to_agent` (id or
        e-mail). Raises Invalid for a queue or agent that there is not."""
        desk, work, leg = await self._mine_talking(interaction_id)
        rules = await self._rules(work)
        x = work.interaction
        policy = await self.policies.current(self.session, x.tenant_id)
        if queue is not None and queue not in policy.policy.queues:
            raise _unknown("queue")
        colleague = None if to_agent is None else await self._colleague(to_agent)
        await self._release_phone(desk, work, leg)
        version = policy.version if queue is not None else None
        work.requeue(
            queue or x.queue, "transfer", "transferred", wrap_up=rules.wrap_up, policy_version=version
        )
        x.preferred_agent_id = colleague
        await desk.save()
        await self._note(desk, work, note)
        return x

    async def send_away(self, interaction_id: UUID, address: str, note: str | None = None) -> UUID:
        """Cold transfer of a call to somebody outside: an order, done when they answer."""
        desk, work, _ = await self._mine_talking(interaction_id)
        if work.interaction.channel != "voice":
            raise work.illegal(PHONE_ONLY)
        if work.consulted:
            raise work.illegal("somebody is consulted already")
        command_id = await call_commands.order(desk, work, "call.route", "transfer", to=address)
        await desk.save()
        await self._note(desk, work, note)
        return command_id

    async def park(self, interaction_id: UUID, until: datetime | None) -> Interaction:
        """Digital work waits for a time or for the customer; its units are free."""
        desk, work, _ = await self._mine(interaction_id)
        if work.interaction.channel == "voice":
            raise work.illegal("a phone call cannot be parked")
        work.park(until)
        await desk.save()
        return work.interaction

    async def take(self, interaction_id: UUID) -> Interaction:
        """Pull waiting work, or one's own parked work, from a list. Skills do not matter, room does."""
        desk, work = await Desk.one(self.session, self.agent.tenant_id, interaction_id, [self.agent.id])
        if work.state != State.PARKED and not work.waits_for_agent:
            raise work.illegal("cannot be taken")
        if work.state == State.CALLBACK_WAITING:
            work.come_to_turn()
        if work.state == State.PARKED:
            if work.interaction.last_agent_id != self.agent.id:
                raise work.illegal("stays a colleague's")
            work.unpark()
        await self._give(desk, work, desk.agents[self.agent.id])
        await desk.save()
        return work.interaction

    async def end(self, interaction_id: UUID) -> UUID | None:
        """Hang up (a command: only the platform's event ends the call), or end a chat or mail: wrap-up. A
        call of ours may be given up while it rings."""
        desk, work, leg = await self._mine(interaction_id)
        if not work.dials_out:
            self._check_talking(work, leg)
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
        _check_disposition(await self.policies.rules_of_leg(self.session, work.interaction, leg), disposition)
        work.finish_wrap_up(leg, disposition)
        await desk.save()
        await self._note(desk, work, note)
        return work.interaction

    async def extend_wrap_up(self, interaction_id: UUID) -> Interaction:
        """A timeboxed wrap-up may be extended once, by its own length."""
        desk, work = await Desk.one(self.session, self.agent.tenant_id, interaction_id, [self.agent.id])
        leg = work.wrapping_leg(self.agent.id)
        if leg is None:
            raise work.illegal("is not in your wrap-up")
        rules = await self.policies.rules_of_leg(self.session, work.interaction, leg)
        if rules.wrap_up is None or not work.extend_wrap_up(leg, rules.wrap_up):
            raise work.illegal("its wrap-up cannot be extended")
        await desk.save()
        return work.interaction

    async def order(self, interaction_id: UUID, command: str, pending: str, **arguments: Any) -> UUID:
        """A phone command: hold, resume, digits. The entity shows `pending` until the platform's event."""
        desk, work, _ = await self._mine_talking(interaction_id)
        if work.interaction.channel != "voice":
            raise work.illegal(PHONE_ONLY)
        command_id = await call_commands.order(desk, work, command, pending, **arguments)
        await desk.save()
        return command_id

    async def _mine(self, interaction_id: UUID) -> tuple[Desk, Work, Leg]:
        desk, work = await Desk.one(self.session, self.agent.tenant_id, interaction_id, [self.agent.id])
        return desk, work, work.held_by(self.agent.id)

    async def _mine_talking(self, interaction_id: UUID) -> tuple[Desk, Work, Leg]:
        desk, work, leg = await self._mine(interaction_id)
        self._check_talking(work, leg)
        return desk, work, leg

    def _check_talking(self, work: Work, leg: Leg) -> None:
        if leg.state not in (LegState.ACTIVE, LegState.HELD):
            raise work.illegal("is not answered yet")

    async def _colleague(self, key: str) -> UUID:
        try:
            agent = await Agent.named(self.session, key)  # nobody of another tenant
        except NotFound:
            raise _unknown("agent") from None
        if agent.disabled_at is not None:
            raise _unknown("agent")
        return agent.id

    async def _note(self, desk: Desk, work: Work, text: str | None) -> None:
        if text:
            await messages.write_note(desk, work, self.agent, text, self.directory)

    async def _rules(self, work: Work) -> QueueRules:
        return await self.policies.rules(self.session, work.interaction)

    async def _give(self, desk: Desk, work: Work, me: Agent) -> None:
        rules, x = await self._rules(work), work.interaction
        await check_room(self.session, work, me, rules.units)
        if x.channel == "voice" and await call_commands.controls_calls(self.session, x.endpoint_id):
            if not await call_commands.has_phone(self.session, me.id, x.endpoint_id):
                raise work.illegal("would ring at your phone, but you have none there")
            leg = work.take_call(me, rules.units, rules.connect_seconds)
            await call_commands.dial_agent(desk, work, leg)
        else:
            work.take(me, rules.units)

    async def _release_phone(self, desk: Desk, work: Work, leg: Leg) -> None:
        if work.interaction.channel != "voice":
            return
        if not await call_commands.controls_calls(self.session, work.interaction.endpoint_id):
            raise NoCallControl()
        call_commands.cancel_outside(desk, work)
        call_commands.cancel_agent_leg(desk, work, leg)


def _unknown(noun: str) -> Invalid:
    return Invalid(
        f"There is no such {noun}.", errors=[{"pointer": f"/to/{noun}", "message": f"unknown {noun}"}]
    )


async def check_room(session: AsyncSession, work: Work, me: Agent, units: int) -> None:
    """Whether this agent may take one more piece. Raises NoRoom, IllegalTransition."""
    channel = work.interaction.channel
    if channel not in me.channels:
        raise work.illegal(f"you do not work on {channel}")
    most = me.channel_max.get(channel)
    full = most is not None and await Leg.pieces(session, me.id, channel) >= most
    if full or me.units_held + units > me.units_max:
        raise NoRoom("You have no room for it: finish or park something first.")


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
