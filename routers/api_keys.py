"""API keys of integrations: made once, shown once, stored hashed, revocable (API §2)."""

from typing import Annotated, Self
from uuid import UUID

from fastapi import Query, status
from pydantic import BaseModel, Field

from app.access import API_KEY_PREFIX, Permission
from app.errors import Forbidden, NotFound
from app.problems import problems
from app.security import new_token, token_hash
from models.access import ApiKey
from models.audit import Audit
from routers.deps import CurrentPrincipal, Moment, ReadTransaction, Transaction, api_router

SHOWN_CHARACTERS = 8

router = api_router("/v1/api-keys", Permission.ADMINISTER, tags=["api keys"])


class ApiKeyIn(BaseModel):
    """`scopes` are permissions: see docs/problems.md for what a missing one answers."""

    name: str = Field(min_length=1, max_length=200)
    scopes: list[Permission] = Field(min_length=1)
    expires_at: Moment | None = None


class ApiKeyOut(BaseModel):
    id: UUID
    name: str
    prefix: str
    scopes: list[str]
    created_at: Moment
    expires_at: Moment | None

    @classmethod
    def of(cls, key: ApiKey) -> Self:
        return cls.model_validate(key, from_attributes=True)


class NewApiKeyOut(ApiKeyOut):
    """`key` is shown this once."""

    key: str


class ApiKeyPage(BaseModel):
    items: list[ApiKeyOut]
    next_cursor: str | None


@router.post("", status_code=status.HTTP_201_CREATED, responses=problems(Forbidden))
async def create_api_key(wish: ApiKeyIn, session: Transaction, principal: CurrentPrincipal) -> NewApiKeyOut:
    """A key that may do no more than who makes it."""
    if not principal.permissions.issuperset(wish.scopes):
        raise Forbidden("A key may not be allowed more than you are.")
    secret = new_token(API_KEY_PREFIX)
    prefix = secret[: len(API_KEY_PREFIX) + SHOWN_CHARACTERS]
    key = ApiKey(
        tenant_id=principal.tenant_id,
        name=wish.name,
        prefix=prefix,
        key_hash=token_hash(secret),
        scopes=sorted(set(wish.scopes)),
        expires_at=wish.expires_at,
    )
    session.add(key)
    await session.flush()
    await session.refresh(key)
    _audit(session, principal, "create_api_key", key.id)
    return NewApiKeyOut(**ApiKeyOut.of(key).model_dump(), key=secret)


@router.get("")
async def list_api_keys(
    session: ReadTransaction,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: UUID | None = None,
) -> ApiKeyPage:
    """Keys that are not revoked, oldest first."""
    keys = await ApiKey.page(session, cursor, limit + 1)
    more = str(keys[limit - 1].id) if len(keys) > limit else None
    return ApiKeyPage(items=[ApiKeyOut.of(key) for key in keys[:limit]], next_cursor=more)


@router.delete("/{key_id}", status_code=status.HTTP_204_NO_CONTENT, responses=problems(NotFound))
async def revoke_api_key(key_id: UUID, session: Transaction, principal: CurrentPrincipal) -> None:
    """It opens nothing from now on."""
    if not await ApiKey.revoke(session, key_id):
        raise NotFound()
    _audit(session, principal, "revoke_api_key", key_id)


def _audit(session: Transaction, principal: CurrentPrincipal, action: str, key_id: UUID) -> None:
    entity = f"api_key/{key_id}"
    session.add(Audit(tenant_id=principal.tenant_id, actor=principal.actor, action=action, entity=entity))
