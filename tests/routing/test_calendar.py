from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.calendar import Weekly, parse_weekly

SHANGHAI, BERLIN = "Asia/Shanghai", "Europe/Berlin"
OFFICE = {"mon-fri": ["09:00-12:00", "13:00-18:00"]}


def at(text: str, zone: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1_000_000)


class TestIsOpen:
    @pytest.mark.parametrize(
        ("when", "is_open"),
        [
            ("2026-11-20T09:00", True),  # a Friday
            ("2026-11-20T08:59:59.999999", False),
            ("2026-11-20T12:00", False),
            ("2026-11-20T13:00", True),
            ("2026-11-20T17:59:59.999999", True),
            ("2026-11-20T18:00", False),
            ("2026-11-21T10:00", False),
        ],
    )
    def test_half_open_intervals(self, when: str, is_open: bool) -> None:
        assert parse_weekly(SHANGHAI, OFFICE).is_open(at(when, SHANGHAI)) is is_open

    def test_over_midnight(self) -> None:
        night = parse_weekly(SHANGHAI, {"sun": ["22:00-06:00"]})
        assert night.is_open(at("2026-11-23T05:59", SHANGHAI))
        assert not night.is_open(at("2026-11-23T06:00", SHANGHAI))
        assert not night.is_open(at("2026-11-22T05:59", SHANGHAI))

    def test_all_day_long(self) -> None:
        always = parse_weekly("UTC", {"mon-sun": ["00:00-24:00"]})
        assert always.is_open(0)
        assert always.is_open(at("2026-11-22T23:59:59.999999", "UTC"))

    def test_wall_clock_on_both_sides_of_a_time_change(self) -> None:
        office = parse_weekly(BERLIN, OFFICE)
        assert office.is_open(at("2026-03-27T09:00", BERLIN))
        assert office.is_open(at("2026-03-30T09:00", BERLIN))
        assert not office.is_open(at("2026-03-30T08:59", BERLIN))


class TestNextOpening:
    def test_now_when_open(self) -> None:
        now = at("2026-11-20T10:00", SHANGHAI)
        assert parse_weekly(SHANGHAI, OFFICE).next_opening(now) == now

    def test_after_the_weekend(self) -> None:
        found = parse_weekly(SHANGHAI, OFFICE).next_opening(at("2026-11-20T18:00", SHANGHAI))
        assert found == at("2026-11-23T09:00", SHANGHAI)

    def test_never(self) -> None:
        assert parse_weekly(SHANGHAI, {}).next_opening(0) is None

    def test_in_the_hour_that_is_skipped(self) -> None:
        night = parse_weekly(BERLIN, {"sun": ["02:30-04:00"]})
        found = night.next_opening(at("2026-03-29T01:00", BERLIN))
        assert found == at("2026-03-29T03:30", BERLIN)

    @settings(deadline=None)
    @given(st.integers(0, 4_000_000_000_000_000), st.sampled_from([SHANGHAI, BERLIN, "America/New_York"]))
    def test_is_open_then_and_never_before(self, now: int, zone: str) -> None:
        office = parse_weekly(zone, {"mon,wed": ["09:00-12:00"], "fri-sat": ["20:00-02:00"]})
        found = office.next_opening(now)
        assert found is not None and office.is_open(found)
        assert all(not office.is_open(now + (found - now) * part // 7) for part in range(7) if found > now)


class TestParse:
    @pytest.mark.parametrize(
        ("weekly", "complaint"),
        [
            ({"monday": ["09:00-10:00"]}, "no day"),
            ({"mon": ["9-10"]}, "no interval"),
            ({"mon": ["09:00-09:00"]}, "no interval of a day"),
            ({"mon": ["09:00-25:00"]}, "no interval of a day"),
            ({"mon": ["09:00-12:00", "11:00-13:00"]}, "overlap on mon"),
            ({"mon": ["22:00-06:00"], "tue": ["05:00-07:00"]}, "overlap on tue"),
            ({"sun": ["22:00-06:00"], "mon": ["05:00-07:00"]}, "overlap on mon"),
        ],
    )
    def test_refused(self, weekly: dict[str, list[str]], complaint: str) -> None:
        with pytest.raises(ValueError, match=complaint):
            parse_weekly("UTC", weekly)

    def test_a_range_over_the_weekend(self) -> None:
        found: Weekly = parse_weekly("UTC", {"sat-mon": ["09:00-10:00"]})
        assert [bool(day) for day in found.days] == [True, False, False, False, False, True, True]
