"""What happens at a queue's door: opening hours, nobody signed in, full, a supervisor's emergency closure.

Read from the published policy: of each queue `hours` (the key of a calendar), `closed`, `nobody_signed_in`
and `full` ({announcement | auto_reply | queue | callback | voicemail | end}, `full` with its limits). They
decide at entry only.
Live work (voice, chat) is turned away at a shut door; deferred work waits inside, after an automatic answer
where there is one: a mail that comes at night is for the morning. `end` refuses that too. With `callback` a
caller who can be called is promised that instead; with `voicemail` who hears the announcement may speak after
it.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from interactions.life.facts import microseconds
from interactions.life.pace import Pace, PaceBook, Paces
from interactions.life.policies import InForce, TenantPolicy
from models.agent import Agent
from models.interaction import Interaction
from models.policy import is_in_force
from routing.policy import SECOND

HOPS_MAX: Final = 5
"""How often a door may send on to the next queue."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The queues to enter, one after the other (the last one stays); `refused`: turned away, why (closure,
    closed, nobody_signed_in, full). `say`: what the customer is told. `callback`: instead they may be
    promised to be called, or (`voicemail`) leave a message, in the last of the queues."""

    queues: tuple[str, ...]
    refused: str | None = None
    say: str | None = None
    callback: bool = False
    voicemail: bool = False


@dataclass(frozen=True)
class Doors:
    """The doors of one tenant at one moment. `waiting`: how many wait in queues that may be full, by whether
    they are live; `paces`: how fast these are served."""

    policy: TenantPolicy
    closures: Mapping[str, Mapping[str, Any]]
    teams_signed_in: Collection[str]
    now: datetime
    waiting: Counter[tuple[str, bool]] = field(default_factory=Counter)
    paces: Paces = field(default_factory=dict)

    @classmethod
    async def look(
        cls, session: AsyncSession, tenant_id: UUID, in_force: InForce, paces: PaceBook, now: datetime
    ) -> "Doors":
        """Where a queue asks for them, the teams of who is signed in, who waits and how fast."""
        policy = in_force.policy
        queues = policy.document["queues"]
        asked = any(queue.get("nobody_signed_in") for queue in queues)
        teams = await Agent.teams_signed_in(session, tenant_id) if asked else ()
        limits = {queue["key"]: queue["full"] for queue in queues if queue.get("full")}
        timed = any("max_estimated_wait_seconds" in limit for limit in limits.values())
        waiting = await _count(session, tenant_id, policy, limits) if limits else Counter()
        known = await paces.current(session, tenant_id, now) if timed else {}
        return cls(policy, in_force.closures, teams, now, waiting, known)

    def enter(self, queue: str, channel: str) -> Entry:
        """Where new work for `queue` goes; who gets in counts as waiting for those who come after."""
        passed: list[str] = []
        for _ in range(HOPS_MAX):
            passed.append(queue)
            why, action = self._shut(queue, channel)
            onwards = action.get("queue")
            if why is None or not onwards or onwards in passed:
                break
            queue = onwards
        entry = self._at(tuple(passed), channel, why, action)
        if entry.refused is None:
            self.waiting[queue, self.policy.is_live(queue, channel)] += 1
        return entry

    def _at(self, queues: tuple[str, ...], channel: str, why: str | None, action: Mapping[str, Any]) -> Entry:
        if why is None:
            return Entry(queues)
        say = action.get("auto_reply") or action.get("announcement")
        if not (self.policy.is_live(queues[-1], channel) or action.get("end")):
            return Entry(queues, None, say)
        callback, voicemail = (
            channel == "voice" and bool(action.get(name)) for name in ("callback", "voicemail")
        )
        return Entry(queues, why, say, callback, voicemail)

    def _shut(self, queue: str, channel: str) -> tuple[str | None, Mapping[str, Any]]:
        """Why the door is shut, and what to do then."""
        closure = self.closures.get(queue)
        if closure is not None and is_in_force(closure, self.now):
            return "closure", {"announcement": closure.get("announcement")}
        document = self._queues.get(queue, {})
        hours = self.policy.hours(queue)
        if hours is not None and not hours.is_open(microseconds(self.now)):
            return "closed", document.get("closed") or {}
        action = document.get("nobody_signed_in")
        if action and not self._staffed(queue):
            return "nobody_signed_in", action
        action = document.get("full")
        if action and self._is_full(queue, channel, action):
            return "full", action
        return None, {}

    def _is_full(self, queue: str, channel: str, limits: Mapping[str, Any]) -> bool:
        """As many wait, or one in two at the place behind them would wait longer. Live work counts live work
        only: a heap of mails turns no caller away."""
        live, deferred = self.waiting[queue, True], self.waiting[queue, False]
        is_live = self.policy.is_live(queue, channel)
        most, longest = limits.get("max_waiting"), limits.get("max_estimated_wait_seconds")
        if most is not None and (live if is_live else deferred) >= most:
            return True
        ahead = live if is_live else live + deferred
        if longest is None or not ahead:
            return False
        expected = self.paces.get((queue, channel), Pace()).estimate(ahead + 1)
        return expected is not None and expected.p50_us > longest * SECOND

    @cached_property
    def _queues(self) -> Mapping[str, Mapping[str, Any]]:
        return {queue["key"]: queue for queue in self.policy.document["queues"]}

    def _staffed(self, queue: str) -> bool:
        routed = self.policy.policy.queues.get(queue)
        return routed is None or not routed.own_teams.isdisjoint(self.teams_signed_in)


async def _count(
    session: AsyncSession, tenant_id: UUID, policy: TenantPolicy, queues: Collection[str]
) -> Counter[tuple[str, bool]]:
    found: Counter[tuple[str, bool]] = Counter()
    for queue, channel, number in await Interaction.count_waiting(session, tenant_id, queues):
        found[queue, policy.is_live(queue, channel)] += number
    return found
