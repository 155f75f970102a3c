"""A recorded stretch under another policy: the customers who really came and the agents who were really
there, before an engine with the rules that are asked about. Pure; what is taken as given: docs/replay.md."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any, Literal

from routing.conditions import Conditions
from routing.decision import Decision
from routing.engine import Engine
from routing.events import (
    InteractionCompleted,
    InteractionConnected,
    InteractionLeft,
    OfferAccepted,
    RoutingEvent,
)
from routing.history import History, Visit
from routing.policy import Policy
from routing.recent import Recent
from routing.state import AgentSnapshot, LegSnapshot, PolicyReplaced

MEASURED_EVERY_US = 60_000_000

Exit = Literal["answered", "abandoned", "flowed_out", "ended_by_us"]
Act = Callable[[Any, int], Sequence[RoutingEvent]]


@dataclass(slots=True)
class Outcome:
    """One queue entry and how it ended at `ended_at`; `exit` None: it still waits at the end. Times in
    microseconds since the epoch."""

    visit: Visit
    entered_at: int
    ended_at: int | None = None
    exit: Exit | None = None


def as_it_was(history: History, start: int, end: int) -> list[Outcome]:
    """The entries of the half-open interval as they really went."""
    entries = ((visit, visit.entered_at) for visit in history.visits)
    return [
        Outcome(visit, at, *_real_end(visit)) for visit, at in entries if at is not None and start <= at < end
    ]


def run(
    history: History,
    conditions: Conditions,
    policies: Sequence[tuple[int, Policy]],
    start: int,
    end: int,
    tick: Callable[[], object] = lambda: None,
) -> list[Outcome]:
    """The entries of the interval as they go under `policies`, the first of which is in force from `start`.
    `tick` is called for each that comes. Raises what `conditions` raises."""
    rerun = _Rerun(history, conditions, policies, start, end, tick)
    rerun.play()
    return rerun.outcomes


@dataclass(slots=True)
class _Work:
    """`turn` makes void what was planned before its last change; `done_at` is when the agent is through with
    it, `left_us` what remains to do while it is held."""

    outcome: Outcome
    agent: str = ""
    turn: int = 0
    done_at: int = 0
    left_us: int = 0


class _Rerun:
    """A plan of what happens by itself, and an engine whose decisions add to it."""

    def __init__(
        self,
        history: History,
        conditions: Conditions,
        policies: Sequence[tuple[int, Policy]],
        start: int,
        end: int,
        tick: Callable[[], object],
    ) -> None:
        self.outcomes: list[Outcome] = []
        self._conditions, self._start, self._end, self._tick = conditions, start, end, tick
        self._engine = Engine(policies[0][1])
        self._plan: list[tuple[int, int, Act, Any]] = []
        self._serial = 0
        self._work: dict[str, _Work] = {}
        self._next: dict[str, Visit] = {}
        self._agents: dict[str, AgentSnapshot] = {}
        self._recent = {
            key: Recent(policy.queues[key]) for _, policy in policies for key in policy.lending_queues
        }
        if self._recent:
            self._at(start, self._measure, None)
        for at, policy in policies[1:]:
            self._at(at, self._replace, policy)
        for at, presence in _since(start, history):
            self._at(at, self._present, (at, presence))
        for visit in history.visits:
            self._schedule(visit)

    def play(self) -> None:
        while (at := self._due()) < self._end:
            events: list[RoutingEvent] = []
            while self._plan and self._plan[0][0] <= at:
                _, _, act, whom = heappop(self._plan)
                events += act(whom, at)
            for decision in self._engine.apply(events, at):
                self._follow(decision, at)

    def _due(self) -> int:
        deadline = self._engine.next_deadline()
        planned = self._plan[0][0] if self._plan else self._end
        return planned if deadline is None else min(planned, deadline)

    def _at(self, at: int, act: Act, whom: Any) -> None:
        self._serial += 1
        heappush(self._plan, (max(at, self._start), self._serial, act, whom))

    # ---- what comes by itself

    def _schedule(self, visit: Visit) -> None:
        """What follows another visit waits for that one, unless that is over already when we begin."""
        if self._is_open(visit):
            if visit.after is not None and self._is_open(visit.after):
                self._next[visit.after.id] = visit
            else:
                self._at(visit.entered_at or self._start, self._arrive, visit)
        elif visit.answered_at is not None and (visit.ended_at is None or visit.ended_at > self._start):
            self._at(visit.answered_at, self._pin, visit)

    def _is_open(self, visit: Visit) -> bool:
        """Whether it waits, or comes, after we begin."""
        if visit.entered_at is None:
            return False
        return all(at is None or at >= self._start for at in (visit.answered_at, visit.left_at))

    def _replace(self, policy: Policy, _now: int) -> list[RoutingEvent]:
        return [PolicyReplaced(policy)]

    def _measure(self, _whom: None, now: int) -> list[RoutingEvent]:
        """What lending asks for, once a minute: how the queues do under these policies."""
        self._at(now + MEASURED_EVERY_US, self._measure, None)
        return [recent.measured(now) for recent in self._recent.values()]

    def _present(self, told: tuple[int, AgentSnapshot], _now: int) -> list[RoutingEvent]:
        """The agent as the record has them, idle since what happened here."""
        at, presence = told
        known = self._agents.get(presence.id)
        idle_since = known.idle_since if known else at
        if known is not None and known.presence != presence.presence:
            idle_since = max(idle_since, at)
        accepted = known.last_accepted_at if known else None
        self._agents[presence.id] = presence._replace(
            version=self._serial, idle_since=idle_since, last_accepted_at=accepted
        )
        self._serial += 1
        return [self._agents[presence.id]]

    def _pin(self, visit: Visit, now: int) -> list[RoutingEvent]:
        """An agent's work that was begun before us, or never waited: it lasts as long as it did."""
        assert visit.agent is not None, "somebody answered it"
        leg = LegSnapshot(visit.id, visit.agent, "active", visit.units, accepted_at=visit.answered_at)
        work = self._work[visit.id] = _Work(Outcome(visit, now), visit.agent)
        if visit.ended_at is not None:
            self._at(visit.ended_at, self._complete, (work, work.turn))
        return [visit.entry._replace(id=visit.id, version=1, state="active", legs=(leg,), age_since=None)]

    # ---- customers

    def _arrive(self, visit: Visit, now: int) -> list[RoutingEvent]:
        self._tick()
        was_there = visit.entered_at is not None and visit.entered_at < self._start
        entered = visit.entered_at if was_there and visit.entered_at is not None else now
        work = self._work[visit.id] = _Work(Outcome(visit, entered))
        if not was_there:
            self.outcomes.append(work.outcome)
        leaves = self._conditions.leaves_after(visit)
        if leaves is not None:
            self._at(entered + leaves, self._leave, work)
        entry = visit.entry._replace(
            id=visit.id, version=1, state="queued", legs=(), excluded=(), force=False
        )
        return [entry._replace(entered_at=entered, age_since=entered)]

    def _leave(self, work: _Work, now: int) -> list[RoutingEvent]:
        """The customer goes, or we take it away as we did, if nobody has answered."""
        outcome = work.outcome
        if outcome.exit is not None:
            return []
        _, really = _real_end(outcome.visit)
        outcome.ended_at = now
        outcome.exit = "abandoned" if really is None or really == "answered" else really
        work.turn += 1
        if outcome.exit == "flowed_out":
            self._go_on(outcome.visit, now)
        elif outcome.exit == "abandoned":
            self._count(outcome, in_time=False)
        return [InteractionLeft(outcome.visit.id)]

    def _count(self, outcome: Outcome, in_time: bool) -> None:
        recent = self._recent.get(outcome.visit.entry.queue)
        if recent is not None and outcome.ended_at is not None:
            recent.ended(in_time, outcome.ended_at)

    def _go_on(self, visit: Visit, at: int) -> None:
        """The interaction's next visit, if it had one."""
        if visit.id in self._next:
            self._at(at, self._arrive, self._next.pop(visit.id))

    # ---- agents

    def _follow(self, decision: Decision, now: int) -> None:
        work = self._work.get(decision.interaction or "")
        if work is None or decision.kind == "ignored":
            return
        work.turn += 1
        if decision.kind == "offer":
            ring = self._conditions.ring_us(work.outcome.visit)
            answers = now + ring if decision.deadline is None else min(now + ring, decision.deadline)
            work.agent = decision.agent or ""
            self._at(answers, self._accept, (work, work.turn))
        elif decision.kind == "hold":
            work.left_us = work.done_at - now
        elif decision.kind == "resume":
            self._finish_at(work, now + work.left_us)

    def _accept(self, planned: tuple[_Work, int], now: int) -> list[RoutingEvent]:
        work, turn = planned
        if work.turn != turn:
            return []
        outcome, visit = work.outcome, work.outcome.visit
        outcome.ended_at, outcome.exit = now, "answered"
        self._count(outcome, self._conditions.is_in_time(visit, now - outcome.entered_at))
        if work.agent in self._agents:
            self._agents[work.agent] = self._agents[work.agent]._replace(last_accepted_at=now)
        self._finish_at(work, now + self._conditions.handle_us(visit))
        following = self._next.get(visit.id)
        if following is not None and visit.answered_at is not None and following.entered_at is not None:
            self._go_on(visit, now + following.entered_at - visit.answered_at)
        accepted = OfferAccepted(visit.id, work.agent)
        if visit.entry.channel == "voice":
            return [accepted, InteractionConnected(visit.id, work.agent)]
        return [accepted]

    def _finish_at(self, work: _Work, at: int) -> None:
        work.done_at = at
        self._at(at, self._complete, (work, work.turn))

    def _complete(self, planned: tuple[_Work, int], now: int) -> list[RoutingEvent]:
        work, turn = planned
        if work.turn != turn:
            return []
        visit, answered_at = work.outcome.visit, work.outcome.ended_at
        if visit.entry.queue in self._recent and answered_at is not None:
            self._recent[visit.entry.queue].handled(visit.entry.channel, now - answered_at, now)
        if work.agent in self._agents:
            self._agents[work.agent] = self._agents[work.agent]._replace(idle_since=now)
        return [InteractionCompleted(visit.id, work.agent)]


def _since(start: int, history: History) -> list[tuple[int, AgentSnapshot]]:
    """Each agent as they were at the start, and every change since."""
    first: dict[str, tuple[int, AgentSnapshot]] = {}
    for at, presence in history.presences:
        if at <= start:
            first[presence.id] = (at, presence)
    return [*first.values(), *((at, known) for at, known in history.presences if at > start)]


def _real_end(visit: Visit) -> tuple[int | None, Exit | None]:
    if visit.answered_at is not None:
        return visit.answered_at, "answered"
    if visit.left_at is None:
        return None, None
    if visit.abandoned:
        return visit.left_at, "abandoned"
    return visit.left_at, "flowed_out" if visit.moved_on else "ended_by_us"
