"""Deliveries that are looked for together: claim, commit, attempt outside any transaction, record."""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import Clock
from app.database import Database
from channels.attempt import Attempted, Attempts
from channels.base import SendOutcome
from channels.recorder import SLOW_DOWN_MAX_SECONDS, Dispatch, Outcome, Recorder
from channels.rooms import TOGETHER_MAX, Rooms
from models.circuit import Circuit
from models.delivery import Claim, Delivery, DeliveryState
from models.log import PartitionOwner

log = structlog.get_logger()

POLL_SECONDS: Final = 1.0
REST_MIN_SECONDS: Final = 0.05
RECORD_ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class Kind:
    """`at_once`: room of its own, so that slow mail servers keep no call waiting. The lease is longer than an
    attempt; a command's is short enough for a repeat before it expires."""

    name: str
    at_once: int
    seconds: float
    lease_seconds: float
    first_wait_seconds: float
    wait_max_seconds: float


@dataclass(frozen=True, slots=True)
class Means:
    """What all lanes of a sender share."""

    database: Database
    attempts: Attempts
    dispatch: Dispatch
    rooms: Rooms
    clock: Clock


class Lane:
    """`run` until cancelled; `wake` when something may be due. Looks at most every `look_seconds`. `patient`:
    what it sends may wait for a platform that is in trouble or has had enough."""

    def __init__(
        self, kinds: Sequence[Kind], means: Means, recorder: Recorder, *, look_seconds: float, patient: bool
    ) -> None:
        self._kinds, self._means, self._recorder = kinds, means, recorder
        self._look_seconds, self._patient = look_seconds, patient
        self._asked_at = -POLL_SECONDS
        self._awake = asyncio.Event()
        self._under_way: dict[str, set[asyncio.Task[None]]] = {kind.name: set() for kind in kinds}
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
        tasks = [task for under_way in self._under_way.values() for task in under_way]
        for task in tasks:
            if task not in self._recording:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _look(self) -> float:
        """Begin what is due; seconds until something may be due again."""
        self._awake.clear()
        try:
            return await self._begin()
        except Exception as error:  # the outer shell: an outage is waited for
            log.warning("sender waits", error=repr(error)[:200])
            return POLL_SECONDS

    async def _begin(self) -> float:
        names = [kind.name for kind in self._kinds]
        async with self._means.database.transaction() as session:
            expired = await self._once_a_second(session, names)
            rooms, probed = await self._rooms(session)
            claimed = [(kind, await self._claim(session, kind, rooms)) for kind in self._kinds]
            probes = [one for _, those in claimed for one in those if one.endpoint_id in probed]
            if probes:
                rest = timedelta(seconds=self._kinds[0].lease_seconds)
                await Circuit.probing(session, {one.endpoint_id for one in probes}, rest)
            now, due = await Delivery.clock(session, names)
        for kind, deliveries in claimed:
            for delivery in deliveries:
                self._start(kind, delivery, now, delivery in probes)
        for delivery in expired:
            await self._expire(delivery)
        waits = (POLL_SECONDS, due, self._means.rooms.seconds_until_room())
        return max(REST_MIN_SECONDS, min(wait for wait in waits if wait is not None))

    async def _once_a_second(self, session: AsyncSession, names: Sequence[str]) -> Sequence[Delivery]:
        """What has expired. Messages live for hours, and workers come and go seldom; commands always ask."""
        if self._patient:
            now = self._means.clock.monotonic()
            if now < self._asked_at + POLL_SECONDS:
                return ()
            self._asked_at = now
            self._means.rooms.share(await PartitionOwner.workers(session))
        return await Delivery.expired(session, names)

    async def _rooms(self, session: AsyncSession) -> tuple[dict[UUID, int], set[UUID]]:
        """How many more of an endpoint may begin, and the endpoints that get a probe."""
        probed: set[UUID] = set()
        if not self._patient:
            return {}, probed
        rooms = dict(self._means.rooms.free())
        for endpoint_id, is_open, rests in await Circuit.standing(session):
            self._recorder.troubled.add(endpoint_id)
            if rests:
                rooms[endpoint_id] = 0
            elif is_open:
                rooms[endpoint_id] = min(1, rooms.get(endpoint_id, 1))
                probed.add(endpoint_id)
        return rooms, probed

    async def _claim(self, session: AsyncSession, kind: Kind, rooms: dict[UUID, int]) -> Sequence[Delivery]:
        """`rooms` are fewer by what is claimed."""
        limit = kind.at_once - len(self._under_way[kind.name])
        if limit <= 0:
            return ()
        lease = timedelta(seconds=kind.lease_seconds)
        claimed = await Delivery.claim(session, Claim(kind.name, limit, lease, rooms, TOGETHER_MAX))
        for delivery in claimed:
            if delivery.endpoint_id in rooms:
                rooms[delivery.endpoint_id] -= 1
        return claimed

    def _start(self, kind: Kind, delivery: Delivery, now: datetime, probe: bool) -> None:
        self._means.rooms.begin(delivery.endpoint_id)
        task = asyncio.create_task(self._send(kind, delivery, now, probe), name=f"send {kind.name}")
        self._under_way[kind.name].add(task)
        task.add_done_callback(self._done(kind, delivery.endpoint_id))

    def _done(self, kind: Kind, endpoint_id: UUID) -> Callable[[asyncio.Task[None]], None]:
        def done(task: asyncio.Task[None]) -> None:
            self._means.rooms.end(endpoint_id)
            self._under_way[kind.name].discard(task)
            self._recording.discard(task)
            if not task.cancelled() and (error := task.exception()) is not None:
                log.error("sending failed", error=repr(error)[:200])
            self._awake.set()  # the next of its conversation may go

        return done

    async def _expire(self, delivery: Delivery) -> None:
        async with self._means.database.transaction(delivery.tenant_id) as session:
            if await Delivery.give_up(session, delivery.id):
                await self._means.dispatch.failed(session, [(delivery, DeliveryState.EXPIRED)])

    async def _send(self, kind: Kind, delivery: Delivery, now: datetime, probe: bool) -> None:
        clock = self._means.clock
        started, seconds = clock.monotonic(), kind.seconds
        if delivery.expires_at is not None:
            seconds = min(seconds, (delivery.expires_at - now).total_seconds())
        attempted = await self._means.attempts.make(delivery, seconds)
        self._means.rooms.spend(delivery.endpoint_id, max(0, len(attempted.exchanges) - 1))
        log.info(
            "sent" if attempted.result.outcome is SendOutcome.SENT else "not sent",
            **_named(delivery),
            outcome=attempted.result.outcome.value,
            reason=attempted.result.reason,
            seconds=round(clock.monotonic() - started, 3),
        )
        wait = self._wait_seconds(kind, delivery.attempts, attempted)
        await self._record_surely(Outcome(delivery, attempted, wait, probe))

    async def _record_surely(self, outcome: Outcome) -> None:
        """What was sent and not recorded would be sent again: try hard within the lease."""
        task = asyncio.current_task()
        assert task is not None
        self._recording.add(task)
        for attempt in range(RECORD_ATTEMPTS):
            try:
                return await self._recorder.record(outcome)
            except Exception as error:  # the outer shell: the database may be away for a moment
                about = _named(outcome.delivery)
                log.warning("outcome not recorded yet", **about, error=repr(error)[:200])
                await self._means.clock.sleep(0.2 * 2**attempt)
        return None

    def _wait_seconds(self, kind: Kind, attempts: int, attempted: Attempted) -> float:
        """Twice as long each time, spread, and never shorter than the other side asked for."""
        doubled = min(kind.first_wait_seconds * 2.0 ** min(attempts - 1, 20), kind.wait_max_seconds)
        asked = min(attempted.result.retry_after_seconds or 0, SLOW_DOWN_MAX_SECONDS)
        return max(doubled * self._random.uniform(0.5, 1.5), asked)

    async def _rest(self, seconds: float) -> None:
        """Until woken, and not before the next look is worth one."""
        await self._means.clock.sleep(self._look_seconds)
        try:
            async with asyncio.timeout(seconds):
                await self._awake.wait()
        except TimeoutError:
            return


def _named(delivery: Delivery) -> Mapping[str, Any]:
    return {
        "delivery": str(delivery.id),
        "endpoint": str(delivery.endpoint_id),
        "kind": delivery.kind,
        "attempt": delivery.attempts,
    }
