"""Whose window it is: the token in the browser, and the site's word of who has signed in there."""

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from app.clock import new_id
from app.container import Container
from app.endpoints import KnownEndpoint
from app.security import new_token, token_hash
from channels.chat import ChatAdapter, IdentityExpired, SignedIn
from customers import signed_in
from interactions.agents.visitors import address_of
from models.visitor import Visitor
from routers.chat_frames import Hello, SignedId

VISITOR_PREFIX: Final = "vt_"


@dataclass(frozen=True, slots=True)
class Recognised:
    """`name`: as the site has it."""

    id: UUID
    token: str = field(repr=False)
    name: str | None = None


async def recognise(
    container: Container, endpoint: KnownEndpoint, chat: ChatAdapter, hello: Hello
) -> Recognised:
    """The visitor, who is new if we do not know their token at this endpoint, or if it belongs to somebody
    signed in otherwise. Raises BadIdentity."""
    token = hello.visitor_token
    known = None if token is None else await _known(container, endpoint, token)
    who = _signed_in(container, chat, hello, known)
    name = None if who is None else who.name
    if token is not None and known is not None and known.external_id == (who and who.external_id):
        return Recognised(known.id, token, name)
    token, visitor_id = new_token(VISITOR_PREFIX), new_id()
    await _add(container, endpoint, visitor_id, token, who)
    return Recognised(visitor_id, token, name)


async def _known(container: Container, endpoint: KnownEndpoint, token: str) -> Visitor | None:
    async with container.database.read() as session:
        found = await Visitor.find(session, token_hash(token))
    return found if found is not None and found.endpoint_id == endpoint.id else None


def _signed_in(
    container: Container, chat: ChatAdapter, hello: Hello, known: Visitor | None
) -> SignedIn | None:
    """A page that stays open outlives its token: who holds the visitor's own token goes on with it."""
    given = hello.identity
    if given is None:
        return None
    if isinstance(given, SignedId):
        return chat.by_signature(given.external_id, given.signature)
    try:
        return chat.by_token(given, container.clock.now())
    except IdentityExpired as error:
        if known is None or known.external_id != error.who.external_id:
            raise
        return error.who


async def _add(
    container: Container, endpoint: KnownEndpoint, visitor_id: UUID, token: str, who: SignedIn | None
) -> None:
    tenant_id = endpoint.tenant_id
    visitor = Visitor(
        id=visitor_id,
        tenant_id=tenant_id,
        endpoint_id=endpoint.id,
        external_id=None if who is None else who.external_id,
        token_hash=token_hash(token),
    )
    async with container.database.transaction(tenant_id) as session:
        session.add(visitor)
        if who is not None:
            await signed_in.attach(session, tenant_id, address_of(visitor_id), who.addresses(), who.name)
