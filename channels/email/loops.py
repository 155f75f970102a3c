"""Two machines must never write to each other for ever: what is never answered, and how much is too much."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from channels.email.parsed import ParsedMail

LOOP_HEADER: Final = "X-Touchpoint-Loop"
"""Stands on every automatic mail of ours; one that comes back with it is never answered."""

CEILINGS: Final = ((10, 10), (15, 30), (25, 60), (50, 180), (100, 600))
"""(mails, minutes): of either direction with one address. Past one, mails are kept but open, wake and answer
nothing."""

QUIET: Final = timedelta(days=7)
"""At most one automatic answer per sender in this time, and one per thread."""

LONGEST: Final = timedelta(minutes=max(minutes for _, minutes in CEILINGS))
"""How far back `ceiling_passed` needs to see."""


def why_not_answer(mail: ParsedMail, envelope_from: str | None) -> str | None:
    """Why this mail gets no automatic answer: a word from a closed list, or None if it may.

    `envelope_from` is SMTP's; the empty one is the null return path of reports.
    """
    if mail.sender is None:
        return "no_sender"
    if envelope_from == "":
        return "return_path"
    return mail.why_automatic


def ceiling_passed(times: Sequence[datetime], now: datetime) -> tuple[int, int] | None:
    """The (mails, minutes) that this address has passed, this mail counted; None if it has not."""
    for most, minutes in CEILINGS:
        since = now - timedelta(minutes=minutes)
        if sum(since < at <= now for at in times) > most:
            return most, minutes
    return None
