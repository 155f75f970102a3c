"""The router's decisions become rows: all of a batch at one desk, each only if the locked rows are still what
the engine thought. What they are not is told to the engine anew."""

from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bus.outbox import append
from app.clock import new_id
from app.events import OfferCreated
from interactions.calls import call_commands
from interactions.life.desk import Desk
from interactions.life.facts import agent_snapshot, instant_of, microseconds, work_snapshot
from interactions.life.offered import accepted_on, may_get, offer_summary
from interactions.life.on_top import UnitsOf, put_on_top, room_on_top, units_below
from interactions.life.policies import TenantPolicy
from interactions.life.routing_rows import devices_of
from interactions.life.work import Work
from models.agent import Agent
from models.bulk import insert_rows
from models.delivery import Delivery
from models.interaction import State
from models.leg import Leg, LegState
from models.offer import Decision as DecisionRow
from models.offer import Offer, OfferState
from models.screen_pop import screen_pops
from routing.decision import Decision
from routing.state import AgentRemoved, InteractionSnapshot, Snapshot

Correction = Snapshot | AgentRemoved


async def carry_out(
    session: AsyncSession,
    tenant_id: UUID,
    decisions: Sequence[Decision],
    documents: Mapping[int, dict[str, Any]],
    policy: TenantPolicy,
) -> list[Correction]:
    """Apply what still holds, in order. `documents` explain offers, by the decision's ordinal. Returns the
    true state of everything that a decision was wrong about."""
    wanted = [decision for decision in decisions if decision.kind != "ignored"]
    if not wanted:
        return []
    interactions = {UUID(decision.interaction) for decision in wanted if decision.interaction}
    agents = {UUID(decision.agent) for decision in wanted if decision.agent}
    desk = await Desk.open(session, tenant_id, interactions, agents)
    offered = {UUID(decision.agent) for decision in wanted if decision.kind == "offer" and decision.agent}
    hand = _Hand(desk, policy, await units_below(session, policy, offered), await _untold(desk, wanted))
    for decision in wanted:
        hand.apply(decision)
    await call_commands.ring_for_offers(desk, _accepted_by_phone(desk, hand.offers, policy))
    _mark_auto_accepted(desk, hand.offers, policy)
    await desk.save(last=True)
    await _tell_offers(desk, hand.offers, documents, policy)
    return await _corrections(desk, hand.wrong)


class _Hand:
    """`offers` were made, `wrong` was not as the engine thought. `untold` are orders to ring that nobody was
    there to send: who would have been rung is not to blame."""

    def __init__(self, desk: Desk, policy: TenantPolicy, held: UnitsOf, untold: Set[UUID]) -> None:
        self.desk, self.policy, self.held, self.untold = desk, policy, held, untold
        self.offers: list[tuple[Decision, Offer]] = []
        self.wrong: list[Decision] = []

    def apply(self, decision: Decision) -> None:
        work = self.desk.works.get(UUID(decision.interaction)) if decision.interaction else None
        agent = self.desk.agents.get(UUID(decision.agent)) if decision.agent else None
        if work is None or agent is None or not self._done(decision, work, agent):
            self.wrong.append(decision)

    def _done(self, decision: Decision, work: Work, agent: Agent) -> bool:
        match decision.kind:
            case "offer":
                return self._offer(decision, work, agent)
            case "missed":
                return self._missed(decision, work, agent)
            case "revoke":
                return self._revoke(decision, work, agent)
            case "connect_failed":
                return self._connect_failed(decision, work, agent)
            case "reassign":
                return self._reassign(work, agent)
        return True

    def _offer(self, decision: Decision, work: Work, agent: Agent) -> bool:
        x = work.interaction
        if x.version != decision.interaction_version or work.primary or not work.waits_for_agent:
            return False
        on_top = room_on_top(self.policy, self.held, agent.id, x.channel)
        if not may_get(agent, decision.units, on_top) or decision.deadline is None:
            return False
        if work.state == State.CALLBACK_WAITING:
            work.come_to_turn()
        deadline = instant_of(decision.deadline)
        offer = work.offer_to(agent, decision.units, deadline, leg_id=new_id(), offer_id=new_id())
        put_on_top(self.policy, work.legs[-1], agent, x.channel)
        self.offers.append((decision, offer))
        return True

    def _missed(self, decision: Decision, work: Work, agent: Agent) -> bool:
        offer, leg = work.offer, work.offered_leg
        if offer is None or not _is_offered_to(work, agent) or _is_early(decision, offer.deadline_at):
            return False
        if leg is not None and leg.route_command_id in self.untold:
            work.end_offer(OfferState.REVOKED, "undelivered")
            return False
        work.end_offer(OfferState.MISSED, "missed")
        work.not_responding(agent.id, "missed")
        return True

    def _revoke(self, decision: Decision, work: Work, agent: Agent) -> bool:
        if not _is_offered_to(work, agent):
            return False
        work.end_offer(OfferState.REVOKED, decision.reason)
        return True

    def _connect_failed(self, decision: Decision, work: Work, agent: Agent) -> bool:
        leg = _leg_of(work, agent)
        if leg is None or leg.state != LegState.CONNECTING or str(leg.id) != decision.leg:
            return False
        if leg.connect_deadline_at is None:  # they have picked up: it is the customer's phone that rings
            return False
        if _is_early(decision, leg.connect_deadline_at):
            return False
        if work.is_callback:
            call_commands.end_call(self.desk, work)
        else:
            call_commands.cancel_agent_leg(self.desk, work, leg)
        rang = leg.route_command_id not in self.untold
        work.connect_failed("no_answer" if rang else "undelivered", rang=rang)
        return rang

    def _reassign(self, work: Work, agent: Agent) -> bool:
        """Their chats wait again; they are preferred should they return."""
        leg = _leg_of(work, agent)
        if agent.lease_lost_at is None or leg is None or leg.state not in (LegState.ACTIVE, LegState.HELD):
            return False
        work.requeue(work.interaction.queue, "return", "returned")
        work.interaction.preferred_agent_id = agent.id
        return True


async def _untold(desk: Desk, decisions: Sequence[Decision]) -> Set[UUID]:
    """Of the orders to ring whose time is over."""
    late = {d.interaction for d in decisions if d.kind in ("missed", "connect_failed") and d.interaction}
    legs = [work.primary for id_ in late if (work := desk.works.get(UUID(id_))) is not None]
    orders = [leg.route_command_id for leg in legs if leg is not None and leg.route_command_id is not None]
    return await Delivery.untried(desk.session, orders) if orders else set()


def _is_early(decision: Decision, deadline: datetime) -> bool:
    """The time was moved on, and the engine did not know yet."""
    return decision.at < microseconds(deadline)


def _accepted_by_phone(
    desk: Desk, offers: Sequence[tuple[Decision, Offer]], policy: TenantPolicy
) -> list[Work]:
    voice = (offer for _, offer in offers if offer.channel == "voice")
    return [
        desk.works[offer.interaction_id]
        for offer in voice
        if policy.rules(offer.queue, "voice").accept == "device"
    ]


def _mark_auto_accepted(desk: Desk, offers: Sequence[tuple[Decision, Offer]], policy: TenantPolicy) -> None:
    """Where the phone rings, picking up remains the accept."""
    for _, offer in offers:
        leg = desk.works[offer.interaction_id].primary
        if leg is not None and leg.route_command_id is None:
            offer.auto_accept = policy.rules(offer.queue, offer.channel).auto_accept


def _is_offered_to(work: Work, agent: Agent) -> bool:
    return work.offer is not None and work.offer.agent_id == agent.id


def _leg_of(work: Work, agent: Agent) -> Leg | None:
    leg = work.primary
    return leg if leg is not None and leg.agent_id == agent.id else None


async def _tell_offers(
    desk: Desk,
    offers: Sequence[tuple[Decision, Offer]],
    documents: Mapping[int, dict[str, Any]],
    policy: TenantPolicy,
) -> None:
    """The decision is kept, the desktop is told all that its screen pop needs."""
    pops = await screen_pops(desk.session, [offer.interaction_id for _, offer in offers])
    kept = [_decision_row(desk, offer, documents[made.ordinal], policy.version) for made, offer in offers]
    insert_rows(desk.session, kept)
    for decision, offer in offers:
        work = desk.works[offer.interaction_id]
        leg = work.primary
        decline = policy.rules(offer.queue, offer.channel).decline
        accept = accepted_on(leg.route_command_id if leg else None)
        event = OfferCreated(
            entity=f"interaction/{offer.interaction_id}",
            version=work.interaction.version,
            queue=offer.queue,
            agent_ids=(offer.agent_id,),
            offer_id=offer.id,
            interaction_id=offer.interaction_id,
            agent_id=offer.agent_id,
            data=offer_summary(offer, work, decision.reason, decline, pops[offer.interaction_id])
            | {"accept": accept},
        )
        append(desk.session, event, key=str(offer.interaction_id), at=desk.now)


def _decision_row(desk: Desk, offer: Offer, document: dict[str, Any], policy_version: int) -> DecisionRow:
    return DecisionRow(
        id=new_id(),
        tenant_id=desk.tenant_id,
        offer_id=offer.id,
        interaction_id=offer.interaction_id,
        policy_version=policy_version,
        decided_at=desk.now,
        document=document,
    )


async def _corrections(desk: Desk, wrong: Sequence[Decision]) -> list[Correction]:
    """Everything that these decisions speak of, as it is now; what is gone is told as gone."""
    interactions = sorted({decision.interaction for decision in wrong if decision.interaction})
    agents = sorted({decision.agent for decision in wrong if decision.agent})
    devices = await devices_of(desk.session, [UUID(agent) for agent in agents]) if agents else {}
    told: list[Correction] = []
    for agent_id in agents:
        agent = desk.agents.get(UUID(agent_id))
        known = None if agent is None else agent_snapshot(agent, devices.get(agent.id, ()), force=True)
        told.append(known or AgentRemoved(agent_id, _NEVER_OUTDATED))
    for interaction_id in interactions:
        work = desk.works.get(UUID(interaction_id))
        told.append(work_snapshot(work, force=True) if work else _gone(interaction_id))
    return told


_NEVER_OUTDATED: Final = 2**53


def _gone(interaction_id: str) -> InteractionSnapshot:
    return InteractionSnapshot(interaction_id, _NEVER_OUTDATED, "closed", "", "")
