"""Customers: search, profile, addresses, timeline, and the context of a screen pop (API §4)."""

from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Query, Response, status
from pydantic import BaseModel, Field

from app.access import Permission
from app.errors import Invalid, NotFound, Stale
from app.events import Address
from app.problems import problems
from customers import profiles, search, timeline
from customers.context import context
from customers.paging import read_cursor
from interactions.agents.correction import known_tier, retier
from interactions.intake.acquaintance import team_changed
from routers.deps import CurrentPrincipal, Moment, ReadTransaction, Services, Transaction, api_router, needs

router = api_router("/v1/customers", Permission.CUSTOMERS_READ, tags=["customers"])
WRITES = [needs(Permission.CUSTOMERS_WRITE)]

Name = Annotated[str, Field(min_length=1, max_length=200)]
Key = Annotated[str, Field(min_length=1, max_length=63)]
Agent = Annotated[str, Field(min_length=1, max_length=254)]
Attributes = Annotated[dict[str, Any], Field(max_length=200)]


class AddressIn(BaseModel):
    """`kind`: phone, email, sip, extension, short_code or visitor."""

    kind: str = Field(max_length=20)
    value: str = Field(min_length=1, max_length=500)

    def address(self) -> Address:
        return Address(kind=self.kind, value=self.value)


class AccountTeamIn(BaseModel):
    """An agent's id or e-mail for each role; null: nobody. Roles not named stay as they are."""

    account: Agent | None = None
    solution: Agent | None = None
    delivery: Agent | None = None


class CustomerIn(BaseModel):
    name: Name
    tier: Key | None = None
    segment: Key | None = None
    language: Key | None = None
    attributes: Attributes = {}
    account_team: AccountTeamIn = AccountTeamIn()
    addresses: list[AddressIn] = Field(default=[], max_length=100)


class CustomerPatch(BaseModel):
    """Only what is given changes. With `version` nothing is lost that somebody else changed meanwhile."""

    name: Name | None = None
    tier: Key | None = None
    segment: Key | None = None
    language: Key | None = None
    attributes: Attributes | None = None
    account_team: AccountTeamIn | None = None
    version: int | None = None


class SearchQuery(BaseModel):
    q: str | None = Field(default=None, max_length=200)
    address: str | None = Field(default=None, max_length=500)
    tier: str | None = None
    segment: str | None = None
    cursor: UUID | None = None
    limit: int = Field(default=50, ge=1, le=200)


class TimelineQuery(BaseModel):
    """`before`, `after` and `cursor` are cursors; `cursor` is another word for `before`."""

    before: str | None = None
    after: str | None = None
    cursor: str | None = None
    channel: str | None = Field(default=None, max_length=63)
    kind: str | None = Field(default=None, max_length=63)
    q: str | None = Field(default=None, max_length=200)
    as_of: Moment | None = None
    limit: int = Field(default=50, ge=1, le=200)


@router.get("")
async def list_customers(wanted: Annotated[SearchQuery, Query()], session: ReadTransaction) -> dict[str, Any]:
    """By words of the name in Chinese or English, part of an address, or a whole `address`; newest first."""
    return await search.page(
        session,
        search.Wanted(wanted.q, wanted.address, wanted.tier, wanted.segment, wanted.cursor, wanted.limit),
    )


@router.post("", status_code=status.HTTP_201_CREATED, responses=problems(Invalid), dependencies=WRITES)
async def create_customer(
    body: CustomerIn, caller: CurrentPrincipal, session: Transaction, container: Services
) -> dict[str, Any]:
    await known_tier(session, caller.tenant_id, container.policies, body.tier)
    values = body.model_dump(exclude={"addresses"})
    addresses = [address.address() for address in body.addresses]
    return await profiles.create(
        session, caller.tenant_id, profiles.NewProfile(**values, addresses=addresses)
    )


@router.get("/{customer_id}", responses=problems(NotFound))
async def get_customer(customer_id: UUID, session: ReadTransaction) -> dict[str, Any]:
    return await profiles.one(session, customer_id)


@router.patch("/{customer_id}", responses=problems(NotFound, Invalid, Stale), dependencies=WRITES)
async def change_customer(
    customer_id: UUID,
    body: CustomerPatch,
    caller: CurrentPrincipal,
    session: Transaction,
    container: Services,
) -> dict[str, Any]:
    """A new tier or account team counts at once for work that waits."""
    changes = body.model_dump(exclude={"version"}, exclude_unset=True)
    await known_tier(session, caller.tenant_id, container.policies, changes.get("tier"))
    changed = await profiles.change(session, customer_id, changes, body.version)
    if "tier" in changes:
        await retier(session, caller.tenant_id, container.policies, customer_id, changes["tier"])
    if "account_team" in changes:
        await team_changed(session, caller.tenant_id, customer_id)
    return changed


@router.post(
    "/{customer_id}/addresses",
    status_code=status.HTTP_201_CREATED,
    responses=problems(NotFound, Invalid),
    dependencies=WRITES,
)
async def link_address(
    customer_id: UUID, body: AddressIn, caller: CurrentPrincipal, session: Transaction
) -> dict[str, Any]:
    """The address is theirs from now on; the profile."""
    return await profiles.link(session, caller.tenant_id, customer_id, body.address())


@router.delete("/{customer_id}/addresses/{address_id}", responses=problems(NotFound), dependencies=WRITES)
async def unlink_address(customer_id: UUID, address_id: UUID, session: Transaction) -> dict[str, Any]:
    """The address was theirs until now; the profile."""
    return await profiles.unlink(session, customer_id, address_id)


@router.get("/{customer_id}/timeline", responses=problems(NotFound, Invalid))
async def get_timeline(
    customer_id: UUID, query: Annotated[TimelineQuery, Query()], session: ReadTransaction
) -> Response:
    """Touches over all channels, newest first."""
    wanted = timeline.Wanted(
        before=read_cursor(query.before or query.cursor, "before"),
        after=read_cursor(query.after, "after"),
        channel=query.channel,
        kind=query.kind,
        query=(query.q or "").strip() or None,
        as_of=query.as_of,
        limit=query.limit,
    )
    return _json(await timeline.page(session, customer_id, wanted))


@router.get("/{customer_id}/context", responses=problems(NotFound))
async def get_context(customer_id: UUID, session: ReadTransaction) -> Response:
    """One call for the screen pop."""
    return _json(await context(session, customer_id))


def _json(document: dict[str, Any]) -> Response:
    """With parts that the database has written: they are passed on as they are."""
    return Response(orjson.dumps(document), media_type="application/json")
