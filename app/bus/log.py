"""The log in PostgreSQL: published with group commit, read by snapshots, shared by advisory locks."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import ClassVar, Final

import asyncpg
import structlog
from sqlalchemy import text

from app.bus import cursor as cursors
from app.bus import outbox
from app.bus.assignment import Assignment
from app.bus.group_commit import GroupCommit
from app.bus.poison import is_poison
from app.bus.port import Batch, Holder, Page, Position, Seen
from app.bus.signals import Signals
from app.bus.snapshot import BEGINNING, SnapshotReader, Wanted
from app.bus.together import Together
from app.database import Database
from app.errors import CommandError, CursorGone
from app.events import PARTITIONS, Envelope, Stream

log = structlog.get_logger()

POLL_SECONDS: Final = 1.0
LIVE_MAX: Final = 1_000
GAP_SECONDS: Final[Mapping[Stream, float]] = {Stream.INBOUND: 0.02}
"""Between two reads of a feed. What customers do comes one by one, to all partitions: read together it costs
one transaction instead of many (docs/decisions/0024). What the router hears comes together already."""
EVERY: Final = range(PARTITIONS)


class PostgresLog:
    """Opened once per process. Makes `database.wake` its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._commits = GroupCommit(self._insert)
        self.signals = Signals(database)
        database.wake = self.signals.wake

    async def start(self) -> None:
        """Raises CommandError when the database was made for another number of partitions."""
        await check_partitions(self._database)
        await self.signals.start()
        await self._commits.start()

    async def close(self) -> None:
        await self._commits.close()
        await self.signals.close()

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        await self._commits.publish(envelopes)

    def feed(self, consumer: str, stream: Stream) -> "PostgresFeed":
        return PostgresFeed(self._database, self.signals, consumer, stream)

    def source(self, stream: Stream) -> "PostgresSource":
        return PostgresSource(self._database, self.signals, stream)

    async def unread(self, consumer: str, stream: Stream, limit: int) -> int:
        return await SnapshotReader(self._database, stream).unread(consumer, limit)

    async def _insert(self, envelopes: Sequence[Envelope]) -> None:
        await self._database.fetch(outbox.INSERTION, *outbox.columns_of(envelopes))
        self.signals.wake(outbox.slots_of(envelopes))


class PostgresFeed:
    """One consumer's share of a stream."""

    log: ClassVar[str] = "postgres"

    def __init__(self, database: Database, signals: Signals, consumer: str, stream: Stream) -> None:
        self._database, self._signals = database, signals
        self._consumer, self._stream = consumer, stream
        self._reader = SnapshotReader(database, stream)
        self._reads: Together[Wanted, Batch] = Together(
            self._reader.read, most=PARTITIONS, gap_seconds=GAP_SECONDS.get(stream, 0.0)
        )
        self._grown = {number: asyncio.Event() for number in EVERY}
        self._assignment: Assignment | None = None
        self._poll: asyncio.Task[None] | None = None
        self._deafen: Callable[[], None] = lambda: None

    async def start(self, holder: Holder) -> None:
        self._deafen = self._signals.listen(self._hear)
        self._poll = asyncio.create_task(self._poll_slowly(), name=f"{self._consumer} poll")
        self._assignment = Assignment(self._database, self._consumer, holder)
        self._assignment.start()

    async def stop(self) -> None:
        self._deafen()
        if self._assignment is not None:
            await self._assignment.stop()
        await self._reads.close()
        if self._poll is not None:
            self._poll.cancel()
            with suppress(asyncio.CancelledError):
                await self._poll

    async def seek(self, partition: int, position: Position | None) -> Position:
        self._grown[partition].set()
        return position or BEGINNING

    async def fetch(self, partition: int, position: Position, limit: int, timeout_seconds: float) -> Batch:
        grown = self._grown[partition]
        if not await _wait(grown, timeout_seconds):
            return Batch((), position)
        grown.clear()
        batch = await self._reads.ask(Wanted((partition,), position, limit))
        if batch.after.snapshot_new or position.snapshot_new:
            grown.set()  # a limit cut it: there is more, and after the last piece what came since
        return batch

    def _hear(self, slots: Collection[outbox.Slot]) -> None:
        for stream, number in slots:
            if stream is self._stream:
                self._grown[number].set()

    async def _poll_slowly(self) -> None:
        """The safety net under the wake-ups."""
        seen: str | None = None
        while True:
            try:
                seen, grown = await self._reader.grown(EVERY, seen)
            except Exception as error:  # the outer shell: the next round is another chance
                log.warning("poll waits", consumer=self._consumer, error=repr(error))
            else:
                self._hear({(self._stream, number) for number in grown})
            await asyncio.sleep(POLL_SECONDS)


class PostgresSource:
    """A stream from any cursor on."""

    def __init__(self, database: Database, signals: Signals, stream: Stream) -> None:
        self._reader = SnapshotReader(database, stream)
        self._signals, self._stream = signals, stream

    async def end(self) -> str:
        seen, _ = await self._reader.grown(EVERY, None)
        return cursors.dump(Position(seen))

    async def read(self, cursor: str | None, limit: int) -> Page:
        position = BEGINNING if cursor is None else cursors.load(cursor)
        try:
            [batch] = await self._reader.read([Wanted(EVERY, position, limit)])
            return _page(position, batch)
        except asyncpg.PostgresError as error:
            if is_poison(error):  # looks like a snapshot, but is none
                raise CursorGone("This is not a cursor of this log.") from error
            raise

    async def live(self, cursor: str) -> AsyncIterator[Page]:
        position = cursors.load(cursor)
        grown = asyncio.Event()
        deafen = self._signals.listen(lambda slots: self._hear(slots, grown))
        try:
            while True:
                grown.clear()
                [batch] = await self._reader.read([Wanted(EVERY, position, LIVE_MAX)])
                yield (page := _page(position, batch))
                position = batch.after
                if not page.more:
                    await _wait(grown, POLL_SECONDS)
        finally:
            deafen()

    def _hear(self, slots: Collection[outbox.Slot], grown: asyncio.Event) -> None:
        if any(stream is self._stream for stream, _ in slots):
            grown.set()


def _page(before: Position, batch: Batch) -> Page:
    seen = [Seen(record.envelope, cursors.dump(record.after)) for record in batch.records if record.envelope]
    more = bool(batch.after.snapshot_new or before.snapshot_new)
    return Page(seen, cursors.dump(batch.after), more)


async def _wait(event: asyncio.Event, seconds: float) -> bool:
    """Whether it was set in time."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False


async def check_partitions(database: Database) -> None:
    """Raises CommandError when the installation was made for another number of partitions."""
    async with database.read() as session:
        found = (await session.execute(text("SELECT partitions FROM installation"))).scalar_one()
    if found != PARTITIONS:
        raise CommandError(
            f"This database was made for {found} partitions, this version uses {PARTITIONS}: "
            "run the version that made it, or start with an empty database."
        )
