"""A Kafka topic from any cursor on, for readers without a stored position: tails, resumed clients, the public
event stream."""

import heapq
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from app.bus.kafka import READ_MILLISECONDS, BrokerAway, Kafka, bounds, record_of
from app.bus.kafka_record import Offsets, dump_cursor, load_cursor
from app.bus.port import Page, Seen
from app.errors import CursorGone
from app.events import Envelope, Stream
from app.security import SealingKey

LIVE_MILLISECONDS: Final = 1_000
LIVE_MAX: Final = 1_000
RECENT_MAX: Final = 20_000


class KafkaSource:
    """A topic from any cursor on. What `live` gave last is remembered, so that reconnecting clients cost no
    round trip."""

    def __init__(self, kafka: Kafka, stream: Stream, key: SealingKey) -> None:
        self._kafka, self._key = kafka, key
        self._places = kafka.places(stream)
        self._recent: deque[Seen] = deque()
        self._from: dict[int, int] = {}
        self._to: dict[int, int] = {}

    async def end(self) -> str:
        async with self._kafka.reader(self._places) as consumer:
            _, end = await bounds(consumer, self._places)
        return dump_cursor(_by_number(end))

    async def live(self, cursor: str) -> AsyncIterator[Page]:
        offsets = load_cursor(cursor)
        self._recent.clear()
        self._from, self._to = dict(offsets), offsets
        async with self._kafka.reader(self._places) as consumer:
            await self._bounds(consumer, offsets)
            for place in self._places:
                consumer.seek(place, offsets[place.partition])
            while True:
                found = await consumer.getmany(timeout_ms=LIVE_MILLISECONDS, max_records=LIVE_MAX)
                page = self._page(found, offsets, more=False)
                self._remember(page.seen)
                yield page

    async def behind(self, positions: Offsets) -> int:
        """How many records follow these positions; a partition without one is unread from its beginning."""
        async with self._kafka.reader(self._places) as consumer:
            beginning, end = await self._bounds(consumer, None)
        return sum(max(0, end[n] - positions.get(n, beginning[n])) for n in end)

    async def read(self, cursor: str | None, limit: int) -> Page:
        offsets = load_cursor(cursor) if cursor is not None else None
        if offsets is not None and self._remembers(offsets):
            return self._page_of_recent(offsets, limit)
        async with self._kafka.reader(self._places) as consumer:
            beginning, end = await self._bounds(consumer, offsets)
            offsets = beginning if offsets is None else offsets
            return await self._read_until(consumer, offsets, end, limit)

    async def _bounds(self, consumer: Any, offsets: Offsets | None) -> tuple[dict[int, int], dict[int, int]]:
        """Raises CursorGone when the topic does not hold what follows `offsets`."""
        beginning, end = (_by_number(part) for part in await bounds(consumer, self._places))
        if offsets is not None and any(not beginning[n] <= offsets[n] <= end[n] for n in offsets):
            raise CursorGone("The log does not hold what follows this cursor.")
        return beginning, end

    async def _read_until(self, consumer: Any, offsets: dict[int, int], end: Offsets, limit: int) -> Page:
        unread = [place for place in self._places if offsets[place.partition] < end[place.partition]]
        if not unread:
            return Page((), dump_cursor(offsets), more=False)
        for place in unread:
            consumer.seek(place, offsets[place.partition])
        consumer.pause(*(place for place in self._places if place not in unread))
        found = await consumer.getmany(*unread, timeout_ms=READ_MILLISECONDS, max_records=limit)
        if not found:
            raise BrokerAway("nothing within its time")
        return self._page(found, offsets, more=True)

    def _page(self, found: Mapping[Any, Sequence[Any]], offsets: dict[int, int], more: bool) -> Page:
        """Moves `offsets` on. Records of one partition keep their order; what is no event is passed over."""
        merged = heapq.merge(*found.values(), key=lambda message: message.timestamp)
        records = [record_of(message, self._key) for message in merged]
        envelopes = [record.envelope for record in records if record.envelope is not None]
        seen = _with_cursors(envelopes, offsets)
        offsets.update(
            {place.partition: messages[-1].offset + 1 for place, messages in found.items() if messages}
        )
        return Page(seen, dump_cursor(offsets), more)

    def _remember(self, seen: Sequence[Seen]) -> None:
        self._recent.extend(seen)
        while len(self._recent) > RECENT_MAX:
            gone = self._recent.popleft().envelope
            self._from[gone.partition] = (gone.position or 0) + 1

    def _remembers(self, offsets: Offsets) -> bool:
        return bool(self._from) and all(self._from[n] <= offsets[n] <= self._to[n] for n in offsets)

    def _page_of_recent(self, offsets: dict[int, int], limit: int) -> Page:
        found = [seen.envelope for seen in self._recent if _follows(seen.envelope, offsets)]
        seen = _with_cursors(found[:limit], offsets)
        return Page(seen, dump_cursor(offsets), more=len(found) > limit)


def _with_cursors(envelopes: Sequence[Envelope], offsets: dict[int, int]) -> list[Seen]:
    seen = []
    for envelope in envelopes:
        offsets[envelope.partition] = (envelope.position or 0) + 1
        seen.append(Seen(envelope, dump_cursor(offsets)))
    return seen


def _follows(envelope: Envelope, offsets: Offsets) -> bool:
    return (envelope.position or 0) >= offsets[envelope.partition]


def _by_number(offsets: Mapping[Any, int]) -> dict[int, int]:
    return {place.partition: offset for place, offset in offsets.items()}
