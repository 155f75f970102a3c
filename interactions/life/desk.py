"""The desk: interactions and agents of one tenant, loaded and locked together, written and told together.

Rows are locked in one order (interactions by id, then agents by id), so two desks wait for each other but
never dead-lock. The number of statements does not grow with the number of interactions."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Select, and_, any_, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.bus.outbox import append
from app.driver import ask
from app.errors import NotFound
from app.events import (
    AgentChanged,
    AgentRoutingChanged,
    ConsultEnded,
    InteractionChanged,
    OfferEnded,
    WorkChanged,
)
from interactions.life import facts, views
from interactions.life.command_rows import stop_ringing
from interactions.life.work import Work
from models.agent import Agent, Device
from models.base import IDS
from models.bulk import insert_rows, update_rows
from models.interaction import Interaction
from models.leg import Leg, LegState
from models.offer import Offer, OfferState
from models.presence_span import PresenceSpan
from models.segment import Segment

Row = TypeVar("Row", Interaction, Agent)
T = TypeVar("T")
Part = tuple[Leg | None, Offer | None, Segment | None]


class Desk:
    """`works` and `agents` by id. Change them through `Work`'s methods, then `save`."""

    def __init__(self, session: AsyncSession, tenant_id: UUID, now: datetime) -> None:
        self.session, self.tenant_id, self.now = session, tenant_id, now
        self.works: dict[UUID, Work] = {}
        self.agents: dict[UUID, Agent] = {}
        self._changed_agents: set[UUID] = set()
        self._new: list[Interaction] = []
        self._presence_at: dict[UUID, datetime] = {}
        self._routed: dict[UUID, tuple[Any, ...]] = {}

    @classmethod
    async def open(
        cls,
        session: AsyncSession,
        tenant_id: UUID,
        interaction_ids: Collection[UUID] = (),
        agent_ids: Collection[UUID] = (),
        *,
        now: datetime | None = None,
    ) -> "Desk":
        """Lock and load. The desk's `now` is the database's clock after the locks are held, so the times of
        an entity's changes never go backwards; `now` was asked before, and will do where nothing is locked.
        """
        interactions = await _lock(session, Interaction, interaction_ids)
        ids = [x.id for x in interactions]
        parts = await _parts(session, ids)
        legs = {leg.id: leg for leg, _, _ in parts if leg is not None}.values()
        agents, locked_at = await _lock_agents(session, {*agent_ids, *(leg.agent_id for leg in legs)})
        now = locked_at or (None if interactions else now) or await database_now(session)
        desk = cls(session, tenant_id, now)
        desk.agents = {agent.id: agent for agent in agents}
        desk._presence_at = {agent.id: agent.presence_at for agent in agents}
        desk._routed = {agent.id: _as_routed(agent) for agent in agents}
        desk.works = {x.id: Work(x, desk.agents, desk.now) for x in interactions}
        for leg in legs:
            desk.works[leg.interaction_id].legs.append(leg)
        for offer in (offer for _, offer, _ in parts if offer is not None):
            desk.works[offer.interaction_id].offer = offer
        for segment in {segment.id: segment for _, _, segment in parts if segment is not None}.values():
            desk.works[segment.interaction_id].segments.append(segment)
        return desk

    @classmethod
    async def one(
        cls, session: AsyncSession, tenant_id: UUID, interaction_id: UUID, agent_ids: Collection[UUID] = ()
    ) -> tuple["Desk", Work]:
        """The desk with one interaction. Raises NotFound."""
        desk = await cls.open(session, tenant_id, [interaction_id], agent_ids)
        if interaction_id not in desk.works:
            raise NotFound("There is no such interaction.")
        return desk, desk.works[interaction_id]

    def add(self, interaction: Interaction) -> Work:
        """A new interaction; the caller has set its channel, endpoint, address, queue and tier."""
        interaction.created_at = interaction.created_at or self.now
        work = Work(interaction, self.agents, self.now)
        self._new.append(interaction)
        self.works[interaction.id] = work
        return work

    def agent_changed(self, agent_id: UUID) -> None:
        """Presence, lease or skills of a loaded agent were changed outside of a `Work`."""
        self._changed_agents.add(agent_id)
        self._routed.pop(agent_id, None)

    async def save(self, *, last: bool = False) -> None:
        """Write what changed, raise the versions and tell: one event per changed entity, and its fact for the
        router where that concerns it. `last`: the transaction reads none of its interactions and agents
        after this, and begins none, so they may be written with the new rows."""
        changed = [work for work in self.works.values() if work.causes]
        for work in changed:
            self._changed_agents |= work.touched_agents
            _raise_version(work)
            for leg in work.ringing:
                stop_ringing(self.session, work.interaction, self.now, leg)
        for agent_id in self._changed_agents:
            self.agents[agent_id].version += 1
        if last:
            update_rows(self.session, [work.interaction for work in changed])
            update_rows(self.session, [self.agents[agent_id] for agent_id in self._changed_agents])
        await self.session.flush()  # the devices of changed agents are read below
        insert_rows(self.session, [*self._new, *(row for work in changed for row in work.added)])
        self._new = []
        await self._keep_presence()
        for work in changed:
            self._tell_work(work)
        await self._tell_agents()

    async def _keep_presence(self) -> None:
        """The history of presence; no statement where nobody's changed."""
        known = self._presence_at
        turned = [self.agents[id_] for id_ in sorted(self._changed_agents)]
        turned = [agent for agent in turned if agent.presence_at != known[agent.id]]
        if turned:
            await PresenceSpan.turn(self.session, turned)
            known.update({agent.id: agent.presence_at for agent in turned})

    def _tell_work(self, work: Work) -> None:
        x = work.interaction
        agent_ids = {leg.agent_id for leg in work.legs} | work.touched_agents
        append(
            self.session,
            InteractionChanged(
                entity=f"interaction/{x.id}",
                version=x.version,
                queue=x.queue,
                agent_ids=tuple(sorted(agent_ids)),
                interaction_id=x.id,
                cause=work.causes[-1],
                state=x.state,
                channel=x.channel,
                data=views.interaction_summary(work),
            ),
            key=str(x.id),
            at=self.now,
        )
        for offer in work.settled:
            self._tell_offer(work, offer)
        self._tell_consult(work)
        append(
            self.session,
            WorkChanged(interaction_id=x.id, version=x.version, state=facts.work_state(work)),
            key=str(self.tenant_id),
            at=self.now,
        )
        work.forget()

    def _tell_offer(self, work: Work, offer: Offer) -> None:
        append(
            self.session,
            OfferEnded(
                entity=f"interaction/{offer.interaction_id}",
                version=work.interaction.version,
                queue=offer.queue,
                agent_ids=(offer.agent_id,),
                offer_id=offer.id,
                interaction_id=offer.interaction_id,
                agent_id=offer.agent_id,
                state=OfferState(offer.state).value,
                cause=offer.cause,
            ),
            key=str(offer.interaction_id),
            at=self.now,
        )

    def _tell_consult(self, work: Work) -> None:
        """Why nobody is consulted any more, to who still has the customer."""
        x, first, over = work.interaction, work.primary, work.consult_over
        if over is None or first is None:
            return
        append(
            self.session,
            ConsultEnded(
                entity=f"interaction/{x.id}",
                version=x.version,
                queue=x.queue,
                agent_ids=(first.agent_id,),
                interaction_id=x.id,
                whom=over.whom,
                cause=over.cause,
            ),
            key=str(x.id),
            at=self.now,
        )

    async def _tell_agents(self) -> None:
        """The router counts by itself what agents hold: it hears of the rest."""
        changed = [self.agents[agent_id] for agent_id in sorted(self._changed_agents)]
        self._changed_agents = set()
        for agent in changed:
            self._tell_desktops(agent)
        moved = [agent for agent in changed if self._routed.get(agent.id) != _as_routed(agent)]
        devices = await _all(self.session, _DEVICES, [agent.id for agent in moved])
        for agent in moved:
            self._tell_router(agent, [device for device in devices if device.agent_id == agent.id])

    def _tell_desktops(self, agent: Agent) -> None:
        append(
            self.session,
            AgentChanged(
                entity=f"agent/{agent.id}",
                version=agent.version,
                agent_ids=(agent.id,),
                agent_id=agent.id,
                data=views.agent_summary(agent),
            ),
            key=str(agent.id),
            at=self.now,
        )

    def _tell_router(self, agent: Agent, devices: Sequence[Device]) -> None:
        self._routed[agent.id] = _as_routed(agent)
        append(
            self.session,
            AgentRoutingChanged(
                agent_id=agent.id, version=agent.version, state=facts.agent_state(agent, devices)
            ),
            key=str(self.tenant_id),
            at=self.now,
        )


def _as_routed(agent: Agent) -> tuple[Any, ...]:
    """What a `Work` can change of that which the router knows of an agent."""
    return agent.presence, agent.presence_reason, agent.idle_since, agent.last_accepted_at


async def database_now(session: AsyncSession) -> datetime:
    """The clock that decides (DESIGN §2.6)."""
    [(now,)] = await ask(session, "SELECT clock_timestamp()")
    found: datetime = now
    return found


def _raise_version(work: Work) -> None:
    x = work.interaction
    x.version += 1
    if work.relevant:
        x.relevant_version = x.version


async def _lock(session: AsyncSession, table: type[Row], ids: Collection[UUID]) -> list[Row]:
    """Always read anew: an object that the session already had may be older than the lock. Rows elsewhere may
    still come to refer to these (their keys never change): otherwise that would wait, in no order at all."""
    return await _all(session, _locking(table), ids)


async def _lock_agents(session: AsyncSession, ids: Collection[UUID]) -> tuple[list[Agent], datetime | None]:
    """As `_lock`; and when the last of them was locked."""
    if not ids:
        return [], None
    rows = (await session.execute(_locking_agents(), {"ids": list(ids)})).all()
    return [agent for agent, _ in rows], max((at for _, at in rows), default=None)


@cache
def _locking_agents() -> Select[Agent, datetime]:
    """The clock is read beside each row, after it was locked: within one query level it would be before."""
    locked = aliased(Agent, _locking(Agent).cte())
    return select(locked, func.clock_timestamp()).execution_options(populate_existing=True)


@cache
def _locking(table: type[Row]) -> Select[Row]:
    query = select(table).where(table.id == any_(IDS)).order_by(table.id).with_for_update(key_share=True)
    return query.execution_options(populate_existing=True)


async def _parts(session: AsyncSession, ids: Collection[UUID]) -> Sequence[Part]:
    """What is alive of these interactions, whose rows are locked: each leg beside each segment, in the order
    of their ids."""
    if not ids:
        return ()
    rows = await session.execute(_LIVE_PARTS, {"ids": list(ids)})
    return [(leg, offer, segment) for leg, offer, segment in rows]


_LIVE_PARTS = (
    select(Leg, Offer, Segment)
    .select_from(Interaction)
    .outerjoin(Leg, and_(Leg.interaction_id == Interaction.id, Leg.state != LegState.ENDED))
    .outerjoin(Offer, and_(Offer.interaction_id == Interaction.id, Offer.state == OfferState.OPEN))
    .outerjoin(Segment, and_(Segment.interaction_id == Interaction.id, Segment.ended_at.is_(None)))
    .where(Interaction.id == any_(IDS))
    .order_by(Leg.id, Segment.id)
)
_DEVICES = select(Device).where(Device.agent_id == any_(IDS))


async def _all(session: AsyncSession, query: Select[T], ids: Collection[UUID]) -> list[T]:
    """All rows of `query`, which asks for `IDS`: no ids, no statement."""
    return list((await session.scalars(query, {"ids": list(ids)})).all()) if ids else []
