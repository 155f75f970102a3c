"""`Idempotency-Key`: the same request sent again gets the first one's answer, saved in the effect's own
transaction (API §1)."""

import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import orjson
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from app.bus.outbox import outbox
from app.database import Database
from app.errors import BadRequest, InProgress, KeyReused, ServiceError
from app.problems import as_service_error, problem
from app.security import Cipher
from models.audit import AnswerKey, IdempotentAnswer

KEY_MAX_CHARACTERS: Final = 255
IN_FLIGHT_SECONDS: Final = 5
NOT_KEPT: Final = frozenset({401, 403, 409, 429})
"""These may turn out otherwise the next time."""

_HEADERS_KEPT: Final = ("content-type", "location")
_LOCK_NOT_AVAILABLE: Final = "55P03"


class Replayed(Exception):
    """Not an error: the stored answer of an earlier request with this key."""

    def __init__(self, answer: Response) -> None:
        self.answer = answer


@dataclass(slots=True)
class Claim:
    """One request's hold on its key; `session` is the effect's own transaction."""

    session: AsyncSession
    cipher: Cipher
    key: AnswerKey
    body_hash: str

    async def take(self) -> None:
        """Raises Replayed, KeyReused, or InProgress when the first one still runs after 5 s."""
        try:
            earlier = await IdempotentAnswer.take(self.session, self.key, self.body_hash, IN_FLIGHT_SECONDS)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
                raise InProgress() from None
            raise
        if earlier is not None:
            self._replay(earlier)

    def _replay(self, earlier: IdempotentAnswer) -> None:
        if earlier.body_hash != self.body_hash:
            raise KeyReused()
        assert earlier.answer is not None and earlier.status is not None, "committed with its answer"
        stored = orjson.loads(self.cipher.open(self.key.tenant_id, earlier.answer))
        raise Replayed(Response(base64.b64decode(stored["body"]), earlier.status, stored["headers"]))

    async def keep(self, answer: Response) -> None:
        """Save `answer`, in the transaction that is about to commit."""
        headers = {name: answer.headers[name] for name in _HEADERS_KEPT if name in answer.headers}
        body = base64.b64encode(bytes(answer.body)).decode()
        sealed = self.cipher.seal(self.key.tenant_id, orjson.dumps({"headers": headers, "body": body}))
        await IdempotentAnswer.keep(self.session, self.key, answer.status_code, sealed)


def key_of(request: Request) -> str | None:
    """The request's key, if it is a POST that has one. Raises BadRequest for an unusable one."""
    key = request.headers.get("idempotency-key")
    if key is None or request.method != "POST":
        return None
    if not 0 < len(key) <= KEY_MAX_CHARACTERS or not key.isascii() or not key.isprintable():
        raise BadRequest(f"Idempotency-Key: 1 to {KEY_MAX_CHARACTERS} printable ASCII characters.")
    return key


async def body_hash_of(request: Request) -> str:
    """Of path, query and body; of a multipart body its parts, for each sending has another boundary."""
    digest = hashlib.sha256(f"{request.url.path}?{request.url.query}\n".encode())
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        for name, part in (await request.form()).multi_items():
            content = part.encode() if isinstance(part, str) else await _content(part)
            digest.update(f"{name}\n{len(content)}\n".encode("utf-8", "surrogatepass") + content)
    else:
        digest.update(await request.body())
    return digest.hexdigest()


async def _content(part: object) -> bytes:
    content: bytes = await part.read()  # type: ignore[attr-defined]
    await part.seek(0)  # type: ignore[attr-defined]
    return content


@asynccontextmanager
async def transaction(
    database: Database, cipher: Cipher, request: Request, tenant_id: UUID, caller: str
) -> AsyncIterator[AsyncSession]:
    """One transaction for a request of `caller`; with an Idempotency-Key its answer commits with it."""
    key = key_of(request)
    if key is None:
        async with database.transaction(tenant_id) as session:
            yield session
        return
    body_hash = await body_hash_of(request)
    refused: Exception | None = None
    async with database.transaction(tenant_id) as session:
        route = f"{request.method} {request.scope['route'].path}"
        claim = Claim(session, cipher, AnswerKey(tenant_id, caller, route, key), body_hash)
        await claim.take()
        request.state.idempotency = claim
        try:
            async with session.begin_nested():
                yield session
        except (ServiceError, RequestValidationError) as error:
            refused = error
            await _keep_refusal(claim, error)
    if refused is not None:
        raise refused


async def _keep_refusal(claim: Claim, error: Exception) -> None:
    """A refusal has no effect, but the same request will get the same one."""
    known = as_service_error(error)
    if known is None or known.status in NOT_KEPT or not 400 <= known.status < 500:
        raise error
    outbox(claim.session).forget()
    await claim.keep(problem(known))


async def remember(request: Request, answer: Response) -> None:
    """Called with a route's answer while its transaction is still open."""
    claim: Claim | None = getattr(request.state, "idempotency", None)
    if claim is not None and hasattr(answer, "body"):
        await claim.keep(answer)
