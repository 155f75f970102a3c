"""The doctor's look at Kafka: do the consumers' positions in PostgreSQL fit what the topics hold?"""

from collections.abc import AsyncIterator
from typing import Final

import asyncpg

from app.bus.kafka import BrokerAway, Kafka
from app.bus.port import Position
from app.doctor.database import READERS
from app.doctor.findings import Finding, fail, ok
from app.events import Stream

STORED: Final = """
SELECT partition, position, event_id FROM consumer_position WHERE consumer = $1 AND log = 'kafka'
"""
TODO: Final = (
    "The topic was deleted, or kept too short: its consumer has stopped rather than skip events. Restore the "
    "topic; or accept the loss: stop the workers, delete the consumer's rows from consumer_position, start."
)


async def kafka_positions(connection: asyncpg.Connection, kafka: Kafka) -> AsyncIterator[Finding]:
    """One finding for each consumer that has read from Kafka."""
    for consumer, stream in READERS.items():
        rows = await connection.fetch(STORED, consumer)
        positions = {r["partition"]: Position(position=r["position"], event_id=r["event_id"]) for r in rows}
        if positions:
            yield await _fitting(consumer, kafka, Stream(stream), positions)


async def _fitting(consumer: str, kafka: Kafka, stream: Stream, positions: dict[int, Position]) -> Finding:
    subject = f"{consumer} in Kafka"
    try:
        wrong = await kafka.misplaced(stream, positions)
    except BrokerAway as error:
        return fail(subject, f"the topics cannot be read: {error.reason}", "Look at the broker's log.")
    if not wrong:
        return ok(subject, f"{len(positions)} positions fit the topic")
    return fail(subject, f"{len(wrong)} positions do not fit: {wrong[0]}", TODO)
