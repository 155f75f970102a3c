"""Days of birth within identity numbers."""

from datetime import date


def year_born(day: str) -> int | None:
    """Of `yyyymmdd`; None if there is no such day."""
    try:
        return date(int(day[:4]), int(day[4:6]), int(day[6:])).year
    except ValueError:
        return None
