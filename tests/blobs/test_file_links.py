"""Addresses of single files: good for their hours and for nothing else."""

import base64
from datetime import UTC, datetime, timedelta

from app.clock import SystemClock, new_id
from app.file_links import LASTS, FileLinks

NOW = datetime(2026, 11, 30, tzinfo=UTC)
BASE = "https://cc.example/files/"


class SetClock(SystemClock):
    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


def links(clock: SetClock, key: bytes = b"k" * 32) -> FileLinks:
    return FileLinks(key, "https://cc.example/", clock)


def token(clock: SetClock, key: bytes = b"k" * 32) -> str:
    address = links(clock, key).address(new_id(), new_id())
    assert address is not None and address.startswith(BASE)
    return address.removeprefix(BASE)


class TestAddress:
    def test_names_one_file(self) -> None:
        clock, tenant_id, file_id = SetClock(NOW), new_id(), new_id()
        address = links(clock).address(tenant_id, file_id)
        assert address is not None
        assert links(clock).read(address.removeprefix(BASE)) == (tenant_id, file_id)

    def test_none_where_nobody_reaches_us(self) -> None:
        assert FileLinks(b"k", None, SetClock(NOW)).address(new_id(), new_id()) is None

    def test_ends(self) -> None:
        clock = SetClock(NOW)
        given = token(clock)
        clock.at = NOW + LASTS + timedelta(seconds=1)
        assert links(clock).read(given) is None


class TestForgeries:
    def test_are_nothing(self) -> None:
        clock = SetClock(NOW)
        given = token(clock)
        raw = bytearray(base64.urlsafe_b64decode(given))
        for place in range(len(raw)):
            changed = bytearray(raw)
            changed[place] ^= 1
            assert links(clock).read(base64.urlsafe_b64encode(changed).decode()) is None
        for wrong in ("", "A", "=", given[:-1], given + "A", given + "====", "é" * 96, "A" * 96):
            assert links(clock).read(wrong) is None
        assert links(clock).read(token(clock, b"another")) is None
