"""One attempt at a delivery: what it is about becomes requests, and their answers a result."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

import orjson

from app.clock import Clock
from app.database import Database
from app.hiding.rules import Hiding
from app.outbound import Network
from channels.abilities import (
    CommandsInSteps,
    Fetched,
    Fetches,
    HoldsMedia,
    LogsIn,
    MarksRead,
    Media,
    NotDone,
    SendsInSteps,
)
from channels.base import (
    CallCommand,
    CallControl,
    ChannelAdapter,
    MailEnvelope,
    OutboundMessage,
    SendOutcome,
    SendResult,
    Unsendable,
    WireRequest,
    WireResponse,
)
from channels.exchanges import Exchanged, Exchanges
from channels.steps import Exchange, run_steps
from channels.tokens import Account, Sealer, Tokens
from channels.transport import NotAllowed, NotReached, Transport
from models.delivery import Delivery
from models.endpoint_state import EndpointState

STATE: Final = "fetch"
SENT: Final = SendResult(SendOutcome.SENT)


class KnownEndpoint(Protocol):
    @property
    def id(self) -> UUID: ...

    @property
    def version(self) -> int: ...

    @property
    def adapter(self) -> ChannelAdapter: ...


class KnownTenant(Protocol):
    @property
    def outbound_allow(self) -> Sequence[Network]: ...


class Directory(Protocol):
    """`app.endpoints.Endpoints`."""

    def get(self, endpoint_id: UUID) -> KnownEndpoint | None: ...

    def tenant(self, tenant_id: UUID) -> KnownTenant | None: ...

    def all(self) -> Iterable[KnownEndpoint]: ...

    def hiding(self, tenant_id: UUID, endpoint_id: UUID | None) -> Hiding: ...


class Content(Protocol):
    """What deliveries are about (`interactions.routed.dispatch`)."""

    async def message(self, delivery: Delivery) -> OutboundMessage:
        """The touch to render, its files read. Raises Unsendable when there is no such touch any more."""

    async def store(self, delivery: Delivery, media: Media) -> "StoredMedia":
        """The file, which is safe when this returns."""


@dataclass(frozen=True, slots=True)
class StoredMedia:
    sha256: str
    name: str
    content_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Attempted:
    """`media` is to hang on its touch, `fetched` to be written, in the transaction that records the
    result. `exchanges` in their order."""

    result: SendResult
    media: StoredMedia | None = None
    fetched: Fetched | None = None
    exchanges: Sequence[Exchanged] = ()


class Attempts:
    """Makes attempts; all their waiting for the network happens here, outside any transaction."""

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        directory: Directory,
        transport: Transport,
        content: Content,
        clock: Clock,
    ) -> None:
        self._database, self._sealer = database, sealer
        self._directory, self._transport, self._content = directory, transport, content
        self._clock = clock
        self._tokens = Tokens(database, sealer, clock)

    def limits(self) -> Iterable[tuple[UUID, float]]:
        """(endpoint, requests a second) of every endpoint whose platform has a limit."""
        for known in self._directory.all():
            per_second = known.adapter.capabilities.per_second
            if per_second is not None:
                yield known.id, per_second

    async def make(self, delivery: Delivery, seconds: float) -> Attempted:
        """What came of it within `seconds`; never raises for what the other side did."""
        known, tenant = self._directory.get(delivery.endpoint_id), self._directory.tenant(delivery.tenant_id)
        if known is None or tenant is None:
            return Attempted(SendResult(SendOutcome.RETRY, reason="the endpoint is not known yet"))
        until = self._clock.monotonic() + seconds
        exchanges = Exchanges(self._transport, tenant.outbound_allow, until, self._clock)
        attempted = await self._make(known, delivery, exchanges, seconds)
        return replace(attempted, exchanges=exchanges.seen)

    async def _make(
        self, known: KnownEndpoint, delivery: Delivery, exchanges: Exchanges, seconds: float
    ) -> Attempted:
        try:
            async with asyncio.timeout(seconds):
                if not isinstance(known.adapter, LogsIn):
                    return await self._carry_out(known.adapter, delivery, exchanges)
                account = Account(delivery.tenant_id, delivery.endpoint_id, known.version, known.adapter)
                return await self._logged_in(account, delivery, exchanges)
        except (NotAllowed, Unsendable) as error:
            return Attempted(SendResult(SendOutcome.REJECTED, reason=str(error)))
        except NotDone as error:
            return Attempted(error.result)
        except NotReached as error:
            return Attempted(SendResult(SendOutcome.RETRY, reason=str(error)))
        except TimeoutError:
            return Attempted(SendResult(SendOutcome.RETRY, reason=f"not done within {seconds:g} s"))

    async def _logged_in(self, account: Account, delivery: Delivery, exchanges: Exchanges) -> Attempted:
        """With the token that there is; once more with a new one where the platform refuses that."""
        token = await self._tokens.get(account, exchanges)
        attempted = await self._with_token(account, token.value, delivery, exchanges)
        if attempted.result.outcome is not SendOutcome.UNAUTHORISED:
            return attempted
        await self._tokens.refused(account, token)
        token = await self._tokens.get(account, exchanges)
        return await self._with_token(account, token.value, delivery, exchanges)

    async def _with_token(
        self, account: Account, token: str, delivery: Delivery, exchanges: Exchanges
    ) -> Attempted:
        adapter: Any = account.adapter.with_token(token)
        exchanges.secret = token
        try:
            return await self._carry_out(adapter, delivery, exchanges)
        except NotDone as error:
            return Attempted(error.result)

    async def _carry_out(self, adapter: ChannelAdapter, delivery: Delivery, exchange: Exchange) -> Attempted:
        match delivery.kind:
            case "message":
                message = replace(await self._content.message(delivery), now=self._clock.now())
                return Attempted(await _send(adapter, message, exchange))
            case "command":
                return Attempted(await _command(adapter, delivery, exchange))
            case "media":
                return await self._media(adapter, delivery, exchange)
            case "mark":
                return Attempted(await _mark(adapter, delivery, exchange))
            case _:
                return await self._fetch(adapter, delivery, exchange)

    async def _media(self, adapter: ChannelAdapter, delivery: Delivery, exchange: Exchange) -> Attempted:
        if not isinstance(adapter, HoldsMedia):
            raise Unsendable("this platform keeps no files for us")

        async def whole(request: WireRequest | MailEnvelope) -> WireResponse:
            answer = await exchange(request)
            if isinstance(request, WireRequest) and len(answer.body) >= request.answer_max_bytes:
                raise Unsendable(f"the file has more than {request.answer_max_bytes} bytes")
            return answer

        media = await run_steps(adapter.media(delivery.payload["reference"]), whole)
        return Attempted(SENT, media=await self._content.store(delivery, media))

    async def _fetch(self, adapter: ChannelAdapter, delivery: Delivery, exchange: Exchange) -> Attempted:
        if not isinstance(adapter, Fetches):
            raise Unsendable("this platform is not asked for anything")
        state = await self._state(delivery)
        fetched = await run_steps(adapter.fetch(state, delivery.payload.get("hint", {})), exchange)
        tenant_id, endpoint_id = delivery.tenant_id, delivery.endpoint_id
        events = [self._directory.hiding(tenant_id, endpoint_id).event(event) for event in fetched.events]
        return Attempted(SENT, fetched=replace(fetched, events=events))

    async def _state(self, delivery: Delivery) -> Mapping[str, Any]:
        async with self._database.read() as session:
            row = await EndpointState.find(session, delivery.endpoint_id, STATE)
        if row is None or row.value is None:
            return {}
        state: Mapping[str, Any] = orjson.loads(self._sealer.open(delivery.tenant_id, row.value))
        return state


async def _send(adapter: ChannelAdapter, message: OutboundMessage, exchange: Exchange) -> SendResult:
    if isinstance(adapter, SendsInSteps):
        return await run_steps(adapter.send(message), exchange)
    return adapter.interpret(await exchange(adapter.render(message)))


async def _mark(adapter: ChannelAdapter, delivery: Delivery, exchange: Exchange) -> SendResult:
    if not isinstance(adapter, MarksRead):
        raise Unsendable("this platform shows nobody what was read")
    told = delivery.payload
    return adapter.interpret(await exchange(adapter.mark_read(told["reference"], typing=told["typing"])))


async def _command(adapter: ChannelAdapter, delivery: Delivery, exchange: Exchange) -> SendResult:
    command = _call_command(delivery)
    if isinstance(adapter, CommandsInSteps) and adapter.controls_calls:
        return await run_steps(adapter.carry_out(command), exchange)
    if isinstance(adapter, CallControl) and adapter.controls_calls:
        return adapter.interpret(await exchange(adapter.command(command)))
    raise Unsendable("this platform takes no commands")


def _call_command(delivery: Delivery) -> CallCommand:
    assert delivery.expires_at is not None, "commands expire"
    payload = delivery.payload
    return CallCommand(
        command=payload["command"],
        command_id=delivery.id,
        call_id=payload.get("call_id"),
        issued_at=datetime.fromisoformat(payload["issued_at"]),
        expires_at=delivery.expires_at,
        arguments=payload.get("arguments", {}),
    )
