"""The single dates of a calendar: a country's holidays and make-up workdays, and what the file says itself.

They are written out into the published policy. So an old version means the same for ever, and neither the
engine nor the service needs the library that knows them.
"""

import re
from datetime import date
from functools import cache
from typing import Final, NamedTuple

from app.setup.model import Calendar
from routing.hours import DAYS, days_named

YEARS: Final = range(2020, 2036)
_COUNTRY: Final = re.compile(r"[A-Z]{2}")


class CountryDays(NamedTuple):
    """`workdays`: days of the weekend on which people work, to make up for days off."""

    holidays: frozenset[date]
    workdays: frozenset[date]


def written_out(calendar: Calendar) -> dict[str, list[str]]:
    """The intervals by date, in order. Holidays have none; a make-up workday has those of the first day of
    the week that has any, which is Monday nearly everywhere; the file's own dates go before both."""
    days = country_days(calendar.holidays) if calendar.holidays is not None else None
    holidays, workdays = days or (frozenset(), frozenset())
    hours = _of_a_workday(calendar)
    found = {str(day): list[str]() for day in holidays} | {str(day): hours for day in workdays}
    return dict(sorted((found | calendar.dates).items()))


@cache
def country_days(code: str) -> CountryDays | None:
    """Of a country (`CN`) or a subdivision (`DE-BY`); None for one that nobody knows."""
    import holidays  # a third of a second, which only who reads a set-up with holidays pays

    country, _, subdivision = code.partition("-")
    if not _COUNTRY.fullmatch(country):
        return None
    try:
        days = holidays.country_holidays(country, subdiv=subdivision or None, years=YEARS, expand=False)
    except NotImplementedError:
        return None
    workdays = frozenset(day for day in days.weekend_workdays if day.year in YEARS)
    return CountryDays(frozenset(days) - workdays, workdays)


def _of_a_workday(calendar: Calendar) -> list[str]:
    week: list[list[str]] = [[] for _ in DAYS]
    for names, intervals in calendar.weekly.items():
        for day in days_named(names):
            week[day] += intervals
    return next((sorted(intervals) for intervals in week if intervals), [])
