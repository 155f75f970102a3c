"""Back-pressure: when too much is unread or the disk fills up, doors refuse with 503: forms and chats first,
since people can come again, voice last."""

import asyncio
import shutil
from pathlib import Path
from typing import Final

import structlog
from prometheus_client import Gauge

from app.bus.port import Log
from app.database import OUTAGES
from app.errors import Unavailable
from app.events import Stream
from app.settings import Settings
from app.telemetry import REGISTRY

log = structlog.get_logger()

MEASURE_SECONDS: Final = 5.0
RETRY_AFTER_SECONDS: Final = 30
FIRST: Final = ("form", "chat")
LAST: Final = ("voice",)
UNREAD: Final = Gauge("touchpoint_unread_inbound", "Inbound events not applied yet.", registry=REGISTRY)
DISK: Final = Gauge(
    "touchpoint_disk_used_percent", "Of the data folder's disk, as df counts.", registry=REGISTRY
)


class Pressure:
    """What was measured last. Limits for forms and chats are the settings'; others bear more: between
    (mail, messaging) 1.5 times as much unread and half of the disk that was left, voice 3 times and 90 %."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.unread = 0
        self.disk_percent = 0.0

    def check(self, door: str) -> None:
        """`door`: form, chat, voice, or any other channel. Raises Unavailable when it must wait."""
        unread_factor, disk_share = _endurance(door)
        disk_max = self._settings.disk_used_max_percent
        if self.unread > self._settings.unread_inbound_max * unread_factor:
            raise Unavailable("Too much is waiting already.", retry_after_seconds=RETRY_AFTER_SECONDS)
        if self.disk_percent > disk_max + (100 - disk_max) * disk_share:
            raise Unavailable("The disk is almost full.", retry_after_seconds=RETRY_AFTER_SECONDS)

    async def run(self, log: Log) -> None:
        """Measure until cancelled."""
        while True:
            await self.measure(log)
            await asyncio.sleep(MEASURE_SECONDS)

    async def measure(self, bus: Log) -> None:
        """While the log is away the last number stands."""
        self.disk_percent = await asyncio.to_thread(_disk_percent, self._settings.data_dir)
        DISK.set(self.disk_percent)
        try:
            limit = self._settings.unread_inbound_max * int(_endurance(LAST[0])[0]) + 1
            self.unread = await bus.unread("intake", Stream.INBOUND, limit)
        except (*OUTAGES, Unavailable) as error:
            log.warning("unread events not counted", error=repr(error)[:200])
        UNREAD.set(self.unread)


def _endurance(door: str) -> tuple[float, float]:
    """How many times the unread limit a door bears, and which share of the disk that is left then."""
    if door in FIRST:
        return 1.0, 0.0
    return (3.0, 0.9) if door in LAST else (1.5, 0.5)


def _disk_percent(folder: Path) -> float:
    existing = next(path for path in (folder.resolve(), *folder.resolve().parents) if path.exists())
    usage = shutil.disk_usage(existing)
    return 100 * usage.used / (usage.used + usage.free)
