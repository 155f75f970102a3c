"""Machines must not write to each other for ever: what passed between an address and us, for one batch."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from channels.email.loops import CEILINGS, LONGEST, QUIET, ceiling_passed
from models.touch import Touch

MAILS_MAX = max(mails for mails, _ in CEILINGS) + 1


@dataclass
class LoopGuard:
    """`times`: mails of either direction; `answered`: who got an automatic answer within the quiet time."""

    times: dict[UUID, list[datetime]] = field(default_factory=dict)
    answered: set[UUID] = field(default_factory=set)

    @classmethod
    async def look(cls, session: AsyncSession, address_ids: Collection[UUID], now: datetime) -> "LoopGuard":
        times = await Touch.mail_times(session, address_ids, now - LONGEST, MAILS_MAX)
        return cls(times, await Touch.automatic_answers(session, address_ids, now - QUIET))

    def too_many(self, address_id: UUID, at: datetime) -> bool:
        """Whether this mail is one too many of its address; it counts from now on."""
        times = self.times.setdefault(address_id, [])
        times.append(at)
        return ceiling_passed(times, max(times)) is not None

    def may_answer(self, address_id: UUID) -> bool:
        """Whether an automatic answer may go there; at most once."""
        rested = address_id not in self.answered
        self.answered.add(address_id)
        return rested
