"""Who is there for each queue: the basis of estimated waits and of lending (SEMANTICS §1.6)."""

from collections import Counter
from collections.abc import Mapping

from routing.entity import NOT_COUNTED, Agent, Counted
from routing.estimate import Estimate, completions_per_second, estimate
from routing.policy import Lending, Policy, Queue
from routing.state import QueueMeasured
from routing.waiting import Waiting


class Staffing:
    """Of each queue's own teams: who is signed in, and how much work those not on a break can hold at once.
    `changed` are the queues whose lending must be looked at again."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.measured: dict[str, QueueMeasured] = {}
        self.changed: dict[str, None] = dict.fromkeys(policy.lending_queues)
        self._signed_in: Counter[str] = Counter()
        self._at_once: Counter[tuple[str, str]] = Counter()

    def count(self, agent: Agent) -> None:
        """The agent's presence, profile or queues may have changed."""
        counted = self._counted(agent)
        if counted != agent.counted:
            self._add(agent.counted, -1)
            self._add(counted, 1)
            agent.counted = counted

    def measure(self, measured: QueueMeasured) -> None:
        self.measured[measured.queue] = measured
        self.changed[measured.queue] = None

    def estimate(self, queue: Queue, channel: str, position: int) -> Estimate | None:
        """For the `position`th in line, from 1; None without agents or a handling time."""
        at_once = self._at_once[queue.key, channel]
        return estimate(position, completions_per_second(at_once, self._handle_us(queue, channel)))

    def holding(self, queue: Queue, waiting: Mapping[str, int]) -> tuple[str, ...]:
        """The teams that the queue's work is lent to now; `waiting` counts it by channel."""
        held = [lending for lending in queue.lendings if self._holds(lending, queue, waiting)]
        return tuple(sorted({team for lending in held for team in lending.teams}))

    def _holds(self, lending: Lending, queue: Queue, waiting: Mapping[str, int]) -> bool:
        if lending.when == "nobody_signed_in":
            return not self._signed_in[queue.key]
        limit = lending.than or 0
        if lending.when == "service_level":
            measured = self.measured.get(queue.key)
            level = measured.service_level_ppm if measured else None
            return level is not None and level < limit
        return any(self._waits_longer(queue, channel, count, limit) for channel, count in waiting.items())

    def _waits_longer(self, queue: Queue, channel: str, count: int, limit_us: int) -> bool:
        found = self.estimate(queue, channel, count) if count else None
        return found is not None and found.p50_us > limit_us

    def _handle_us(self, queue: Queue, channel: str) -> int | None:
        measured = self.measured.get(queue.key)
        known = measured.handle_us.get(channel) if measured else None
        return known or queue.channels[channel].expected_handle_us

    def _counted(self, agent: Agent) -> Counted:
        if not agent.is_signed_in:
            return NOT_COUNTED
        queues = tuple(
            key for key, queue in self.policy.queues.items() if not agent.teams.isdisjoint(queue.own_teams)
        )
        at_once = {channel: agent.capacity.at_once(channel, units) for channel, units in agent.costs.items()}
        return True, agent.presence != "break", queues, at_once

    def _add(self, counted: Counted, sign: int) -> None:
        signed_in, works, queues, at_once = counted
        for queue in queues:
            self._signed_in[queue] += sign * signed_in
            if self.policy.queues[queue].lendings:
                self.changed[queue] = None
            if works:
                for channel, pieces in at_once.items():
                    self._at_once[queue, channel] += sign * pieces


def lend(staffing: Staffing, waiting: Waiting, counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Begin and end lending where the conditions turned; the queues for which they did."""
    turned = []
    for key in staffing.changed:
        queue = staffing.policy.queues.get(key)
        teams = staffing.holding(queue, counts.get(key, {})) if queue else ()
        if teams != waiting.lent.get(key, ()):
            waiting.lend(key, teams)
            turned.append(key)
    staffing.changed.clear()
    return turned
