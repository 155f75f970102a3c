"""The engine on generated traffic: customers come, wait and leave, agents accept what they are offered.

Pure: time is simulated, and all chance comes from generators seeded by the scenario. Every stream has its own
for each purpose, and what befalls an interaction is drawn when it comes: another policy or another staff
meets the very same customers.
"""

from collections.abc import Callable, Iterator, Sequence
from heapq import heappop, heappush
from random import Random
from typing import Any

from routing.decision import Decision
from routing.engine import Engine
from routing.events import (
    AgentAvailable,
    AgentUnavailable,
    InteractionCompleted,
    InteractionConnected,
    InteractionLeft,
    InteractionQueued,
    OfferAccepted,
    RoutingEvent,
)
from routing.policy import Policy
from routing.recent import Recent
from routing.scenario import Attendance, Scenario, Stream
from routing.state import AgentSnapshot
from routing.tally import Seat, Tally, occupancy, wait_probability
from routing.traffic import arrivals

MEASURED_EVERY_US = 60_000_000

_MEASURE, _ACCEPT, _ATTEND, _COMPLETE, _LEAVE, _ARRIVE = range(6)
"""The order of what happens at one instant, the engine's own."""

Happening = tuple[int, int, int, Callable[[Any, int], None], Any]
"""(at, order, serial, what happens, to whom)."""


class Source:
    """A stream with its generators and what it counts. `connects`: an accepted call must be bridged; here it
    is at once. `recent` is its queue's, if that lends."""

    __slots__ = ("comes", "connects", "counted", "handle", "patience", "recent", "stream", "wrap_up")

    def __init__(
        self, stream: Stream, policy: Policy, recent: Recent | None, starts_at: int, name: str
    ) -> None:
        self.stream = stream
        self.recent = recent
        self.connects = policy.queues[stream.queue].channels[stream.channel].connect_us is not None
        self.counted = Tally()
        comes, self.handle, self.wrap_up, self.patience = (
            Random(f"{name} {purpose}")  # noqa: S311
            for purpose in ("arrivals", "handle", "wrap-up", "patience")
        )
        self.comes: Iterator[int] = arrivals(starts_at, stream.stretches, comes)


class Interaction:
    """An interaction under way. `accepts_at` and `ends_at` say which happening counts. `works_us` is the work
    that is left while nobody does it."""

    __slots__ = (
        "accepts_at", "answered_at", "came_at", "ends_at", "id", "seat", "source", "tally", "works_us",
    )  # fmt: skip

    def __init__(self, id: str, came_at: int, source: Source, tally: Tally, works_us: int) -> None:  # noqa: A002
        self.id = id
        self.came_at = came_at
        self.source = source
        self.tally = tally
        self.works_us = works_us
        self.accepts_at: int | None = None
        self.ends_at: int | None = None
        self.answered_at: int | None = None
        self.seat: Seat | None = None


class Simulation:
    """One run. `events` counts what the engine was told."""

    def __init__(self, scenario: Scenario, policy: Policy, agents: Sequence[AgentSnapshot]) -> None:
        self.events = 0
        self._scenario = scenario
        self._tiers = tuple(policy.tiers)
        self._engine = Engine(policy)
        self._heap: list[Happening] = []
        self._serial = self._arrived = 0
        self._told: list[RoutingEvent] = []
        self._came: list[tuple[Interaction, int]] = []
        self._items: dict[str, Interaction] = {}
        self._before = Tally()
        self._seats = {agent.id: Seat(agent.id, scenario.counts_from) for agent in agents}
        self._recent = {key: Recent(policy.queues[key]) for key in policy.lending_queues}
        self._sources = [
            Source(
                stream, policy, self._recent.get(stream.queue), scenario.starts_at, f"{scenario.seed} {index}"
            )
            for index, stream in enumerate(scenario.streams)
        ]
        self._engine.apply(agents, scenario.starts_at)
        if self._recent:
            self._push(scenario.starts_at + MEASURED_EVERY_US, _MEASURE, self._measure, None)
        for attendance in scenario.attendances:
            self._push(attendance.at, _ATTEND, self._attend, attendance)
        for source in self._sources:
            self._next_arrival(source)

    def advance(self, until: int) -> None:
        """Play everything before `until`."""
        heap, engine = self._heap, self._engine
        while True:
            at = engine.next_deadline()
            if heap and (at is None or heap[0][0] < at):
                at = heap[0][0]
            if at is None or at >= until:
                return
            while heap and heap[0][0] == at:
                _, _, _, happen, whom = heappop(heap)
                happen(whom, at)
            self._tell(at)

    def result(self) -> dict[str, Any]:
        """The figures as of the scenario's end, which must have been reached."""
        for seat in self._seats.values():
            seat.settle(self._scenario.ends_at)
        tallies = [source.counted for source in self._sources]
        return {
            "queues": {queue: self._of_queue(queue) for queue in sorted(self._queues())},
            "occupancy": occupancy(self._seats.values()),
            "wait_probability": wait_probability(tallies, self._scenario.accept_after_us),
            "events": self.events,
        }

    def _queues(self) -> set[str]:
        return {source.stream.queue for source in self._sources}

    def _of_queue(self, queue: str) -> dict[str, Any]:
        by_tier: dict[str, list[Tally]] = {}
        for source in self._sources:
            if source.stream.queue == queue:
                by_tier.setdefault(source.stream.tier or "", []).append(source.counted)
        tiers = {tier: Tally.sum(tallies) for tier, tallies in by_tier.items()}
        return {
            **Tally.sum(tiers.values()).figures(),
            "by_tier": {tier: tiers[tier].figures() for tier in self._tiers if tier in tiers},
        }

    # ---- what happens

    def _push(self, at: int, order: int, happen: Callable[[Any, int], None], whom: Any) -> None:
        self._serial += 1
        heappush(self._heap, (at, order, self._serial, happen, whom))

    def _next_arrival(self, source: Source) -> None:
        comes_at = next(source.comes, None)
        if comes_at is not None:
            self._push(comes_at, _ARRIVE, self._arrive, source)

    def _arrive(self, source: Source, at: int) -> None:
        stream = source.stream
        tally = source.counted if at >= self._scenario.counts_from else self._before
        tally.offered += 1
        works_us = stream.handle.draw(source.handle) + stream.wrap_up.draw(source.wrap_up)
        self._arrived += 1
        item = Interaction(f"{self._arrived:012}", at, source, tally, works_us)
        self._items[item.id] = item
        if stream.patience is not None:
            self._came.append((item, at + stream.patience.draw(source.patience)))
        self._told.append(
            InteractionQueued(item.id, stream.queue, stream.channel, stream.tier, stream.requirement)
        )
        self._next_arrival(source)

    def _measure(self, _: None, at: int) -> None:
        """What queues that lend did lately, as the live service tells it the engine."""
        self._told += [recent.measured(at) for recent in self._recent.values()]
        self._push(at + MEASURED_EVERY_US, _MEASURE, self._measure, None)

    def _leave(self, item: Interaction, at: int) -> None:
        if item.answered_at is not None:
            return
        if at - item.came_at < item.source.stream.short_abandon_us:
            item.tally.short_abandoned += 1
        else:
            item.tally.abandoned += 1
            if item.source.recent is not None:
                item.source.recent.ended(in_time=False, at=at)
        self._withdraw(item, at)
        del self._items[item.id]
        self._told.append(InteractionLeft(item.id))

    def _accept(self, item: Interaction, at: int) -> None:
        if item.accepts_at == at and item.seat is not None:
            item.accepts_at = None
            item.seat.settle(at)
            item.seat.offers -= 1
            self._answer(item, item.seat, at)

    def _answer(self, item: Interaction, seat: Seat, at: int) -> None:
        seat.settle(at)
        seat.in_hand += 1
        seat.answered_at = at
        item.answered_at = at
        in_time = at - item.came_at <= item.source.stream.service_level_us
        item.tally.answer(at - item.came_at, in_time)
        if item.source.recent is not None:
            item.source.recent.ended(in_time, at)
        self._told.append(OfferAccepted(item.id, seat.agent))
        if item.source.connects:
            self._told.append(InteractionConnected(item.id, seat.agent))
        self._work(item, at)

    def _work(self, item: Interaction, at: int) -> None:
        item.ends_at = at + item.works_us
        self._push(item.ends_at, _COMPLETE, self._complete, item)

    def _complete(self, item: Interaction, at: int) -> None:
        """What the agent answers at this very instant may interrupt it: then it ends a microsecond later."""
        seat = item.seat
        if item.ends_at != at or seat is None:
            return
        if seat.answered_at == at and item.works_us:
            item.works_us = 1
            self._work(item, at)
        else:
            seat.settle(at)
            seat.in_hand -= 1
            del self._items[item.id]
            self._told.append(InteractionCompleted(item.id, seat.agent))
            if item.source.recent is not None and item.answered_at is not None:
                item.source.recent.handled(item.source.stream.channel, at - item.answered_at, at)

    def _attend(self, attendance: Attendance, at: int) -> None:
        seat = self._seats[attendance.agent]
        seat.settle(at)
        seat.is_there = attendance.is_there
        agent = attendance.agent
        self._told.append(AgentAvailable(agent) if seat.is_there else AgentUnavailable(agent, "offline"))

    # ---- what the engine is told, and decides

    def _tell(self, at: int) -> None:
        """What is accepted at once is told next, at the same instant."""
        apply, heed = self._engine.apply, self._heed
        while True:
            told, self._told = self._told, []
            self.events += len(told)
            for decision in apply(told, at):
                heed[decision.kind](self, decision, at)
            if self._came:
                self._let_wait()
            if not self._told:
                return

    def _let_wait(self) -> None:
        for item, leaves_at in self._came:
            if item.answered_at is None:
                self._push(leaves_at, _LEAVE, self._leave, item)
        self._came.clear()

    def _offered(self, decision: Decision, at: int) -> None:
        item = self._items[decision.interaction or ""]
        seat = item.seat = self._seats[decision.agent or ""]
        if self._scenario.accept_after_us:
            seat.settle(at)
            seat.offers += 1
            item.accepts_at = at + self._scenario.accept_after_us
            self._push(item.accepts_at, _ACCEPT, self._accept, item)
        else:
            self._answer(item, seat, at)

    def _revoked(self, decision: Decision, at: int) -> None:
        item = self._items.get(decision.interaction or "")
        if item is not None:
            self._withdraw(item, at)

    @staticmethod
    def _withdraw(item: Interaction, at: int) -> None:
        """The offer, if there is one, is no more."""
        if item.accepts_at is not None and item.seat is not None:
            item.accepts_at = None
            item.seat.settle(at)
            item.seat.offers -= 1
            item.seat = None

    def _held(self, decision: Decision, at: int) -> None:
        """Work of a more urgent channel interrupts it."""
        item = self._items[decision.interaction or ""]
        if item.ends_at is not None:
            item.works_us, item.ends_at = item.ends_at - at, None

    def _resumed(self, decision: Decision, at: int) -> None:
        self._work(self._items[decision.interaction or ""], at)

    _heed = {"offer": _offered, "revoke": _revoked, "hold": _held, "resume": _resumed}
