"""How fast each queue's work gets done now, and what that says about waiting (SEMANTICS §1.6).

Two statements for all queues of a tenant, kept for a moment: whoever asks within it shares them.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import Clock
from interactions.life.policies import PolicyBook
from models.handling import Staffed, handle_times, staffed
from routing.estimate import Estimate, completions_per_second, estimate, pieces_at_once
from routing.policy import Policy

SAMPLES_MIN: Final = 20
KEPT_SECONDS: Final = 1.0
HANDLING_KEPT_SECONDS: Final = 5.0

Place = tuple[str, str]
"""(queue, channel)."""


class Handling(NamedTuple):
    """Of the parts that agents ended lately: how many, and their mean length, the latest weighing most."""

    samples: int
    mean_us: int


@dataclass(frozen=True, slots=True)
class Pace:
    """`agents` of the queue's set are signed in and not on break; together they do `at_once` pieces of this
    channel at a time, each for `handle_us` (None: nothing says for how long)."""

    agents: int = 0
    at_once: int = 0
    handle_us: int | None = None

    def estimate(self, position: int) -> Estimate | None:
        """Of the wait at `position`, 1 being the next that an agent takes."""
        return estimate(position, completions_per_second(self.at_once, self.handle_us))


Paces = Mapping[Place, Pace]


def handle_us(handling: Handling | None, expected_us: int | None) -> int | None:
    """What was measured, from `SAMPLES_MIN` samples on; before, what the set-up expects, if it says so."""
    if handling is not None and (handling.samples >= SAMPLES_MIN or expected_us is None):
        return handling.mean_us
    return expected_us


def paces(policy: Policy, agents: Iterable[Staffed], handling: Mapping[Place, Handling]) -> dict[Place, Pace]:
    """Of every queue and channel."""
    heads: dict[Place, int] = defaultdict(int)
    at_once: dict[Place, int] = defaultdict(int)
    for agent in agents:
        able = {channel: _at_once(policy, agent, channel) for channel in agent.channels}
        for queue in served(policy, agent):
            for channel, pieces in able.items():
                heads[queue, channel] += 1
                at_once[queue, channel] += pieces
    places = ((key, channel) for key, queue in policy.queues.items() for channel in queue.channels)
    return {
        (queue, channel): Pace(
            heads[queue, channel],
            at_once[queue, channel],
            handle_us(
                handling.get((queue, channel)), policy.queues[queue].channels[channel].expected_handle_us
            ),
        )
        for queue, channel in places
    }


def served(policy: Policy, agent: Staffed) -> set[str]:
    """The queues whose set the agent is in: a team of its own, and they have the skills it asks."""
    named = {key for team in agent.teams for key in policy.queues_of_team.get(team, ())}
    queues = (policy.queues[key] for key in named)
    return {
        queue.key
        for queue in queues
        if not queue.own_teams.isdisjoint(agent.teams) and queue.requirement.holds(agent.skills, agent.key)
    }


def _at_once(policy: Policy, agent: Staffed, channel: str) -> int:
    return pieces_at_once(agent.units_max, policy.units.get(channel, 100), agent.channel_max.get(channel))


@dataclass(slots=True)
class _Known:
    """`at`, `handling_at`: seconds of the monotonic clock."""

    paces: Paces
    at: float
    handling: Mapping[Place, Handling]
    handling_at: float


class PaceBook:
    """One per process."""

    def __init__(self, policies: PolicyBook, clock: Clock) -> None:
        self._policies, self._clock = policies, clock
        self._known: dict[UUID, _Known] = {}

    async def current(self, session: AsyncSession, tenant_id: UUID, now: datetime) -> Paces:
        """As of the last second. `now` is the database's. Raises LookupError before the first policy."""
        at, known = self._clock.monotonic(), self._known.get(tenant_id)
        if known is not None and at - known.at < KEPT_SECONDS:
            return known.paces
        policy = (await self._policies.current(session, tenant_id)).policy
        if known is None or at - known.handling_at >= HANDLING_KEPT_SECONDS:
            known = _Known({}, at, await _handling(session, now), at)
        known.paces, known.at = paces(policy, await staffed(session), known.handling), at
        self._known[tenant_id] = known
        return known.paces


async def _handling(session: AsyncSession, now: datetime) -> dict[Place, Handling]:
    rows = await handle_times(session, now)
    return {(row.queue, row.channel): Handling(row.samples, row.mean_us) for row in rows}
