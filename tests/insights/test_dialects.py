"""Others' service levels over the same ten entries, worked out by hand: T is 20 s, short is under 5 s."""

from collections.abc import Collection

import pytest

from insights.dialects import UnknownDialect, judge_of
from insights.figures import service_level
from tests.insights.test_figures import entry, now_after

ENTRIES = (
    entry(1, "answered", 10),
    entry(2, "answered", 19),
    entry(3, "answered", 40),
    entry(4, "abandoned", 3),
    entry(5, "abandoned", 12),
    entry(6, "abandoned", 50),
    entry(7, "flowed_out", 8),
    entry(8, "callback_requested", 15),
    entry(9, "ended_by_us", 5),
    entry(10, None, 0),
)


@pytest.mark.parametrize(
    ("name", "include", "abandon_seconds", "expected"),
    [
        # 3 answered, 2 abandoned, 1 still waits longer than T; 2 were answered in time.
        ("touchpoint", (), None, (2, 6)),
        # Removed in time: 1, 2, 4, 5, 8; all ten were queued.
        ("connect", (), None, (5, 10)),
        ("genesys", (), None, (2, 5)),
        ("genesys", ("flow_outs",), None, (2, 4)),
        ("genesys", ("abandons", "short_abandons", "flow_outs"), None, (2, 7)),
        ("asterisk_sl", (), None, (2, 3)),
        # In time: 1, 2 answered, 4, 5 abandoned; six in all.
        ("asterisk_sl2", (), None, (4, 6)),
        ("ringcentral", (), None, (2, 5)),
        ("ringcentral", (), 15.0, (2, 4)),
    ],
)
def test_by_hand(
    name: str, include: Collection[str], abandon_seconds: float | None, expected: tuple[int, int]
) -> None:
    judge = judge_of(name, include, abandon_seconds)
    assert service_level(ENTRIES, now_after(60), judge) == expected


@pytest.mark.parametrize(
    ("name", "include", "abandon_seconds", "pointer"),
    [
        ("avaya", (), None, "/dialect"),
        ("connect", ("abandons",), None, "/include"),
        ("genesys", ("flowouts",), None, "/include"),
        ("genesys", (), 5.0, "/abandon_seconds"),
    ],
)
def test_nothing_is_guessed(
    name: str, include: Collection[str], abandon_seconds: float | None, pointer: str
) -> None:
    with pytest.raises(UnknownDialect) as refused:
        judge_of(name, include, abandon_seconds)
    assert refused.value.pointer == pointer
