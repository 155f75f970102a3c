"""Warm transfer: an agent asks a colleague, a queue or somebody outside while the customer is on hold, and
then completes, returns, confers or swaps (SEMANTICS §1.1)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access import AgentPrincipal
from app.bus.outbox import append
from app.errors import Invalid, NobodyFree, NoCallControl, NotFound
from app.events import OfferCreated
from interactions.calls import call_commands
from interactions.calls.consult_choice import free_agent_of
from interactions.life.desk import Desk
from interactions.life.offered import accepted_on, may_get, offer_summary
from interactions.life.on_top import put_on_top, room_on_top, units_below
from interactions.life.policies import PolicyBook, TenantPolicy
from interactions.life.work import Work
from models.agent import Agent
from models.interaction import Interaction
from models.leg import Leg, LegState
from models.offer import Offer
from models.screen_pop import screen_pops

SPOKEN_ONLY = "only people on the phone can talk all together"


class Consults:
    """One agent's consults in one transaction."""

    def __init__(self, session: AsyncSession, agent: AgentPrincipal, policies: PolicyBook) -> None:
        self.session, self.agent, self.policies = session, agent, policies

    async def with_agent(self, interaction_id: UUID, key: str) -> Interaction:
        """Ask this colleague (id or e-mail). Raises Invalid for one whom there is not, NobodyFree."""
        try:
            colleague = await Agent.named(self.session, key)
        except NotFound:
            raise _wrong("agent", "There is no such agent.") from None
        if colleague.id == self.agent.id:
            raise _wrong("agent", "You cannot consult yourself.")
        return await self._ask(interaction_id, colleague.id, None)

    async def with_queue(self, interaction_id: UUID, queue: str) -> Interaction:
        """Ask whom the router would offer it to now. Raises Invalid for an unknown queue, NobodyFree."""
        policy = await self.policies.current(self.session, self.agent.tenant_id)
        if queue not in policy.policy.queues:
            raise _wrong("queue", "There is no such queue.")
        interaction = await self.session.get(Interaction, interaction_id)
        if interaction is None:
            raise NotFound("There is no such interaction.")
        chosen = await free_agent_of(self.session, policy, queue, interaction, self.agent.id)
        if chosen is None:
            raise NobodyFree("Nobody of this queue is free now.")
        return await self._ask(interaction_id, chosen, queue)

    async def with_address(self, interaction_id: UUID, address: str) -> Interaction:
        """Ask somebody outside, by phone. Raises NoCallControl."""
        desk, work, leg = await self._mine(interaction_id)
        await self._check_phone(work, needed=True)
        self._hold(desk, work, leg)
        work.consult_outside(address, call_commands.consult_outside(desk, work, address))
        await desk.save()
        return work.interaction

    async def complete(self, interaction_id: UUID) -> UUID | None:
        """Hand the customer over; this agent wraps up. On the phone an order, on other channels at once."""
        desk, work, _ = await self._mine(interaction_id)
        if not work.consult_answered:
            raise work.illegal("nobody has answered the consult yet")
        if work.interaction.channel == "voice":
            return await self._order(desk, work, "call.complete_transfer", "complete")
        policy = await self.policies.current(self.session, self.agent.tenant_id)
        rules = await self.policies.rules(self.session, work.interaction)
        work.complete_consult(rules.wrap_up, policy.version)
        await desk.save()
        return None

    async def back(self, interaction_id: UUID) -> UUID | None:
        """The consult is over and the customer back; whoever is consulted may end it too."""
        desk, work = await Desk.one(self.session, self.agent.tenant_id, interaction_id, [self.agent.id])
        consult, why = work.consult, "left"
        if consult is None or consult.agent_id != self.agent.id:
            work.held_by(self.agent.id)
            why = "returned"
        if not work.consulted:
            raise work.illegal("nobody is consulted")
        if work.interaction.channel != "voice":
            work.end_consult(why)
            await desk.save()
            return None
        return await self._return_call(desk, work, consult, why)

    async def confer(self, interaction_id: UUID) -> UUID | None:
        """All three talk, by phone."""
        return await self._between(interaction_id, "call.conference", "conference")

    async def swap(self, interaction_id: UUID) -> UUID | None:
        """Who waited talks, who talked waits, by phone."""
        return await self._between(interaction_id, "call.swap", "swap")

    async def _between(self, interaction_id: UUID, command: str, pending: str) -> UUID | None:
        desk, work, _ = await self._mine(interaction_id)
        if work.interaction.channel != "voice":
            raise work.illegal(SPOKEN_ONLY)
        if not work.consult_answered:
            raise work.illegal("nobody has answered the consult yet")
        return await self._order(desk, work, command, pending)

    async def _return_call(self, desk: Desk, work: Work, consult: Leg | None, why: str) -> UUID | None:
        """Before the phone of who is consulted rings, the platform knows of a hold only."""
        dialled = consult is None or consult.route_command_id is not None
        if consult is not None and consult.state in call_commands.RINGING:
            consult.route_command_id = None  # the order below stops it
            work.end_consult(why)
        pending = "return" if why == "returned" else "leave"
        return await self._order(desk, work, "call.cancel_transfer" if dialled else "call.resume", pending)

    async def _order(self, desk: Desk, work: Work, command: str, pending: str) -> UUID | None:
        """Clicked twice, it is one order."""
        if work.interaction.pending_command == pending:
            return work.interaction.pending_command_id
        command_id = await call_commands.order(desk, work, command, pending)
        await desk.save()
        return command_id

    async def _ask(self, interaction_id: UUID, colleague_id: UUID, queue: str | None) -> Interaction:
        desk, work, leg = await self._mine(interaction_id, colleague_id)
        colleague = desk.agents[colleague_id]
        rules = await self.policies.rules(self.session, work.interaction)
        policy = await self.policies.current(self.session, self.agent.tenant_id)
        await self._check_phone(work, needed=False)
        await self._check_free(work, colleague, rules.units, policy)
        self._hold(desk, work, leg)
        deadline = desk.now + timedelta(seconds=rules.offer_seconds)
        offer = work.consult_agent(colleague, rules.units, deadline, queue=queue or work.interaction.queue)
        put_on_top(policy, work.legs[-1], colleague, work.interaction.channel)
        if rules.accept == "device":
            await call_commands.ring_for_offers(desk, [work])
        await desk.save()
        await self._tell(desk, work, offer)
        return work.interaction

    async def _mine(self, interaction_id: UUID, *others: UUID) -> tuple[Desk, Work, Leg]:
        agents = [self.agent.id, *others]
        desk, work = await Desk.one(self.session, self.agent.tenant_id, interaction_id, agents)
        leg = work.held_by(self.agent.id)
        if leg.state not in (LegState.ACTIVE, LegState.HELD):
            raise work.illegal("is not answered yet")
        return desk, work, leg

    async def _check_phone(self, work: Work, *, needed: bool) -> None:
        x = work.interaction
        if x.channel != "voice":
            if needed:
                raise work.illegal("is no phone call: only an agent can be asked")
        elif not await call_commands.controls_calls(self.session, x.endpoint_id):
            raise NoCallControl()

    async def _check_free(self, work: Work, colleague: Agent, units: int, policy: TenantPolicy) -> None:
        x = work.interaction
        held = await units_below(self.session, policy, [colleague.id])
        on_top = room_on_top(policy, held, colleague.id, x.channel)
        if not may_get(colleague, units, on_top) or x.channel not in colleague.channels:
            raise NobodyFree(f"{colleague.name} is away or busy.")
        most = colleague.channel_max.get(x.channel)
        if most is not None and await Leg.pieces(self.session, colleague.id, x.channel) >= most:
            raise NobodyFree(f"{colleague.name} is busy.")
        if x.channel == "voice" and not await call_commands.has_phone(
            self.session, colleague.id, x.endpoint_id
        ):
            raise NobodyFree(f"{colleague.name} has no phone there.")

    def _hold(self, desk: Desk, work: Work, leg: Leg) -> None:
        """Before they are asked; refused, nobody is."""
        work.check_stays()
        if work.interaction.channel == "voice" and leg.state == LegState.ACTIVE:
            call_commands.hold(desk, work)

    async def _tell(self, desk: Desk, work: Work, offer: Offer) -> None:
        """The colleague's desktop gets what it gets of every offer, and who asks."""
        pop = (await screen_pops(self.session, [offer.interaction_id]))[offer.interaction_id]
        leg = work.offered_leg
        data: dict[str, Any] = {
            **offer_summary(offer, work, "consult", "allowed", pop),
            "accept": accepted_on(leg.route_command_id if leg else None),
            "asked_by": {"id": str(self.agent.id), "name": self.agent.name},
        }
        event = OfferCreated(
            entity=f"interaction/{offer.interaction_id}",
            version=work.interaction.version,
            queue=offer.queue,
            agent_ids=(offer.agent_id,),
            offer_id=offer.id,
            interaction_id=offer.interaction_id,
            agent_id=offer.agent_id,
            data=data,
        )
        append(self.session, event, key=str(offer.interaction_id), at=desk.now)


def _wrong(noun: str, detail: str) -> Invalid:
    return Invalid(detail, errors=[{"pointer": f"/to/{noun}", "message": detail}])
