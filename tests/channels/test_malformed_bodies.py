"""Bodies that are authentic and odd: events, or MalformedPayload with the place; nothing else, whatever
stands where."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.errors import MalformedPayload
from app.events import dumps
from channels.base import ChannelAdapter, WireRequest
from tests.channels.custom import build as custom
from tests.channels.samples import RINGING, samples
from tests.channels.whatsapp import build as whatsapp
from tests.channels.wire import post

ODD = [
    None,
    True,
    0,
    -1,
    1e308,
    2**62,
    "",
    "x",
    "4111111111111111",
    "a\x00b\r\n",
    "x" * 70_000,
    [],
    [[]],
    {},
    {"a": {}},
]
ADAPTERS: dict[str, ChannelAdapter] = {name: sample.adapter for name, sample in samples().items()}
BODIES: dict[str, tuple[str, Any]] = {
    "cti": ("cti", dict(RINGING)),
    "custom": ("custom", custom.RECEIVED | {"attachments": [{"url": "https://x.test/1", "name": "a"}]}),
    **{
        f"whatsapp {file.stem}": ("whatsapp", orjson.loads(file.read_bytes()))
        for file in sorted(whatsapp.CAPTURED.glob("*.json"))
    },
}
JSON_ADAPTERS = ("cti", "custom", "whatsapp")


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every value in it."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from places(item, (*path, key))


def changed(value: Any, path: tuple[str | int, ...], new: Any) -> Any:
    """`value` with `new` at `path`."""
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = changed(value[path[0]], path[1:], new)
    return copy


def without(value: Any, path: tuple[str | int, ...]) -> Any:
    copy = value.copy()
    if len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = without(value[path[0]], path[1:])
    return copy


def verified(body: bytes) -> WireRequest:
    """With what `parse` needs of a request that has passed `verify`."""
    return post(body, {"webhook-id": "msg_1"})


def take(adapter: ChannelAdapter, body: bytes) -> None:
    """Read, and written as the log has it."""
    try:
        events = adapter.parse(verified(body))
    except MalformedPayload as error:
        assert str(error)
        return
    for event in events:
        assert len(dumps(event)) < 256 * 1024


@pytest.mark.parametrize("name", sorted(BODIES))
class TestEveryPlace:
    def test_something_odd_stands_there(self, name: str) -> None:
        adapter, body = BODIES[name]
        for path in places(body):
            for odd in ODD:
                take(ADAPTERS[adapter], orjson.dumps(changed(body, path, odd)))

    def test_nothing_stands_there(self, name: str) -> None:
        adapter, body = BODIES[name]
        for path in places(body):
            if path:
                take(ADAPTERS[adapter], orjson.dumps(without(body, path)))

    def test_members_of_later(self, name: str) -> None:
        adapter, body = BODIES[name]
        later = changed(body, (), {**body, "added": {"later": [1]}})
        before = ADAPTERS[adapter].parse(verified(orjson.dumps(body)))
        assert ADAPTERS[adapter].parse(verified(orjson.dumps(later))) == before


@pytest.mark.parametrize("name", JSON_ADAPTERS)
class TestNoJson:
    @pytest.mark.parametrize(
        "body", [b"", b"\xff", b"{", b"nul", b'"x"', b"1e400", b"[" * 100_000, b'{"a": "\\ud800"}']
    )
    def test_is_malformed(self, name: str, body: bytes) -> None:
        with pytest.raises(MalformedPayload):
            ADAPTERS[name].parse(verified(body))

    def test_any_json(self, name: str, shared_data: Path) -> None:
        for file in sorted((shared_data / "json").glob("*.json")):
            with pytest.raises(MalformedPayload):
                ADAPTERS[name].parse(verified(file.read_bytes()))
