"""Every api process tails `activity`: all partitions, no stored position, each event handed to whoever in
this process follows its tenant. A client resumes at any process from its cursor."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final
from uuid import UUID

import structlog

from app.bus.port import Page, Seen, Source
from app.errors import CursorGone

log = structlog.get_logger()

PAGE_MAX: Final = 500
BACKLOG_MAX: Final = 5_000
WAITING_MAX: Final = 10_000
RETRY_SECONDS: Final = 0.5
Deliver = Callable[[Sequence[Seen]], None]
"""Called on the event loop with events in order; must not block."""


class TooSlow(Exception):
    """A follower left more than WAITING_MAX events waiting."""


class Following:
    """One follower's events: first what it missed, then what happens."""

    def __init__(self, cursor: str) -> None:
        self.cursor = cursor
        """Where it begins; resumes it if nothing was taken yet."""
        self._known: frozenset[UUID] = frozenset()
        self._waiting: deque[Seen] = deque()
        self._ring = asyncio.Event()

    async def next(self) -> Sequence[Seen]:
        """At least one event, in order. Raises TooSlow."""
        await self._ring.wait()
        if len(self._waiting) > WAITING_MAX:
            raise TooSlow
        taken = tuple(self._waiting)
        self._waiting.clear()
        self._ring.clear()
        return taken

    def deliver(self, seen: Sequence[Seen]) -> None:
        if len(self._waiting) <= WAITING_MAX:
            self._waiting.extend(one for one in seen if one.envelope.id not in self._known)
        if self._waiting:
            self._ring.set()

    def precede(self, missed: Sequence[Seen]) -> None:
        """Put `missed` before what arrived while it was read. The tail may be behind that reading: what it
        still delivers of it is left out."""
        self._known = frozenset(seen.envelope.id for seen in missed)
        arrived, self._waiting = self._waiting, deque(missed)
        self.deliver(arrived)


class Tail:
    """One per api process."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._cursor = ""
        self._followers: dict[UUID | None, set[Deliver]] = {}
        self._task: asyncio.Task[None] | None = None

    @property
    def cursor(self) -> str:
        """Behind all that was delivered."""
        return self._cursor

    async def start(self) -> None:
        """Deliver from now on; while the log is away, from when it is back."""
        try:
            self._cursor = await self._source.end()
        except Exception as error:  # a process must start without its log too
            log.warning("tail waits", error=repr(error))
        self._task = asyncio.create_task(self._run(), name="tail")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def subscribe(self, deliver: Deliver, tenant_id: UUID | None = None) -> Callable[[], None]:
        """Call `deliver` with one tenant's events (None: everybody's); the result ends that."""
        self._followers.setdefault(tenant_id, set()).add(deliver)
        return lambda: self._unsubscribe(deliver, tenant_id)

    @asynccontextmanager
    async def follow(self, tenant_id: UUID, after: str | None = None) -> AsyncIterator[Following]:
        """A tenant's events from `after` on (None: from now on).

        Raises CursorGone when `after` cannot be resumed, or so much was missed that a snapshot is cheaper.
        """
        following = Following(after or self._cursor)
        end = self.subscribe(following.deliver, tenant_id)
        try:
            if after is not None:
                following.precede(await self._missed(tenant_id, after))
            yield following
        finally:
            end()

    async def read_after(self, tenant_id: UUID, cursor: str | None, limit: int = PAGE_MAX) -> Page:
        """A tenant's next events after `cursor` (None: the oldest kept). Raises CursorGone."""
        found: list[Seen] = []
        while True:
            page = await self._source.read(cursor, PAGE_MAX)
            for seen in page.seen:
                if seen.envelope.tenant_id == tenant_id:
                    found.append(seen)
                    if len(found) == limit:
                        return Page(found, seen.cursor, more=True)
            if not page.more:
                return Page(found, page.cursor, more=False)
            cursor = page.cursor

    async def _missed(self, tenant_id: UUID, after: str) -> Sequence[Seen]:
        page = await self.read_after(tenant_id, after, BACKLOG_MAX)
        if page.more:
            raise CursorGone("More was missed than is worth sending one by one.")
        return page.seen

    async def _run(self) -> None:
        while True:
            try:
                self._cursor = self._cursor or await self._source.end()
                async for page in self._source.live(self._cursor):
                    self._hand_out(page.seen)
                    self._cursor = page.cursor
            except CursorGone:
                log.error("the log was made anew: the tail begins at its end")
                self._cursor = ""
            except Exception as error:  # the outer shell: go on from the same cursor
                log.warning("tail waits", error=repr(error))
            await asyncio.sleep(RETRY_SECONDS)

    def _hand_out(self, seen: Sequence[Seen]) -> None:
        by_tenant: dict[UUID | None, list[Seen]] = {None: list(seen)} if seen else {}
        for one in seen:
            by_tenant.setdefault(one.envelope.tenant_id, []).append(one)
        for tenant_id, events in by_tenant.items():
            for deliver in tuple(self._followers.get(tenant_id, ())):
                try:
                    deliver(events)
                except Exception:  # one follower's fault is not the others'
                    log.exception("follower failed", tenant_id=str(tenant_id))

    def _unsubscribe(self, deliver: Deliver, tenant_id: UUID | None) -> None:
        followers = self._followers.get(tenant_id, set())
        followers.discard(deliver)
        if not followers:
            self._followers.pop(tenant_id, None)
