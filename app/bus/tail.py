"""Every api process tails `activity`: all partitions, no stored position, each event handed to whoever in
this process listens where it is told. A client resumes at any process from its cursor.

Places are looked up, not asked one by one: what an event costs grows with those who get it, not with all who
are here."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final
from uuid import UUID

import structlog

from app.bus.port import Page, Seen, Source
from app.errors import CursorGone
from app.events import Envelope

log = structlog.get_logger()

PAGE_MAX: Final = 500
BACKLOG_MAX: Final = 5_000
WAITING_MAX: Final = 10_000
RETRY_SECONDS: Final = 0.5
Deliver = Callable[[Sequence[Seen]], None]
"""Called on the event loop with events in order; must not block."""
PlacesOf = Callable[[Envelope], Collection[str]]
"""Where an event is told, by the names that followers listen at."""


class TooSlow(Exception):
    """A follower left more than WAITING_MAX events waiting."""


class Following:
    """One follower's events: first what it missed, then what happens at its places."""

    def __init__(self, tenant_id: UUID, places: frozenset[str], cursor: str) -> None:
        self.tenant_id, self.places = tenant_id, places
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

    def deliver(self, seen: Seen) -> None:
        if len(self._waiting) <= WAITING_MAX and seen.envelope.id not in self._known:
            self._waiting.append(seen)
            self._ring.set()

    def precede(self, missed: Sequence[Seen]) -> None:
        """Put `missed` before what arrived while it was read. The tail may be behind that reading: what it
        still delivers of it is left out."""
        self._known = frozenset(seen.envelope.id for seen in missed)
        arrived, self._waiting = self._waiting, deque(missed)
        if missed:
            self._ring.set()
        for one in arrived:
            self.deliver(one)

    def forget(self) -> None:
        """What waits is read anew."""
        self._waiting.clear()
        self._ring.clear()


class Tail:
    """One per api process."""

    def __init__(self, source: Source, places_of: PlacesOf) -> None:
        self._source, self._places_of = source, places_of
        self._cursor = ""
        self._subscribers: set[Deliver] = set()
        self._listening: dict[tuple[UUID, str], set[Following]] = {}
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

    def subscribe(self, deliver: Deliver) -> Callable[[], None]:
        """Call `deliver` with everybody's events; the result ends that."""
        self._subscribers.add(deliver)
        return lambda: self._subscribers.discard(deliver)

    @asynccontextmanager
    async def follow(
        self, tenant_id: UUID, places: frozenset[str], after: str | None = None
    ) -> AsyncIterator[Following]:
        """A tenant's events that are told at one of `places`, from `after` on (None: from now on).

        Raises CursorGone when `after` cannot be resumed, or so much was missed that a snapshot is cheaper.
        """
        following = Following(tenant_id, places, after or self._cursor)
        self._enter(following)
        try:
            if after is not None:
                following.precede(await self._missed(following, after))
            yield following
        finally:
            self._leave(following)

    async def move(self, following: Following, places: frozenset[str], after: str | None = None) -> None:
        """It listens at `places` now. With `after` it does so from there on: what it has not taken yet is
        read anew. Raises CursorGone."""
        self._leave(following)
        following.places = places
        self._enter(following)
        if after is not None:
            following.forget()
            following.precede(await self._missed(following, after))

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

    async def _missed(self, following: Following, after: str) -> Sequence[Seen]:
        page = await self.read_after(following.tenant_id, after, BACKLOG_MAX)
        if page.more:
            raise CursorGone("More was missed than is worth sending one by one.")
        places = following.places
        return [one for one in page.seen if not places.isdisjoint(self._told_at(one.envelope))]

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
        for deliver in tuple(self._subscribers):
            try:
                deliver(seen)
            except Exception:  # one follower's fault is not the others'
                log.exception("follower failed")
        for one in seen:
            for following in self._audience(one.envelope):
                following.deliver(one)

    def _audience(self, envelope: Envelope) -> set[Following]:
        tenant_id = envelope.tenant_id
        here = (self._listening.get((tenant_id, place), ()) for place in self._told_at(envelope))
        return {following for some in here for following in some}

    def _told_at(self, envelope: Envelope) -> Collection[str]:
        try:
            return self._places_of(envelope)
        except Exception:  # a bad event costs nobody the good ones
            log.exception("event told to nobody", event_id=str(envelope.id), type=envelope.type)
            return ()

    def _enter(self, following: Following) -> None:
        for key in _keys(following):
            self._listening.setdefault(key, set()).add(following)

    def _leave(self, following: Following) -> None:
        for key in _keys(following):
            here = self._listening[key]
            here.discard(following)
            if not here:
                del self._listening[key]


def _keys(following: Following) -> Iterator[tuple[UUID, str]]:
    return ((following.tenant_id, place) for place in following.places)
