"""The one sender of all channels: claim, commit, send outside any transaction, record.

Messages of one conversation go out in order, calls' commands in order per call and as soon as they are
committed; nothing is sent past its expiry. A sender that dies in between leaves a claim whose lease runs out:
the next one sends once more, with the same provider key.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal, Protocol, get_args

import orjson
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.bus.outbox import append_inbound
from app.clock import Clock
from app.database import Database
from channels.abilities import Fetched
from channels.attempt import STATE, Attempted, Attempts, StoredMedia
from channels.base import SendOutcome
from channels.tokens import Sealer
from models.delivery import Delivery, DeliveryState
from models.endpoint_state import EndpointState

log = structlog.get_logger()

Kind = Literal["command", "message", "media", "fetch"]
KINDS: Final[Sequence[Kind]] = get_args(Kind)

AT_ONCE: Final[dict[Kind, int]] = {"command": 64, "message": 32, "media": 8, "fetch": 16}
"""Each kind has room of its own: slow mail servers must not keep a call waiting."""

SEND_SECONDS: Final[dict[Kind, float]] = {"command": 2, "message": 60, "media": 120, "fetch": 60}
LEASE_SECONDS: Final[dict[Kind, float]] = {"command": 3, "message": 90, "media": 150, "fetch": 90}
"""Longer than an attempt; of a command short enough for a repeat before it expires."""

FIRST_WAIT_SECONDS: Final[dict[Kind, float]] = {"command": 0.2, "message": 2, "media": 2, "fetch": 2}
WAIT_MAX_SECONDS: Final[dict[Kind, float]] = {"command": 900, "message": 900, "media": 900, "fetch": 60}
POLL_SECONDS: Final = 1.0
REST_MIN_SECONDS: Final = 0.05
RECORD_ATTEMPTS: Final = 5


class Dispatch(Protocol):
    """What the outcome of a delivery changes (`interactions.routed.dispatch`)."""

    async def sent(self, session: AsyncSession, delivery: Delivery, provider_id: str | None) -> None: ...

    async def failed(self, session: AsyncSession, delivery: Delivery, reason: str) -> None: ...

    async def hang(self, session: AsyncSession, delivery: Delivery, media: StoredMedia) -> None:
        """The file has come: the touch shows it."""


class Sender:
    """`run` until cancelled; `wake` whenever something may have been committed."""

    def __init__(
        self, database: Database, sealer: Sealer, attempts: Attempts, dispatch: Dispatch, clock: Clock
    ) -> None:
        self._database, self._sealer = database, sealer
        self._attempts, self._dispatch, self._clock = attempts, dispatch, clock
        self._awake = asyncio.Event()
        self._sending: dict[Kind, set[asyncio.Task[None]]] = {kind: set() for kind in KINDS}
        self._recording: set[asyncio.Task[Any]] = set()
        self._random = random.Random()  # noqa: S311 - spreads retries, guards nothing

    def wake(self) -> None:
        """Look now. Never blocks."""
        self._awake.set()

    async def run(self) -> None:
        try:
            while True:
                await self._rest(await self._look())
        finally:
            await self._stop()

    async def _stop(self) -> None:
        """Break off what is on its way, but record what was sent."""
        tasks = [task for sending in self._sending.values() for task in sending]
        for task in tasks:
            if task not in self._recording:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _look(self) -> float:
        """Begin to send what is due; seconds until something may be due again."""
        self._awake.clear()
        try:
            return await self._begin()
        except Exception as error:  # the outer shell: an outage is waited for
            log.warning("sender waits", error=repr(error)[:200])
            return POLL_SECONDS

    async def _begin(self) -> float:
        async with self._database.transaction() as session:
            expired = await Delivery.expired(session)
            claimed = {kind: await self._claim(session, kind) for kind in KINDS}
            now, due = await Delivery.clock(session)
        for kind, deliveries in claimed.items():
            for delivery in deliveries:
                task = asyncio.create_task(self._send(kind, delivery, now), name=f"send {kind}")
                self._sending[kind].add(task)
                task.add_done_callback(self._done(kind))
        for delivery in expired:
            await self._expire(delivery)
        return POLL_SECONDS if due is None else min(POLL_SECONDS, max(REST_MIN_SECONDS, due))

    async def _claim(self, session: AsyncSession, kind: Kind) -> Sequence[Delivery]:
        room = AT_ONCE[kind] - len(self._sending[kind])
        if room <= 0:
            return ()
        return await Delivery.claim(session, kind, room, timedelta(seconds=LEASE_SECONDS[kind]))

    async def _expire(self, delivery: Delivery) -> None:
        async with self._database.transaction(delivery.tenant_id) as session:
            if await Delivery.give_up(session, delivery.id):
                await self._dispatch.failed(session, delivery, DeliveryState.EXPIRED)

    def _done(self, kind: Kind) -> Callable[[asyncio.Task[None]], None]:
        def done(task: asyncio.Task[None]) -> None:
            self._sending[kind].discard(task)
            self._recording.discard(task)
            if not task.cancelled() and (error := task.exception()) is not None:
                log.error("sending failed", error=repr(error)[:200])
            self._awake.set()  # the next of its conversation may go

        return done

    async def _send(self, kind: Kind, delivery: Delivery, now: datetime) -> None:
        started = self._clock.monotonic()
        seconds = SEND_SECONDS[kind]
        if delivery.expires_at is not None:
            seconds = min(seconds, (delivery.expires_at - now).total_seconds())
        attempted = await self._attempts.make(delivery, seconds)
        result = attempted.result
        log.info(
            "sent" if result.outcome is SendOutcome.SENT else "not sent",
            delivery=str(delivery.id),
            endpoint=str(delivery.endpoint_id),
            kind=kind,
            attempt=delivery.attempts,
            outcome=result.outcome.value,
            reason=result.reason,
            seconds=round(self._clock.monotonic() - started, 3),
        )
        await self._record_surely(kind, delivery, attempted)

    async def _record_surely(self, kind: Kind, delivery: Delivery, attempted: Attempted) -> None:
        """What was sent and not recorded would be sent again: try hard within the lease."""
        task = asyncio.current_task()
        assert task is not None
        self._recording.add(task)
        for attempt in range(RECORD_ATTEMPTS):
            try:
                return await self._record(kind, delivery, attempted)
            except Exception as error:  # the outer shell: the database may be away for a moment
                log.warning("outcome not recorded yet", delivery=str(delivery.id), error=repr(error)[:200])
                await self._clock.sleep(0.2 * 2**attempt)
        return None

    async def _record(self, kind: Kind, delivery: Delivery, attempted: Attempted) -> None:
        result = attempted.result
        async with self._database.transaction(delivery.tenant_id) as session:
            settled = _Settled(session, delivery)
            if attempted.fetched is not None:
                await self._record_fetched(settled, session, delivery, attempted.fetched)
            elif result.outcome is SendOutcome.SENT:
                if await settled.as_(DeliveryState.SENT):
                    await self._record_sent(session, delivery, attempted)
            elif result.outcome is SendOutcome.REJECTED:
                if await settled.as_(DeliveryState.FAILED, error=result.reason):
                    await self._dispatch.failed(session, delivery, result.reason or "rejected")
            else:
                wait = self._wait(kind, delivery.attempts, result.retry_after_seconds)
                await settled.as_(DeliveryState.PENDING, error=result.reason, wait=wait)

    async def _record_sent(self, session: AsyncSession, delivery: Delivery, attempted: Attempted) -> None:
        if attempted.media is not None:
            await self._dispatch.hang(session, delivery, attempted.media)
        else:
            await self._dispatch.sent(session, delivery, attempted.result.provider_id)

    async def _record_fetched(
        self, settled: "_Settled", session: AsyncSession, delivery: Delivery, fetched: Fetched
    ) -> None:
        """The events and how far they reach, or neither: another fetch begins where the last was written."""
        state = DeliveryState.PENDING if fetched.more else DeliveryState.SENT
        if not await settled.as_(state, wait=timedelta(0)):
            return
        for event in fetched.events:
            append_inbound(session, delivery.endpoint_id, event)
        sealed = self._sealer.seal(delivery.tenant_id, orjson.dumps(fetched.state))
        await EndpointState.put(session, delivery.tenant_id, delivery.endpoint_id, STATE, sealed)

    def _wait(self, kind: Kind, attempts: int, asked_seconds: float | None) -> timedelta:
        """Twice as long each time, spread, and never shorter than the other side asked for."""
        doubled = min(FIRST_WAIT_SECONDS[kind] * 2 ** min(attempts - 1, 20), WAIT_MAX_SECONDS[kind])
        return timedelta(seconds=max(doubled * self._random.uniform(0.5, 1.5), asked_seconds or 0))

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._awake.wait()
        except TimeoutError:
            return


class _Settled:
    """Records what became of the claimed attempt; False where another sender has taken it over since."""

    def __init__(self, session: AsyncSession, delivery: Delivery) -> None:
        self._session, self._delivery = session, delivery

    async def as_(self, state: DeliveryState, **facts: Any) -> bool:
        return await Delivery.settle(
            self._session, self._delivery.id, self._delivery.attempts, state, **facts
        )
