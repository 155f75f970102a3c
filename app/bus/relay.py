"""From `event_log` to Kafka, in one worker at a time: visible rows by position, produced, acknowledged,
deleted. No position is needed. A row that a zombie produces once more keeps its event id."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

import structlog

from app.bus import outbox
from app.bus.kafka import BrokerAway, Producer
from app.bus.kafka_log import KafkaLog
from app.database import OUTAGES, Database
from app.events import Envelope, Stream

log = structlog.get_logger()

BATCH_MAX: Final = 500
POLL_SECONDS: Final = 1.0
RESTART_SECONDS: Final = 1.0
LEADER_SECONDS: Final = 1.0
IDLE_MAX_SECONDS: Final = 10
PRODUCE_SECONDS: Final = 30.0
"""Idempotence covers a broker's restart only while the same producer goes on trying."""

PING_SECONDS: Final = 3.0
_LOCK: Final = "SELECT pg_try_advisory_lock(hashtext('touchpoint relay'), 0)"
_READ: Final = """
SELECT stream, id, tenant_id, key, type, at, data, source, subject, position FROM event_log
ORDER BY position LIMIT $1
"""
_DELETE: Final = "DELETE FROM event_log WHERE position = ANY($1::bigint[])"


class Relay:
    """Runs in every worker; who holds the lock forwards. Reads and deletes go through the connection that
    holds it, so that a relay which lost it deletes nothing."""

    def __init__(self, database: Database, log: KafkaLog) -> None:
        self._database, self._log = database, log
        self._grown = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._deafen: Callable[[], None] = lambda: None

    async def start(self) -> None:
        self._deafen = self._log.signals.listen(lambda _: self._grown.set())
        self._task = asyncio.create_task(self._run(), name="relay")

    async def stop(self) -> None:
        self._deafen()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            try:
                await self._lead()
            except (*OUTAGES, BrokerAway) as error:
                log.warning("relay waits", error=repr(error))
            except Exception:  # the outer shell: whatever it is, rows must not pile up for ever
                log.exception("relay failed")
            await asyncio.sleep(RESTART_SECONDS)

    async def _lead(self) -> None:
        """One life of the lock and of the producer."""
        connection = await self._database.raw_connection(idle_session_timeout=f"{IDLE_MAX_SECONDS}s")
        producer = self._log.producer(PRODUCE_SECONDS)
        try:
            while not await connection.fetchval(_LOCK):  # noqa: ASYNC110 (the database has no event for it)
                await asyncio.sleep(LEADER_SECONDS)
            await producer.start()
            await self._forget_forwarded(connection)
            while True:
                self._grown.clear()
                if not await self._forward(connection, producer):
                    await self._rest()
        finally:
            connection.terminate()
            await producer.abandon()

    async def _forget_forwarded(self, connection: Any) -> None:
        """Whoever led before may have produced a batch and died before deleting it."""
        rows = await connection.fetch(_READ, BATCH_MAX)
        if rows:
            envelopes = [_envelope(row) for row in rows]
            forwarded = await self._log.kafka.recent_ids(outbox.slots_of(envelopes), BATCH_MAX)
            await connection.execute(_DELETE, [row["position"] for row in rows if row["id"] in forwarded])

    async def _forward(self, connection: Any, producer: Producer) -> bool:
        """One batch; False when there was nothing."""
        rows = await connection.fetch(_READ, BATCH_MAX)
        if rows:
            await self._produce(connection, producer, [_envelope(row) for row in rows])
            await connection.execute(_DELETE, [row["position"] for row in rows])
        return bool(rows)

    async def _produce(self, connection: Any, producer: Producer, envelopes: Sequence[Envelope]) -> None:
        """Wait for the acknowledgements, but keep the lock's connection from being idle for too long."""
        sending = asyncio.create_task(producer.send(envelopes))
        try:
            while not (await asyncio.wait([sending], timeout=PING_SECONDS))[0]:
                await connection.fetchval("SELECT 1")
            await sending
        finally:
            sending.cancel()
            await asyncio.wait([sending])

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS):
                await self._grown.wait()


def _envelope(row: Any) -> Envelope:
    values = dict(row)
    return Envelope(**(values | {"stream": Stream(values["stream"])}))
