"""The one sender of all channels: claim, commit, send outside any transaction, record.

Messages of one conversation go out in order, calls' commands in order per call and as soon as they are
committed; nothing is sent past its expiry. A sender that dies in between leaves a claim whose lease runs out:
the next one sends once more, with the same provider key.
"""

import asyncio
from collections.abc import Collection
from typing import Final

from app.bus.outbox import Outgoing
from app.clock import Clock
from app.database import Database
from channels.attempt import Attempts
from channels.lane import Kind, Lane, Means
from channels.recorder import Dispatch, Recorder
from channels.rooms import Rooms
from channels.tokens import Sealer

COMMAND: Final = Kind("command", 64, 2, 3, 0.2, 900)
MESSAGE: Final = Kind("message", 512, 60, 90, 2, 900)
MEDIA: Final = Kind("media", 8, 120, 150, 2, 900)
FETCH: Final = Kind("fetch", 16, 60, 90, 2, 60)
MARK: Final = Kind("mark", 32, 20, 30, 2, 60)

LOOK_SECONDS: Final = 0.05
"""Between two looks for what may wait so long: they are for many deliveries at once."""


class Sender:
    """`run` until cancelled; `wake` when deliveries may have been committed."""

    def __init__(
        self, database: Database, sealer: Sealer, attempts: Attempts, dispatch: Dispatch, clock: Clock
    ) -> None:
        means = Means(database, attempts, dispatch, Rooms(clock, attempts.limits), clock)
        self._lanes = {
            Outgoing.COMMANDS: Lane(
                (COMMAND,), means, Recorder(database, sealer, dispatch), look_seconds=0, patient=False
            ),
            Outgoing.OTHERS: Lane(
                (MESSAGE, MEDIA, FETCH, MARK),
                means,
                Recorder(database, sealer, dispatch),
                look_seconds=LOOK_SECONDS,
                patient=True,
            ),
        }

    def wake(self, outgoing: Collection[object] = tuple(Outgoing)) -> None:
        """Look now for these. Never blocks."""
        for kind, lane in self._lanes.items():
            if kind in outgoing:
                lane.wake()

    async def run(self) -> None:
        await asyncio.gather(*(lane.run() for lane in self._lanes.values()))
