"""Applying what was read. Batches of several partitions that are ready at once share one transaction, in
which each is fenced by its own epoch and each position moves with the rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from app.bus import outbox
from app.bus.poison import is_poison
from app.bus.port import Consumer, Position, Stateful
from app.bus.positions import Share, advance
from app.bus.together import Together
from app.database import Database, act_for
from app.errors import StaleEpoch
from app.events import Envelope

EVENTS_MAX: Final = 300
"""Of one transaction, unless one batch alone has more: the first of them waits for the last."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A partition's next batch; `after` is the position behind it."""

    share: Share
    envelopes: Sequence[Envelope]
    prepared: Sequence[Any]
    after: Position


class Applier:
    """One per consumer and process, one transaction at once: a second would only make both smaller, and what
    the router has to decide would wait for both. A consumer that keeps memory per partition gets its batches
    alone: a rollback must not cost other partitions theirs."""

    def __init__(self, database: Database, consumer: Consumer) -> None:
        self._database, self._consumer = database, consumer
        self._together: Together[Ready, Exception | None] = Together(
            self._serve,
            most=0 if isinstance(consumer, Stateful) else EVENTS_MAX,
            weigh=lambda ready: len(ready.envelopes),
        )

    async def apply(self, ready: Ready) -> None:
        """Raises what it would raise alone."""
        error = await self._together.ask(ready)
        if error is not None:
            raise error

    async def close(self) -> None:
        await self._together.close()

    async def _serve(self, batches: Sequence[Ready]) -> list[Exception | None]:
        """Of several that were refused together each is tried alone. After any other error nobody knows
        whether the commit held: all of them read their positions anew."""
        try:
            await self._commit(batches)
        except Exception as error:
            if not (is_poison(error) or isinstance(error, StaleEpoch)):
                raise
            if len(batches) == 1:
                return [error]
            return [result for batch in batches for result in await self._serve([batch])]
        return [None] * len(batches)

    async def _commit(self, batches: Sequence[Ready]) -> None:
        async with self._database.transaction() as session:
            by_tenant = list(_by_tenant(batches))
            first = by_tenant[0][0] if by_tenant else None
            await advance(session, [(batch.share, batch.after) for batch in batches], first)
            for tenant_id, events, prepared in by_tenant:
                if tenant_id != first:
                    await act_for(session, tenant_id)
                await self._consumer.apply(events, prepared, session)
                await session.flush()  # while the session still acts for this tenant
                await outbox.flush(session)


def _by_tenant(batches: Sequence[Ready]) -> Iterator[tuple[UUID, list[Envelope], list[Any]]]:
    """Tenants cannot meet: each tenant's events together, those of a partition in their order."""
    pairs = [pair for batch in batches for pair in zip(batch.envelopes, batch.prepared, strict=True)]
    pairs.sort(key=lambda pair: pair[0].tenant_id)
    for tenant_id, group in groupby(pairs, key=lambda pair: pair[0].tenant_id):
        events, prepared = zip(*group, strict=True)
        yield tenant_id, list(events), list(prepared)
