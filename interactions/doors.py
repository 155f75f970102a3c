"""What happens at a queue's door: opening hours, nobody signed in, a supervisor's emergency closure.

Read from the published policy: `calendars [{key, time_zone, weekly}]`, and of each queue `hours` (the key of
a calendar), `closed` and `nobody_signed_in` ({announcement | auto_reply | queue | end}). Hours decide at
entry only. Live work (voice, chat) is turned away at a closed door; deferred work waits inside, after an
automatic answer where there is one: a mail that comes at night is for the morning. `end` refuses that too.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from interactions.facts import microseconds
from interactions.policies import TenantPolicy
from models.agent import Agent
from models.policy import Queue, in_force
from routing.policy import LIVE_CHANNELS

HOPS_MAX: Final = 5
"""How often a door may send on to the next queue."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The queues to enter, one after the other (the last one stays); `refused`: turned away, why (closure,
    closed, nobody_signed_in). `say`: what the customer is told."""

    queues: tuple[str, ...]
    refused: str | None = None
    say: str | None = None


@dataclass(frozen=True)
class Doors:
    """The doors of one tenant at one moment."""

    policy: TenantPolicy
    closures: Mapping[str, Mapping[str, Any]]
    teams_signed_in: Collection[str]
    now: datetime

    @classmethod
    async def look(
        cls, session: AsyncSession, tenant_id: UUID, policy: TenantPolicy, now: datetime
    ) -> "Doors":
        """At most two statements: closures, and the teams of who is signed in where a queue asks for it."""
        closures = await Queue.closures(session, tenant_id)
        asked = any(queue.get("nobody_signed_in") for queue in policy.document["queues"])
        teams = await Agent.teams_signed_in(session, tenant_id) if asked else ()
        return cls(policy, closures, teams, now)

    def enter(self, queue: str, channel: str) -> Entry:
        """Where new work for `queue` goes."""
        passed: list[str] = []
        for _ in range(HOPS_MAX):
            passed.append(queue)
            why, action = self._shut(queue)
            onwards = action.get("queue")
            if why is None or not onwards or onwards in passed:
                break
            queue = onwards
        return self._at(tuple(passed), channel, why, action)

    def _at(self, queues: tuple[str, ...], channel: str, why: str | None, action: Mapping[str, Any]) -> Entry:
        if why is None:
            return Entry(queues)
        say = action.get("auto_reply") or action.get("announcement")
        refused = self._is_live(queues[-1], channel) or action.get("end")
        return Entry(queues, why if refused else None, say)

    def _is_live(self, queue: str, channel: str) -> bool:
        routed = self.policy.policy.queues.get(queue)
        rules = routed.channels.get(channel) if routed else None
        return channel in LIVE_CHANNELS if rules is None else rules.live

    def _shut(self, queue: str) -> tuple[str | None, Mapping[str, Any]]:
        """Why the door is shut, and what to do then."""
        closure = self.closures.get(queue)
        if closure is not None and in_force(closure, self.now):
            return "closure", {"announcement": closure.get("announcement")}
        document = self._queues.get(queue, {})
        if not self._within_hours(document):
            return "closed", document.get("closed") or {}
        action = document.get("nobody_signed_in")
        if action and not self._staffed(queue):
            return "nobody_signed_in", action
        return None, {}

    def _within_hours(self, document: Mapping[str, Any]) -> bool:
        hours = self.policy.calendars.get(document.get("hours") or "")
        return hours is None or hours.is_open(microseconds(self.now))

    @cached_property
    def _queues(self) -> Mapping[str, Mapping[str, Any]]:
        return {queue["key"]: queue for queue in self.policy.document["queues"]}

    def _staffed(self, queue: str) -> bool:
        routed = self.policy.policy.queues.get(queue)
        return routed is None or not routed.teams.isdisjoint(self.teams_signed_in)
