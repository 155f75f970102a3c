from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.calendar import Calendar

SHANGHAI, BERLIN = "Asia/Shanghai", "Europe/Berlin"
OFFICE = {"mon-fri": ["09:00-12:00", "13:00-18:00"]}
NATIONAL_DAY = {"2026-10-01": [], "2026-10-02": [], "2026-10-10": ["09:00-12:00"]}
HOUR = 3_600_000_000


def at(text: str, zone: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1_000_000)


def office(zone: str = SHANGHAI, **dates: list[str]) -> Calendar:
    return Calendar.parse(zone, OFFICE, dates)


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
        assert office().is_open(at(when, SHANGHAI)) is is_open

    def test_over_midnight(self) -> None:
        night = Calendar.parse(SHANGHAI, {"sun": ["22:00-06:00"]})
        assert night.is_open(at("2026-11-23T05:59", SHANGHAI))
        assert not night.is_open(at("2026-11-23T06:00", SHANGHAI))
        assert not night.is_open(at("2026-11-22T05:59", SHANGHAI))

    def test_all_day_long(self) -> None:
        always = Calendar.parse("UTC", {"mon-sun": ["00:00-24:00"]})
        assert always.is_open(0)
        assert always.is_open(at("2026-11-22T23:59:59.999999", "UTC"))

    def test_wall_clock_on_both_sides_of_a_time_change(self) -> None:
        berlin = office(BERLIN)
        assert berlin.is_open(at("2026-03-27T09:00", BERLIN))
        assert berlin.is_open(at("2026-03-30T09:00", BERLIN))
        assert not berlin.is_open(at("2026-03-30T08:59", BERLIN))

    def test_before_and_after_all_calendars(self) -> None:
        always = Calendar.parse("UTC", {"mon-sun": ["00:00-24:00"]})
        assert not always.is_open(-(10**18)) and not always.is_open(10**18)
        assert always.next_opening(10**18) is None


class TestDates:
    @pytest.mark.parametrize(
        ("when", "is_open"),
        [
            ("2026-09-30T10:00", True),
            ("2026-10-01T10:00", False),
            ("2026-10-02T10:00", False),
            ("2026-10-05T10:00", True),
            ("2026-10-10T10:00", True),  # a Saturday
            ("2026-10-10T13:00", False),
        ],
    )
    def test_stand_instead_of_the_weekday(self, when: str, is_open: bool) -> None:
        assert office(**NATIONAL_DAY).is_open(at(when, SHANGHAI)) is is_open

    def test_the_night_before_runs_into_a_holiday(self) -> None:
        night = Calendar.parse(SHANGHAI, {"mon-sun": ["22:00-06:00"]}, {"2026-10-01": []})
        assert night.is_open(at("2026-10-01T05:59", SHANGHAI))
        assert night.next_opening(at("2026-10-01T06:00", SHANGHAI)) == at("2026-10-02T22:00", SHANGHAI)

    def test_alone(self) -> None:
        once = Calendar.parse("UTC", {}, {"2030-06-01": ["10:00-11:00"]})
        assert once.next_opening(0) == at("2030-06-01T10:00", "UTC")
        assert once.add(0, HOUR) == at("2030-06-01T11:00", "UTC")
        assert once.add(0, HOUR + 1) is None
        assert once.next_opening(at("2030-06-01T11:00", "UTC")) is None


class TestNextOpening:
    def test_now_when_open(self) -> None:
        now = at("2026-11-20T10:00", SHANGHAI)
        assert office().next_opening(now) == now

    def test_after_the_weekend(self) -> None:
        found = office().next_opening(at("2026-11-20T18:00", SHANGHAI))
        assert found == at("2026-11-23T09:00", SHANGHAI)

    def test_after_a_holiday(self) -> None:
        found = office(**NATIONAL_DAY).next_opening(at("2026-09-30T18:00", SHANGHAI))
        assert found == at("2026-10-05T09:00", SHANGHAI)

    def test_never(self) -> None:
        assert Calendar.parse(SHANGHAI, {}).next_opening(0) is None

    def test_in_the_hour_that_is_skipped(self) -> None:
        """From 02:00 the clock jumps to 03:00, which lies in the interval."""
        night = Calendar.parse(BERLIN, {"sun": ["02:30-04:00"]})
        found = night.next_opening(at("2026-03-29T01:00", BERLIN))
        assert found == at("2026-03-29T03:00", BERLIN)

    @settings(deadline=None)
    @given(st.integers(0, 4_000_000_000_000_000), st.sampled_from([SHANGHAI, BERLIN, "America/New_York"]))
    def test_is_open_then_and_never_before(self, now: int, zone: str) -> None:
        hours = Calendar.parse(zone, {"mon,wed": ["09:00-12:00"], "fri-sat": ["20:00-02:00"]})
        found = hours.next_opening(now)
        assert found is not None and hours.is_open(found)
        assert all(not hours.is_open(now + (found - now) * part // 7) for part in range(7) if found > now)


class TestNextClosing:
    def test_of_adjacent_intervals_is_the_last_ones(self) -> None:
        hours = Calendar.parse(SHANGHAI, {"fri": ["09:00-12:00", "12:00-24:00"], "sat": ["00:00-02:00"]})
        assert hours.next_closing(at("2026-11-20T10:00", SHANGHAI)) == at("2026-11-21T02:00", SHANGHAI)

    def test_now_when_closed(self) -> None:
        noon = at("2026-11-20T12:00", SHANGHAI)
        assert office().next_closing(noon) == noon

    def test_never(self) -> None:
        always = {"mon-sun": ["00:00-24:00"]}
        assert Calendar.parse(BERLIN, always).next_closing(0) is None
        christmas = Calendar.parse(BERLIN, always, {"2033-12-24": ["00:00-14:00"]})
        assert christmas.next_closing(0) == at("2033-12-24T14:00", BERLIN)


class TestAdd:
    @pytest.mark.parametrize(
        ("start", "hours", "end"),
        [
            ("2026-11-20T09:00", 1, "2026-11-20T10:00"),
            ("2026-11-20T09:00", 3, "2026-11-20T12:00"),  # as lunch begins, not as it ends
            ("2026-11-20T09:00", 4, "2026-11-20T14:00"),
            ("2026-11-20T17:00", 2, "2026-11-23T10:00"),
            ("2026-11-21T10:00", 1, "2026-11-23T10:00"),
            ("2026-11-20T09:00", 0, "2026-11-20T09:00"),
            ("2026-09-30T17:00", 2, "2026-10-05T10:00"),
            ("2026-10-09T17:30", 1, "2026-10-10T09:30"),
        ],
    )
    def test_counts_business_time(self, start: str, hours: int, end: str) -> None:
        calendar = office(**NATIONAL_DAY)
        assert calendar.add(at(start, SHANGHAI), hours * HOUR) == at(end, SHANGHAI)

    def test_a_night_when_the_clocks_change(self) -> None:
        night = Calendar.parse(BERLIN, {"sat": ["22:00-06:00"]})
        for start, hours in [("2026-03-28T22:00", 7), ("2026-10-24T22:00", 9), ("2026-11-21T22:00", 8)]:
            begins = at(start, BERLIN)
            ends = night.next_closing(begins)
            assert ends is not None and ends - begins == hours * HOUR
            assert night.add(begins, hours * HOUR) == ends
            assert night.between(begins, ends) == hours * HOUR

    def test_an_interval_that_ends_in_the_hour_that_comes_twice_is_open_twice(self) -> None:
        night = Calendar.parse(BERLIN, {"sun": ["01:00-02:30"]})
        begins = at("2026-10-25T01:00", BERLIN)
        assert night.next_closing(begins) == begins + 3 * HOUR // 2
        assert night.next_opening(begins + 3 * HOUR // 2) == begins + 2 * HOUR
        assert night.between(begins, begins + 24 * HOUR) == 2 * HOUR

    def test_never(self) -> None:
        assert Calendar.parse(SHANGHAI, {}).add(0, 1) is None
        assert Calendar.parse(SHANGHAI, {"mon": ["09:00-09:01"]}).add(0, 10**15) is None


class TestBetween:
    @pytest.mark.parametrize(
        ("start", "end", "hours"),
        [
            ("2026-11-20T11:00", "2026-11-20T14:00", 2),
            ("2026-11-20T17:00", "2026-11-23T10:00", 2),
            ("2026-11-21T00:00", "2026-11-22T23:00", 0),
            ("2026-11-20T14:00", "2026-11-20T11:00", 0),
            ("2026-09-28T00:00", "2026-10-12T00:00", 8 * 8 + 3),
        ],
    )
    def test_is_business_time_only(self, start: str, end: str, hours: int) -> None:
        assert office(**NATIONAL_DAY).between(at(start, SHANGHAI), at(end, SHANGHAI)) == hours * HOUR

    def test_over_years(self) -> None:
        """1,304 weeks of 40 hours."""
        start = at("2026-01-05T00:00", SHANGHAI)
        assert office().between(start, start + 1304 * 7 * 24 * HOUR) == 1304 * 40 * HOUR


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
            Calendar.parse("UTC", weekly)

    @pytest.mark.parametrize(
        ("dates", "complaint"),
        [
            ({"2026-02-30": []}, "'2026-02-30' is no date"),
            ({"20261001": []}, "no date"),
            ({"0001-01-01": []}, "no date"),
            ({"2026-10-01": ["9-10"]}, "no interval"),
            ({"2026-10-01": ["09:00-12:00", "11:00-13:00"]}, "overlap on 2026-10-01"),
            ({"2026-10-02": ["05:00-07:00"]}, "overlap on 2026-10-02"),
            ({"2026-10-01": ["23:00-22:30"]}, "overlap on 2026-10-02"),
        ],
    )
    def test_dates_that_are_refused(self, dates: dict[str, list[str]], complaint: str) -> None:
        with pytest.raises(ValueError, match=complaint):
            Calendar.parse("UTC", {"wed-fri": ["22:00-06:00"]}, dates)

    def test_a_date_beside_a_day_that_is_closed(self) -> None:
        dates: dict[str, list[str]] = {"2026-09-30": [], "2026-10-01": ["05:00-07:00"]}
        assert Calendar.parse("UTC", {"wed-fri": ["22:00-06:00"]}, dates).dates

    def test_a_range_over_the_weekend(self) -> None:
        found = Calendar.parse("UTC", {"sat-mon": ["09:00-10:00"]})
        assert [bool(day) for day in found.weekly] == [True, False, False, False, False, True, True]
