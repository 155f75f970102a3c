"""Tasks: work that no customer brought. It has no endpoint and no address; it waits and is routed like any
other, on the channel `task`."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import Principal
from app.clock import new_id
from app.errors import Invalid
from app.text import clean_line, clean_text
from interactions.intake.acquaintance import introduce
from interactions.intake.arrival import preview_of
from interactions.intake.intake_context import let_in
from interactions.life.desk import Desk
from interactions.life.doors import Doors
from interactions.life.pace import PaceBook
from interactions.life.policies import PolicyBook, TenantPolicy
from interactions.life.work import Work
from interactions.touches.outgoing import Directory
from interactions.touches.touches import Written, write
from models.agent import Agent
from models.customer import Customer
from models.interaction import Interaction, State
from models.touch import Touch
from routing.requirement import BadRequirement, Requirement, parse

TASK: Final = "task"


@dataclass(frozen=True, slots=True)
class NewTask:
    """`due_at` is a promise to whoever asked, shown to agents; it changes neither order nor offers. `tier`
    None: the customer's, else the policy's default."""

    queue: str
    title: str
    text: str
    customer_id: UUID | None = None
    requirement: str | None = None
    tier: str | None = None
    due_at: datetime | None = None


async def create(
    session: AsyncSession,
    author: Principal,
    policies: PolicyBook,
    paces: PaceBook,
    directory: Directory,
    wanted: NewTask,
) -> UUID:
    """The new interaction's id. Raises Invalid naming the field that is wrong."""
    in_force = await policies.in_force(session, author.tenant_id)
    policy = in_force.policy
    customer = await _customer(session, wanted.customer_id)
    _check_names(policy, wanted)
    requirement = await _requirement(session, policy, wanted.requirement)
    desk = await Desk.open(session, author.tenant_id, now=in_force.now)
    hiding = directory.hiding(author.tenant_id, None)
    title, text = hiding.text(_title(wanted.title)), hiding.text(clean_text(wanted.text))
    wanted = replace(wanted, title=title, text=text)
    tier = wanted.tier or (None if customer is None else customer.tier)
    work = desk.add(_interaction(desk, policy, wanted, policy.policy.tier(tier).key, requirement))
    work.touched(desk.now, by_customer=False)
    doors = await Doors.look(session, author.tenant_id, in_force, paces, desk.now)
    let_in(work, doors.enter(wanted.queue, TASK))
    await introduce(session, policy, [work])
    await desk.save()
    touch = _touch(work, author, wanted.text)
    touch.sealed_numbers = hiding.sealed
    await write(session, [Written(touch, None, work)], desk.now)
    return work.interaction.id


def _interaction(
    desk: Desk, policy: TenantPolicy, wanted: NewTask, tier: str, requirement: str | None
) -> Interaction:
    return Interaction(
        id=new_id(),
        tenant_id=desk.tenant_id,
        channel=TASK,
        direction="inbound",
        picked_customer_id=wanted.customer_id,
        queue=wanted.queue,
        state=State.QUEUED,
        version=0,
        relevant_version=0,
        subject=wanted.title,
        preview=preview_of(wanted.text),
        tier=tier,
        requirement=requirement,
        policy_version=policy.version,
        due_at=wanted.due_at,
        age_us=0,
        boost_seconds=0,
        cool_downs={},
    )


def _touch(work: Work, author: Principal, text: str) -> Touch:
    """What is to be done stands first in the conversation, and on the customer's timeline."""
    return Touch(
        tenant_id=author.tenant_id,
        id=new_id(),
        at=work.now,
        direction="internal",
        kind="note",
        channel=TASK,
        subject=work.interaction.subject,
        text=text,
        payload={},
        author=author.author,
        attachments=[],
        delivery_hops=[],
        version=1,
    )


def _title(title: str) -> str:
    cleaned = clean_line(title)
    if not cleaned:
        raise _wrong("title", "must not be empty")
    return cleaned


async def _customer(session: AsyncSession, customer_id: UUID | None) -> Customer | None:
    if customer_id is None:
        return None
    customer = await session.get(Customer, customer_id)
    if customer is None:
        raise _wrong("customer_id", "there is no such customer")
    return customer


def _check_names(policy: TenantPolicy, wanted: NewTask) -> None:
    if wanted.queue not in policy.policy.queues:
        raise _wrong("queue", "unknown queue")
    if wanted.tier is not None and wanted.tier not in policy.policy.tiers:
        raise _wrong("tier", f"one of {', '.join(policy.policy.tiers)}")


async def _requirement(session: AsyncSession, policy: TenantPolicy, text: str | None) -> str | None:
    """In its canonical form."""
    try:
        requirement = parse(text)
    except BadRequirement as error:
        raise _wrong("requirement", str(error)) from None
    skills = sorted(requirement.skills - frozenset(policy.document.get("skills", ())))
    unknown = [f"skill {name!r}" for name in skills]
    unknown += [f"agent {name!r}" for name in await _strangers(session, requirement)]
    if unknown:
        raise _wrong("requirement", f"unknown {unknown[0]}")
    return None if requirement.is_anyone else requirement.text


async def _strangers(session: AsyncSession, requirement: Requirement) -> Collection[str]:
    if not requirement.agents:
        return ()
    found = select(Agent.email).where(Agent.email.in_(requirement.agents), Agent.disabled_at.is_(None))
    return sorted(requirement.agents - set(await session.scalars(found)))


def _wrong(field: str, message: str) -> Invalid:
    return Invalid(errors=[{"pointer": f"/{field}", "message": message}])
