"""Who serves whom. Pure: the caller passes every time; ties break by id."""

from collections.abc import Collection, Mapping, Sequence

from routing.deadlines import fire
from routing.decision import Decision
from routing.estimate import Estimate
from routing.events import RoutingEvent
from routing.explain import Candidates, Explanation, candidates, explain
from routing.export import snapshots
from routing.instant import arranged
from routing.intake import apply_event, withdraw_told
from routing.look import Look, look, overtakes, turns
from routing.matching import match
from routing.policy import Policy
from routing.state import QueueMeasured, Snapshot
from routing.world import World


class Engine:
    """One tenant's routing. The same policy, events and times give the same decisions, byte for byte."""

    def __init__(self, policy: Policy) -> None:
        self._world = World(policy)

    def apply(self, events: Sequence[RoutingEvent], now: int) -> Sequence[Decision]:
        """A whole instant: the events as a set, the deadlines due, then one matching.

        `now` in microseconds; raises ValueError when it goes backwards. An offer decided here is taken to
        stand until a snapshot says otherwise.
        """
        world = self._world
        world.begin(now)
        for event in arranged(events) if len(events) > 1 else events:
            apply_event(world, event, now)
        if world.told:
            withdraw_told(world)
        if world.lapsed or world.timers.is_due(now):
            fire(world, now)
        match(world, now)
        return world.decisions

    def snapshots(self) -> list[Snapshot | QueueMeasured]:
        """All that is known, agents first, by id: another engine of this policy that is given them at the
        time of the last `apply` decides from then on as this one does."""
        return snapshots(self._world)

    def explain(self, interaction_id: str, now: int) -> Explanation:
        """Why it waits (or who has it) at `now`. Raises KeyError for an unknown interaction or queue.

        Looks at every agent once, and at all that waits in the queue: for people who ask, not for each event.
        """
        return explain(self._world, self._world.items[interaction_id], now)

    def candidates(self, offer: Decision) -> Candidates:
        """Who else could have got an offer of the latest `apply`, as things stood when it was made.

        Looks at the members of the queue's teams, some microseconds each. Raises KeyError for any other.
        """
        if offer.kind != "offer" or offer.at != self._world.now:
            raise KeyError(f"no offer of the latest instant: {offer}")
        return candidates(self._world, offer)

    def estimated_wait(self, queue: str, channel: str, position: int) -> Estimate | None:
        """How long the `position`th in line, from 1, will wait; None without agents or a handling time.
        Raises KeyError for an unknown queue."""
        return self._world.staffing.estimate(self._world.policy.queues[queue], channel, position)

    def look(self, now: int) -> Look:
        """What must not be: work that waits beside somebody who may take it; and how long it waits for room.

        Looks at what waits and at who is available: some milliseconds at most, for once a second."""
        return look(self._world, now)

    def overtakes(self, offer: Decision) -> bool:
        """Whether an offer of the latest `apply` went before other work by more than its head start."""
        return overtakes(self._world, offer)

    def turns(self, interactions: Collection[str]) -> Mapping[str, int]:
        """Of each, how many of its queue are served until it has been: 1 for the first."""
        return turns(self._world, interactions)

    def next_deadline(self) -> int | None:
        """When `apply` must be called at the latest, even without events."""
        return self._world.timers.next_due()
