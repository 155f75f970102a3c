"""Who I am, where I can be reached, whether I am there (API §3)."""

from typing import Any, Literal
from uuid import UUID

from fastapi import status
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import AgentPrincipal, Permission
from app.clock import rfc3339
from app.container import Container
from app.endpoints import KnownEndpoint
from app.errors import Invalid, NotFound, Unauthenticated
from app.problems import problems
from interactions.agents import presence
from interactions.agents.templates import Approved
from interactions.calls import devices
from interactions.life.policies import TenantPolicy
from models.agent import Agent, Device, Presence
from routers.deps import CurrentAgent, ReadTransaction, Services, Transaction, api_router

router = api_router("/v1/me", Permission.WORK, tags=["me"])


class PresenceIn(BaseModel):
    status: Literal["available", "break", "offline"]
    reason_code: str | None = Field(default=None, max_length=63)


class PresenceOut(BaseModel):
    status: str
    reason_code: str | None
    since: str

    @classmethod
    def of(cls, agent: Agent) -> "PresenceOut":
        since = rfc3339(agent.presence_at)
        return cls(status=agent.presence, reason_code=agent.presence_reason, since=since)


class DeviceIn(BaseModel):
    """`endpoint` is the key or id of a telephony endpoint, `address` what it dials: `sip:1001`, `+86…`."""

    endpoint: str = Field(min_length=1, max_length=63)
    address: str = Field(min_length=1, max_length=200, pattern=r"^\S+$")


class DeviceOut(BaseModel):
    endpoint: str
    address: str
    confirm_key: bool
    hot_desk: bool


class TenantOut(BaseModel):
    key: str
    name: str
    time_zone: str
    languages: list[str]


class QueueOut(BaseModel):
    """What the end of an interaction asks for."""

    key: str
    dispositions: list[str]
    wrap_up_mode: str


class MeOut(BaseModel):
    id: UUID
    version: int
    email: str
    name: str
    roles: list[str]
    permissions: list[str]
    teams: list[str]
    skills: dict[str, int]
    channels: list[str]
    tenant: TenantOut
    presence: PresenceOut
    units_held: int
    units_max: int
    break_codes: list[str]
    devices: list[DeviceOut]
    queues: list[QueueOut]
    mailboxes: list[str]


class TemplateOut(BaseModel):
    """`gaps` name what stands in double braces in `text`, in their order."""

    key: str
    name: str
    language: str | None
    text: str
    gaps: list[str]
    approved: bool


class MessengerOut(BaseModel):
    """An endpoint by its key."""

    key: str
    templates: list[TemplateOut]


class MessengersOut(BaseModel):
    items: list[MessengerOut]
    next_cursor: None = None


@router.get("")
async def who_am_i(me: CurrentAgent, session: ReadTransaction, container: Services) -> MeOut:
    """The profile of the agent who asks."""
    agent = await session.get(Agent, me.id)
    if agent is None:
        raise Unauthenticated("This agent is gone.")
    policy = await _policy(container, session, me)
    return MeOut(
        id=agent.id,
        version=agent.version,
        email=agent.email,
        name=agent.name,
        roles=agent.roles,
        permissions=sorted(me.permissions),
        teams=agent.teams,
        skills=agent.skills,
        channels=agent.channels,
        tenant=_tenant(container, me),
        presence=PresenceOut.of(agent),
        units_held=agent.units_held,
        units_max=agent.units_max,
        break_codes=list(policy.break_codes) if policy else [],
        devices=[_device(container, device) for device in await Device.of_agent(session, me.id)],
        queues=_queues(policy) if policy else [],
        mailboxes=_mailboxes(container, me),
    )


@router.get("/messengers")
async def list_messengers(me: CurrentAgent, container: Services) -> MessengersOut:
    """From where a customer who has not written can be written to, and with which approved texts."""
    mine = [known for known in container.endpoints.all() if known.tenant_id == me.tenant_id]
    found = {known.key: Approved(container.endpoints, known.id).items() for known in mine}
    items = [
        MessengerOut(key=key, templates=[TemplateOut.model_validate(text) for text in found[key]])
        for key in sorted(found)
        if found[key]
    ]
    return MessengersOut(items=items)


@router.put("/presence", responses=problems(Invalid))
async def choose_presence(
    wish: PresenceIn, me: CurrentAgent, session: Transaction, container: Services
) -> PresenceOut:
    """Available, on a break (with one of the tenant's codes) or offline."""
    chosen = Presence(wish.status)
    await presence.check_reason(session, me.tenant_id, container.policies, chosen, wish.reason_code)
    return PresenceOut.of(await presence.choose(session, me.tenant_id, me.id, chosen, wish.reason_code))


@router.put("/device", status_code=status.HTTP_200_OK, responses=problems(Invalid, NotFound))
async def take_device(
    wish: DeviceIn, me: CurrentAgent, session: Transaction, container: Services
) -> DeviceOut:
    """Where my calls ring; a hot desk is mine until I sign out."""
    endpoint = _telephony(container, me, wish.endpoint)
    device = await devices.take(session, me.tenant_id, me.id, endpoint.id, wish.address)
    return _device(container, device)


async def _policy(container: Container, session: AsyncSession, me: AgentPrincipal) -> TenantPolicy | None:
    try:
        return await container.policies.current(session, me.tenant_id)
    except LookupError:
        return None


def _tenant(container: Container, me: AgentPrincipal) -> TenantOut:
    tenant = container.endpoints.tenant(me.tenant_id)
    if tenant is None:
        raise NotFound("This tenant is gone.")
    return TenantOut(
        key=tenant.key, name=tenant.name, time_zone=tenant.time_zone, languages=list(tenant.languages)
    )


def _queues(policy: TenantPolicy) -> list[QueueOut]:
    return [_queue(queue) for queue in policy.document["queues"]]


def _queue(queue: dict[str, Any]) -> QueueOut:
    wrap_up = queue.get("wrap_up") or {}
    dispositions, mode = wrap_up.get("dispositions", []), wrap_up.get("mode", "none")
    return QueueOut(key=queue["key"], dispositions=dispositions, wrap_up_mode=mode)


def _mailboxes(container: Container, me: AgentPrincipal) -> list[str]:
    """The keys of the endpoints that mail can be written from."""
    known = container.endpoints.all()
    return sorted(e.key for e in known if e.tenant_id == me.tenant_id and e.channel == "email")


def _device(container: Container, device: Device) -> DeviceOut:
    endpoint = container.endpoints.get(device.endpoint_id)
    return DeviceOut(
        endpoint=endpoint.key if endpoint else str(device.endpoint_id),
        address=device.address,
        confirm_key=device.confirm_key,
        hot_desk=device.hot_desk,
    )


def _telephony(container: Container, me: AgentPrincipal, named: str) -> KnownEndpoint:
    for endpoint in container.endpoints.all():
        same = named in (endpoint.key, str(endpoint.id)) and endpoint.tenant_id == me.tenant_id
        if same and endpoint.channel == "voice":
            return endpoint
    raise Invalid(
        "There is no such telephony endpoint.",
        errors=[{"pointer": "/endpoint", "message": "unknown endpoint"}],
    )
