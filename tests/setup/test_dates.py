"""Holidays, make-up workdays and an administrator's own dates, as they are written out for the policy."""

from typing import Any

from app.setup.dates import written_out
from app.setup.document import Document
from app.setup.model import Calendar
from app.setup.policy import policy_document
from routing import calendar

OFFICE = ["09:00-12:00", "13:00-18:00"]


def dates(**said: Any) -> dict[str, list[str]]:
    weekly = {"mon-fri": OFFICE}
    return written_out(Calendar.model_validate({"key": "office", "weekly": weekly, **said}))


class TestHolidays:
    def test_of_china_with_its_make_up_workdays(self) -> None:
        """The State Council for 2026: off from 1 to 7 October, at work on 20 September and 10 October."""
        china = dates(holidays="CN")
        assert all(china[f"2026-10-0{day}"] == [] for day in (1, 2, 5, 6, 7))
        assert china["2026-09-20"] == OFFICE  # a Sunday
        assert china["2026-10-10"] == OFFICE  # a Saturday
        assert "2026-10-08" not in china

    def test_of_a_subdivision(self) -> None:
        """Corpus Christi is one in Bavaria, and none in Berlin."""
        assert dates(holidays="DE-BY")["2026-06-04"] == []
        assert "2026-06-04" not in dates(holidays="DE-BE")

    def test_from_2020_to_2035(self) -> None:
        years = {day[:4] for day in dates(holidays="DE")}
        assert years == {str(year) for year in range(2020, 2036)}

    def test_none_without_a_country(self) -> None:
        assert dates() == {}


class TestAMakeUpWorkday:
    def test_has_the_hours_of_the_first_day_that_has_any(self) -> None:
        weekly = {"tue-fri": ["10:00-16:00"], "sat": ["10:00-12:00"]}
        assert dates(holidays="CN", weekly=weekly)["2026-10-10"] == ["10:00-16:00"]

    def test_is_closed_where_every_day_is(self) -> None:
        assert dates(holidays="CN", weekly={})["2026-10-10"] == []


class TestAnAdministratorsDates:
    def test_go_before_holidays_and_make_up_workdays(self) -> None:
        own = {"2026-10-10": "closed", "2026-10-01": ["10:00-11:00"], "2026-12-24": ["09:00-12:00"]}
        found = dates(holidays="CN", dates=own)
        assert found["2026-10-10"] == []
        assert found["2026-10-01"] == ["10:00-11:00"]
        assert found["2026-12-24"] == ["09:00-12:00"]

    def test_stand_in_the_published_policy_in_order(self) -> None:
        office = {"key": "office", "time_zone": "Asia/Shanghai", "holidays": "CN", "weekly": {"mon": OFFICE}}
        policy = policy_document(Document.model_validate({"calendars": [office]}))
        (published,) = policy["calendars"]
        assert sorted(published) == ["dates", "key", "time_zone", "weekly"]
        assert list(published["dates"]) == sorted(published["dates"])
        assert calendar.Calendar.from_document(published).dates
