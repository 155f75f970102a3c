"""Back-pressure: forms and chats are refused first, voice last."""

from pathlib import Path
from typing import Any

import pytest

from app.doors.pressure import Pressure
from app.errors import Unavailable
from app.settings import Settings

DOORS = ("form", "chat", "email", "messaging", "voice")


class CountingLog:
    """A log in which so much is unread; None: it is away."""

    def __init__(self, unread: int | None) -> None:
        self._unread = unread

    async def unread(self, consumer: str, stream: Any, limit: int) -> int:
        if self._unread is None:
            raise OSError
        return min(self._unread, limit)


def open_doors(pressure: Pressure) -> list[str]:
    return [door for door in DOORS if not refused(pressure, door)]


def refused(pressure: Pressure, door: str) -> bool:
    try:
        pressure.check(door)
    except Unavailable as error:
        assert error.members["retry_after_seconds"] > 0
        return True
    return False


@pytest.fixture
def pressure(tmp_path: Path) -> Pressure:
    return Pressure(Settings(data_dir=tmp_path / "not" / "there", unread_inbound_max=100))


class TestCheck:
    @pytest.mark.parametrize(
        ("unread", "doors"),
        [(100, 5), (101, 3), (150, 3), (151, 1), (300, 1), (301, 0)],
    )
    async def test_unread_events(self, pressure: Pressure, unread: int, doors: int) -> None:
        await pressure.measure(CountingLog(unread))  # type: ignore[arg-type]
        pressure.disk_percent = 0
        assert open_doors(pressure) == list(DOORS[5 - doors :])

    @pytest.mark.parametrize(("percent", "doors"), [(80, 5), (81, 3), (90, 3), (91, 1), (98, 1), (98.5, 0)])
    def test_disk(self, pressure: Pressure, percent: float, doors: int) -> None:
        pressure.disk_percent = percent
        assert open_doors(pressure) == list(DOORS[5 - doors :])


class TestMeasure:
    async def test_the_last_number_stands_while_the_log_is_away(self, pressure: Pressure) -> None:
        await pressure.measure(CountingLog(120))  # type: ignore[arg-type]
        await pressure.measure(CountingLog(None))  # type: ignore[arg-type]
        assert pressure.unread == 120

    async def test_the_disk_of_a_folder_that_is_not_there_yet(self, pressure: Pressure) -> None:
        await pressure.measure(CountingLog(0))  # type: ignore[arg-type]
        assert 0 < pressure.disk_percent <= 100
