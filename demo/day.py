"""A recorded day of the company: yesterday's customers and agents before the company's own engine, written
down as the worker writes its journal. From a fixed seed."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any, NamedTuple
from uuid import UUID

from demo.people import SEED, Person
from routing.decision import Decision
from routing.engine import Engine
from routing.policy import Policy
from routing.record import recorded_document
from routing.state import AgentSnapshot, InteractionSnapshot, LegSnapshot, Snapshot
from routing.traffic import Exponential, Lognormal, arrivals

SECOND = 1_000_000
MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
OPENS, CLOSES = 9, 18
BUSY = (0.7, 1.0, 1.1, 0.85, 0.9, 1.05, 1.1, 0.9, 0.6)
"""How busy each opening hour is."""
TOLD_US = 8_000
"""From a decision to the fact that comes back of it."""
BRIDGED_US = 1_200_000
MISSED = 0.03


class Line(NamedTuple):
    """One kind of contact, so many an hour when it is busy. Handling is talk and wrap-up."""

    queue: str
    channel: str
    an_hour: float
    handle: Lognormal
    patience: Exponential | None


LINES = (
    Line("orders", "voice", 62, Lognormal.of(190 * SECOND, 110 * SECOND), Exponential(240 * SECOND)),
    Line("orders", "chat", 34, Lognormal.of(330 * SECOND, 160 * SECOND), Exponential(420 * SECOND)),
    Line("repairs", "voice", 22, Lognormal.of(260 * SECOND, 140 * SECOND), Exponential(300 * SECOND)),
    Line("billing", "voice", 15, Lognormal.of(170 * SECOND, 80 * SECOND), Exponential(240 * SECOND)),
    Line("billing", "email", 9, Lognormal.of(300 * SECOND, 150 * SECOND), None),
)


class Entry(NamedTuple):
    """A row of the journal."""

    kind: str
    now_us: int
    document: dict[str, Any]
    decision_count: int


@dataclass(slots=True)
class Contact:
    """`known` is its latest state; `handle_us` is how long it will take, wrap-up included."""

    known: InteractionSnapshot
    handle_us: int

    def become(self, state: str, *legs: LegSnapshot, **changed: Any) -> InteractionSnapshot:
        self.known = self.known._replace(
            version=self.known.version + 1, state=state, legs=tuple(legs), **changed
        )
        return self.known


Act = Callable[[Any, int], Sequence[Snapshot]]


class Day:
    """`start` is midnight in microseconds since the epoch; `agents` as they were then, at home."""

    def __init__(
        self, policy: Policy, agents: Sequence[AgentSnapshot], people: Sequence[Person], start: int
    ) -> None:
        self._policy, self._start, self._people = policy, start, people
        self._chance = random.Random(SEED + 4)  # noqa: S311 - not a secret
        self._engine = Engine(policy)
        self._agents = {agent.id: agent for agent in sorted(agents, key=lambda agent: agent.key)}
        self._contacts: dict[str, Contact] = {}
        self._plan: list[tuple[int, int, Act, Any]] = []
        self._serial = 0

    def entries(self) -> Iterator[Entry]:
        """The day's journal, from its rebuild on."""
        yield self._entry("rebuild", 0, self._start, list(self._agents.values()))
        for agent in self._agents:
            self._plan_shift(agent)
        for line in LINES:
            self._plan_contacts(line)
        number = 0
        while self._plan:
            at = self._due()
            told: list[Snapshot] = []
            while self._plan and self._plan[0][0] <= at:
                _, _, act, whom = heappop(self._plan)
                told += act(whom, at)
            number += 1
            yield self._entry("batch", number, at, told)

    def _due(self) -> int:
        deadline = self._engine.next_deadline()
        planned = self._plan[0][0]
        return planned if deadline is None else min(planned, deadline)

    def _entry(self, kind: str, number: int, at: int, told: Sequence[Snapshot]) -> Entry:
        decisions = self._engine.apply(told, at)
        for decision in decisions:
            self._follow(decision, at)
        document = recorded_document(self._policy.version, number, told, decisions)
        return Entry(kind, at, document, len(decisions))

    def _at(self, at: int, act: Act, whom: Any) -> None:
        self._serial += 1
        heappush(self._plan, (at, self._serial, act, whom))

    def _within(self, low: float, high: float) -> int:
        return round(self._chance.uniform(low, high) * SECOND)

    # ---- agents

    def _plan_shift(self, agent: str) -> None:
        """Come before nine, lunch, a coffee, go after six."""
        day = self._start
        comes = day + OPENS * HOUR - self._within(0, 900)
        lunch = day + 11 * HOUR + self._within(1800, 9000)
        coffee = day + 15 * HOUR + self._within(0, 5400)
        self._at(comes, self._present, (agent, "available", None))
        for begins, length, why in ((lunch, 2400, "lunch"), (coffee, 600, "coffee")):
            self._at(begins, self._present, (agent, "break", why))
            over = begins + self._within(length * 0.8, length * 1.2)
            self._at(over, self._present, (agent, "available", None))
        self._at(day + CLOSES * HOUR + self._within(900, 2700), self._present, (agent, "offline", None))

    def _present(self, told: tuple[str, Any, str | None], at: int) -> list[Snapshot]:
        agent, presence, reason = told
        known = self._agents[agent]
        if presence == "available" and known.presence == "offline" and at > self._start + CLOSES * HOUR:
            return []
        idle_since = at if presence == "available" else known.idle_since
        is_here = presence != "offline"
        chosen = {"presence": presence, "presence_reason": reason, "lease": is_here, "connected": is_here}
        return [self._changed(agent, idle_since=idle_since, **chosen)]

    def _changed(self, agent: str, **changed: Any) -> AgentSnapshot:
        known = self._agents[agent]
        self._agents[agent] = known._replace(version=known.version + 1, **changed)
        return self._agents[agent]

    # ---- customers

    def _plan_contacts(self, line: Line) -> None:
        stretches = [
            (self._start + (OPENS + hour + 1) * HOUR, line.an_hour * busy / HOUR)
            for hour, busy in enumerate(BUSY)
        ]
        for at in arrivals(self._start + OPENS * HOUR, stretches, self._chance):
            self._at(at, self._arrive, line)

    def _arrive(self, line: Line, at: int) -> list[Snapshot]:
        person = self._chance.choice(self._people)
        known = InteractionSnapshot(
            id=self._new_id(), version=1, state="queued", queue=line.queue, channel=line.channel,
            tier=person.tier, age_since=at, entered_at=at,
        )  # fmt: skip
        contact = self._contacts[known.id] = Contact(known, line.handle.draw(self._chance))
        if line.patience is not None:
            self._at(at + line.patience.draw(self._chance), self._leave, contact)
        return [known]

    def _new_id(self) -> str:
        return str(UUID(int=self._chance.getrandbits(128), version=4))

    def _leave(self, contact: Contact, at: int) -> list[Snapshot]:
        if contact.known.state not in ("queued", "offered", "connecting"):
            return []
        return [contact.become("abandoned", age_since=None)]

    # ---- what the engine decides, and what comes of it

    def _follow(self, decision: Decision, at: int) -> None:
        contact = self._contacts[decision.interaction or ""]
        agent = decision.agent or ""
        if decision.kind == "offer":
            return self._offer(contact, decision, at)
        if decision.kind in ("hold", "resume"):
            return None
        contact.become("queued")
        self._at(at + TOLD_US, self._tell, (contact, contact.known.version))
        if decision.kind == "missed":
            self._at(at + TOLD_US, self._present, (agent, "not_responding", "missed"))
            self._at(at + self._within(15, 60), self._present, (agent, "available", None))
        return None

    def _offer(self, contact: Contact, decision: Decision, at: int) -> None:
        leg = LegSnapshot(
            self._new_id(), decision.agent or "", "offered", decision.units, deadline=decision.deadline
        )
        version = contact.become("offered", leg).version
        self._at(at + TOLD_US, self._tell, (contact, version))
        if self._chance.random() >= MISSED:
            self._at(at + self._within(1.5, 6), self._accept, (contact, version))

    def _tell(self, told: tuple[Contact, int], _at: int) -> list[Snapshot]:
        contact, version = told
        return [contact.known] if contact.known.version == version else []

    def _accept(self, told: tuple[Contact, int], at: int) -> list[Snapshot]:
        contact, version = told
        if contact.known.version != version:
            return []
        [leg] = contact.known.legs
        if contact.known.channel == "voice":
            bridged_by = at + 15 * SECOND
            contact.become(
                "connecting", leg._replace(state="connecting", accepted_at=at, deadline=bridged_by)
            )
            self._at(at + BRIDGED_US, self._answer, (contact, contact.known.version))
            return [contact.known, self._changed(leg.agent, last_accepted_at=at)]
        return [*self._answer((contact, version), at), self._changed(leg.agent, last_accepted_at=at)]

    def _answer(self, told: tuple[Contact, int], at: int) -> list[Snapshot]:
        contact, version = told
        if contact.known.version != version:
            return []
        [leg] = contact.known.legs
        active = leg._replace(state="active", accepted_at=leg.accepted_at or at, deadline=None)
        waited = at - (contact.known.age_since or at)
        contact.become("active", active, age_us=waited, age_since=None)
        self._at(at + max(contact.handle_us - 20 * SECOND, SECOND), self._wrap_up, contact)
        return [contact.known]

    def _wrap_up(self, contact: Contact, at: int) -> list[Snapshot]:
        [leg] = contact.known.legs
        self._at(at + 20 * SECOND, self._close, contact)
        return [contact.become("wrap_up", leg._replace(state="wrap_up"))]

    def _close(self, contact: Contact, at: int) -> list[Snapshot]:
        [leg] = contact.known.legs
        return [contact.become("closed"), self._changed(leg.agent, idle_since=at)]
