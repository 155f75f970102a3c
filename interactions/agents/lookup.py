"""Finding interactions: lists by state, queue and agent, and one in full. Reading only, nothing is locked."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.bus.outbox import write_rows
from app.errors import NotFound
from channels.registry import ADAPTERS
from interactions.life.views import instant, interaction_summary
from interactions.life.work import Work
from models.base import among
from models.customer import ContactAddress, Customer
from models.endpoint import Endpoint
from models.interaction import FINAL, Interaction, State
from models.leg import Leg, LegState
from models.offer import Decision
from models.screen_pop import screen_pops
from models.segment import Segment


@dataclass(frozen=True, slots=True)
class Wanted:
    """`states` empty: all that live. `agent_id`: has a leg of that agent, or is parked with them.
    `queues` None: any. `after`: the last id of the page before."""

    states: Sequence[State] = ()
    queues: Sequence[str] | None = None
    agent_id: UUID | None = None
    after: UUID | None = None
    limit: int = 50
    oldest_first: bool = False


async def page(session: AsyncSession, wanted: Wanted) -> list[dict[str, Any]]:
    """Newest first, unless asked otherwise."""
    order = Interaction.id.asc() if wanted.oldest_first else Interaction.id.desc()
    query = select(Interaction).order_by(order).limit(wanted.limit)
    if wanted.states:
        query = query.where(Interaction.state.in_(wanted.states))
    else:
        query = query.where(Interaction.state.not_in(FINAL))
    if wanted.queues is not None:
        query = query.where(Interaction.queue.in_(wanted.queues))
    if wanted.agent_id is not None:
        query = query.where(_of_agent(wanted.agent_id))
    if wanted.after is not None:
        beyond = Interaction.id > wanted.after if wanted.oldest_first else Interaction.id < wanted.after
        query = query.where(beyond)
    return await _summaries(session, list(await session.scalars(query)))


async def listed(session: AsyncSession, ids: Sequence[UUID], limit: int = 200) -> list[dict[str, Any]]:
    """These interactions, in the given order, the first `limit` of them."""
    rows = await session.scalars(select(Interaction).where(among(Interaction.id, ids[:limit])))
    found = {x.id: x for x in rows}
    return await _summaries(session, [found[wanted] for wanted in ids[:limit] if wanted in found])


async def one(session: AsyncSession, interaction_id: UUID) -> dict[str, Any]:
    """The whole interaction: legs (ended ones too), why it is here, segments, customer, candidates, address,
    endpoint. Raises NotFound."""
    await write_rows(session)  # it may have been made or changed in this very transaction
    interaction = await session.get(Interaction, interaction_id)
    if interaction is None:
        raise NotFound("There is no such interaction.")
    legs = await session.scalars(select(Leg).where(Leg.interaction_id == interaction_id).order_by(Leg.id))
    segments = await session.scalars(
        select(Segment)
        .where(Segment.interaction_id == interaction_id)
        .order_by(Segment.started_at, Segment.id)
    )
    work = Work(interaction, {}, interaction.created_at, legs=list(legs))
    customer_id = interaction.picked_customer_id or interaction.customer_id
    pop = (await screen_pops(session, [interaction_id]))[interaction_id]
    return {
        **interaction_summary(work),
        "requirement": interaction.requirement,
        "boost_seconds": interaction.boost_seconds,
        "policy_version": interaction.policy_version,
        "why": await _why(session, interaction),
        "segments": [_segment(segment) for segment in segments],
        "customer": await _customer(session, customer_id),
        "candidates": pop["customer"]["candidates"],
        "address": await _address(session, interaction.address_id),
        "endpoint": await _endpoint(session, interaction.endpoint_id),
    }


async def _why(session: AsyncSession, x: Interaction) -> dict[str, Any]:
    """`entry_kind`: how it came into its queue (new, transfer, return); `reason`: why the router last chose
    whom it chose, null if it never did; `explanation` says the rest."""
    decision = await Decision.latest_of(session, x.id)
    return {
        "entry_kind": x.entry_kind,
        "follows": None if x.follows_id is None else str(x.follows_id),
        "reason": None if decision is None else decision.document.get("reason"),
        "explanation": f"/v1/interactions/{x.id}/explanation",
    }


def _of_agent(agent_id: UUID) -> Any:
    live = select(Leg.interaction_id).where(Leg.agent_id == agent_id, Leg.state != LegState.ENDED)
    parked = (Interaction.state == State.PARKED) & (Interaction.last_agent_id == agent_id)
    return Interaction.id.in_(live) | parked


async def _summaries(session: AsyncSession, interactions: list[Interaction]) -> list[dict[str, Any]]:
    works = await _with_legs(session, interactions)
    pops = await screen_pops(session, [work.interaction.id for work in works])
    return [interaction_summary(work) | _who(pops[work.interaction.id]) for work in works]


def _who(pop: Mapping[str, Any]) -> dict[str, Any]:
    """What to call them in a list: by name, else by where they come from; and through what they came."""
    return {
        "customer_name": pop["customer"]["name"],
        "address": pop["address"],
        "endpoint": pop["endpoint"],
    }


async def _with_legs(session: AsyncSession, interactions: list[Interaction]) -> list[Work]:
    works = {x.id: Work(x, {}, x.created_at) for x in interactions}
    if works:
        live = (
            select(Leg).where(among(Leg.interaction_id, works), Leg.state != LegState.ENDED).order_by(Leg.id)
        )
        for leg in await session.scalars(live):
            works[leg.interaction_id].legs.append(leg)
    return list(works.values())


async def _customer(session: AsyncSession, customer_id: UUID | None) -> dict[str, Any] | None:
    customer = await session.get(Customer, customer_id) if customer_id else None
    if customer is None:
        return None
    return {"id": str(customer.id), "name": customer.name, "tier": customer.tier, "version": customer.version}


async def _address(session: AsyncSession, address_id: UUID | None) -> dict[str, Any] | None:
    address = await session.get(ContactAddress, address_id) if address_id else None
    if address is None:
        return None
    return {"id": str(address.id), "kind": address.kind, "value": address.value}


async def _endpoint(session: AsyncSession, endpoint_id: UUID | None) -> dict[str, Any] | None:
    endpoint = await session.get(Endpoint, endpoint_id) if endpoint_id else None
    if endpoint is None:
        return None
    return {
        "id": str(endpoint.id),
        "key": endpoint.key,
        "adapter": endpoint.adapter,
        "address": endpoint.address,
        "controls_calls": endpoint.controls_calls,
        "writing": _writing(endpoint),
    }


def _writing(endpoint: Endpoint) -> dict[str, Any]:
    """What a reply there can be; `buttons` null: none."""
    can = ADAPTERS[endpoint.adapter].capabilities
    buttons = None if can.buttons is None else asdict(can.buttons)
    return {
        "text_max": can.text_max,
        "attachments": can.attachments,
        "buttons": buttons,
        "quotes": can.quotes,
    }


def _segment(segment: Segment) -> dict[str, Any]:
    return {
        "id": str(segment.id),
        "kind": str(segment.kind),
        "agent_id": str(segment.agent_id) if segment.agent_id else None,
        "queue": segment.queue,
        "entry_kind": segment.entry_kind,
        "started_at": instant(segment.started_at),
        "ended_at": instant(segment.ended_at),
        "outcome": segment.outcome,
        "seconds": _seconds(segment.started_at, segment.ended_at),
    }


def _seconds(start: datetime, end: datetime | None) -> float | None:
    return None if end is None else (end - start).total_seconds()
