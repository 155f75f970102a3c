"""Records what became of attempts: those that end about the same time share a transaction."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Protocol
from uuid import UUID

import orjson
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.bus.outbox import append_inbound
from app.bus.together import Together
from app.clock import new_id
from app.database import Database
from channels.attempt import STATE, Attempted, StoredMedia
from channels.base import SendOutcome
from channels.exchanges import Exchanged
from channels.tokens import Sealer
from models.circuit import Circuit
from models.delivery import Delivery, DeliveryState, Settled
from models.endpoint_state import EndpointState
from models.exchange import Exchange

log = structlog.get_logger()

TOGETHER_MAX: Final = 200
SLOW_DOWN_MAX_SECONDS: Final = 3600.0


class Dispatch(Protocol):
    """What the outcomes of deliveries change (`interactions.routed.dispatch`)."""

    async def sent(self, session: AsyncSession, sent: Sequence[tuple[Delivery, str | None]]) -> None:
        """With the platform's ids, where it gives any."""

    async def failed(self, session: AsyncSession, failed: Sequence[tuple[Delivery, str]]) -> None:
        """With the reasons."""

    async def hang(self, session: AsyncSession, delivery: Delivery, media: StoredMedia) -> None:
        """The file has come: the touch shows it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`wait_seconds` until another attempt, where one may help; `probe`: of an endpoint that was given up."""

    delivery: Delivery
    attempted: Attempted
    wait_seconds: float
    probe: bool = False

    @property
    def settled(self) -> Settled:
        delivery, result, fetched = self.delivery, self.attempted.result, self.attempted.fetched
        place = (delivery.id, delivery.attempts)
        if fetched is not None and fetched.more:
            return Settled(*place, DeliveryState.PENDING, wait_seconds=0)
        if result.outcome is SendOutcome.SENT:
            return Settled(*place, DeliveryState.SENT)
        if result.outcome is SendOutcome.REJECTED:
            return Settled(*place, DeliveryState.FAILED, result.reason)
        return Settled(*place, DeliveryState.PENDING, result.reason, self.wait_seconds)


class Recorder:
    """`troubled` are endpoints with a row in `circuit`, as far as this process knows."""

    def __init__(self, database: Database, sealer: Sealer, dispatch: Dispatch) -> None:
        self._database, self._sealer, self._dispatch = database, sealer, dispatch
        self._together: Together[Outcome, Exception | None] = Together(self._record_all, most=TOGETHER_MAX)
        self.troubled: set[UUID] = set()

    async def record(self, outcome: Outcome) -> None:
        """Raises what the database raises: then nothing is recorded."""
        if (error := await self._together.ask(outcome)) is not None:
            raise error

    async def _record_all(self, outcomes: Sequence[Outcome]) -> Sequence[Exception | None]:
        groups: defaultdict[UUID, list[int]] = defaultdict(list)
        for place, outcome in enumerate(outcomes):
            groups[outcome.delivery.tenant_id].append(place)
        errors: list[Exception | None] = [None] * len(outcomes)
        for tenant_id, places in groups.items():
            for place, error in zip(
                places, await self._of_tenant(tenant_id, [outcomes[p] for p in places]), strict=True
            ):
                errors[place] = error
        return errors

    async def _of_tenant(self, tenant_id: UUID, outcomes: Sequence[Outcome]) -> Sequence[Exception | None]:
        """All at once; each by itself where that fails, so that none spoils the others."""
        try:
            await self._record(tenant_id, outcomes)
            return [None] * len(outcomes)
        except Exception as error:  # the outer shell: whoever asked tries again
            if len(outcomes) == 1:
                return [error]
        return [error for one in outcomes for error in await self._of_tenant(tenant_id, [one])]

    async def _record(self, tenant_id: UUID, outcomes: Sequence[Outcome]) -> None:
        async with self._database.transaction(tenant_id) as session:
            settled = await Delivery.settle(session, [outcome.settled for outcome in outcomes])
            await self._change(session, [one for one in outcomes if one.delivery.id in settled])
            rows = [row for outcome in outcomes for row in _exchange_rows(outcome)]
            await Exchange.insert_all(session, rows)
            await self._note_trouble(session, tenant_id, outcomes)

    async def _change(self, session: AsyncSession, outcomes: Sequence[Outcome]) -> None:
        sent, failed = [], []
        for one in outcomes:
            attempted = one.attempted
            if attempted.media is not None:
                await self._dispatch.hang(session, one.delivery, attempted.media)
            elif attempted.fetched is not None:
                await self._take_in(session, one)
            elif attempted.result.outcome is SendOutcome.SENT:
                sent.append((one.delivery, attempted.result.provider_id))
            elif attempted.result.outcome is SendOutcome.REJECTED:
                failed.append((one.delivery, attempted.result.reason or "rejected"))
        await self._dispatch.sent(session, sent)
        await self._dispatch.failed(session, failed)

    async def _take_in(self, session: AsyncSession, outcome: Outcome) -> None:
        """The events and how far they reach, or neither: the next fetch begins where the last was written."""
        delivery, fetched = outcome.delivery, outcome.attempted.fetched
        assert fetched is not None, "who fetches nothing is not asked"
        for event in fetched.events:
            append_inbound(session, delivery.endpoint_id, event)
        sealed = self._sealer.seal(delivery.tenant_id, orjson.dumps(fetched.state))
        await EndpointState.put(session, delivery.tenant_id, delivery.endpoint_id, STATE, sealed)

    async def _note_trouble(
        self, session: AsyncSession, tenant_id: UUID, outcomes: Sequence[Outcome]
    ) -> None:
        """One that answers is well; one that does not, or not well, several times in a row, gets a rest."""
        by_endpoint: defaultdict[UUID, list[Outcome]] = defaultdict(list)
        for outcome in outcomes:
            if outcome.attempted.exchanges:
                by_endpoint[outcome.delivery.endpoint_id].append(outcome)
        for endpoint_id, those in sorted(by_endpoint.items()):
            failures = [one for one in those if one.attempted.exchanges[-1].trouble]
            if len(failures) < len(those):
                await self._answered(session, endpoint_id)
            else:
                await self._failed(session, tenant_id, endpoint_id, failures)
            await self._slow_down(session, tenant_id, endpoint_id, those)

    async def _answered(self, session: AsyncSession, endpoint_id: UUID) -> None:
        if endpoint_id not in self.troubled:
            return
        self.troubled.discard(endpoint_id)
        if await Circuit.answered(session, [endpoint_id]):
            log.info("endpoint answers again", endpoint=str(endpoint_id))

    async def _failed(
        self, session: AsyncSession, tenant_id: UUID, endpoint_id: UUID, failures: Sequence[Outcome]
    ) -> None:
        self.troubled.add(endpoint_id)
        reason = failures[-1].attempted.result.reason or "no answer"
        probe = any(one.probe for one in failures)
        if await Circuit.failed(session, tenant_id, endpoint_id, len(failures), probe, reason):
            log.warning("endpoint given up for now", endpoint=str(endpoint_id), reason=reason)

    async def _slow_down(
        self, session: AsyncSession, tenant_id: UUID, endpoint_id: UUID, outcomes: Sequence[Outcome]
    ) -> None:
        waits = [
            one.attempted.result.retry_after_seconds or one.wait_seconds
            for one in outcomes
            if one.attempted.result.outcome is SendOutcome.THROTTLED
        ]
        if waits:
            self.troubled.add(endpoint_id)
            rest = timedelta(seconds=min(max(waits), SLOW_DOWN_MAX_SECONDS))
            await Circuit.slow_down(session, tenant_id, endpoint_id, rest, "throttled")


def _exchange_rows(outcome: Outcome) -> list[dict[str, Any]]:
    delivery, exchanges = outcome.delivery, outcome.attempted.exchanges
    about: Mapping[str, Any] = {
        "endpoint_id": delivery.endpoint_id,
        "interaction_id": delivery.interaction_id,
        "touch_id": delivery.touch_id,
        "delivery_id": delivery.id,
        "direction": "out",
    }
    rows = [{"id": new_id(), **about, **_facts(exchange), "outcome": None} for exchange in exchanges]
    if rows:
        result = outcome.attempted.result
        rows[-1]["outcome"] = result.outcome.value
        rows[-1]["reason"] = rows[-1]["reason"] or result.reason
    return rows


def _facts(exchange: Exchanged) -> dict[str, Any]:
    return {
        "at": exchange.at,
        "method": exchange.method,
        "url": exchange.url,
        "status": exchange.status,
        "reason": exchange.reason,
        "seconds": exchange.seconds,
        "request": exchange.request,
        "response": exchange.response,
    }
