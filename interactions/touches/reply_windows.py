"""Who may be written to freely: messengers allow it for a while after the customer did something."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from interactions.life.work import Work
from interactions.touches.outgoing import Draft
from models.reply_window import Place, ReplyWindow

HURRY_MAX: Final = timedelta(hours=2)
HURRY_SHARE: Final = 5
"""Work is overdue in the last 2 h of its reply window, of a shorter one in its last fifth (SEMANTICS §5)."""


class ReplyWindows:
    """The windows of some customers, locked until the transaction ends: the last message of one is not used
    twice. A customer who has none, of a platform without such windows, may always be written to."""

    def __init__(self, rows: Sequence[ReplyWindow], now: datetime) -> None:
        self._now = now
        self._windows: dict[Place, list[ReplyWindow]] = defaultdict(list)
        for row in rows:
            self._windows[row.endpoint_id, row.address_id].append(row)

    @classmethod
    async def look(cls, session: AsyncSession, places: Collection[Place], now: datetime) -> "ReplyWindows":
        return cls(await ReplyWindow.of(session, places), now)

    def known(self, place: Place) -> bool:
        """Whether any was ever opened."""
        return place in self._windows

    def take(self, place: Place, messages: int = 1) -> bool:
        """Use up `messages` of the window that ends first. False: none is open for so many."""
        if not self.known(place):
            return True
        usable = [window for window in self._windows[place] if self._allows(window, messages)]
        if not usable:
            return False
        if usable[0].messages_left is not None:
            usable[0].messages_left -= messages
        return True

    def show(self, work: Work) -> None:
        """Put into the interaction what its customer's windows say now."""
        place = place_of(work)
        if place is None or not self.known(place) or work.final:
            return
        windows = self._windows[place]
        usable = [window for window in windows if self._allows(window, 1)]
        shown = (usable or windows)[-1]
        hurry = min(HURRY_MAX, timedelta(seconds=shown.seconds) / HURRY_SHARE)
        work.reply_window(shown.until, shown.messages_left, shown.until - hurry if usable else None)

    def _allows(self, window: ReplyWindow, messages: int) -> bool:
        left = window.messages_left
        return window.until > self._now and (left is None or left >= messages)


def messages_of(draft: Draft) -> int:
    """How many messages the platforms that count them see in it: each file is one of its own."""
    return max(1, bool(draft.text) + len(draft.attachments))


def place_of(work: Work) -> Place | None:
    x = work.interaction
    return (x.endpoint_id, x.address_id) if x.endpoint_id and x.address_id else None
