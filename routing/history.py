"""What a record says of customers and agents, whatever the policy was: who came when, how long they were
willing to wait, how long their work took, and who was there to do it. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from routing.events import RoutingEvent
from routing.state import AgentRemoved, AgentSnapshot, InteractionSnapshot

WAITING = frozenset({"queued", "offered", "connecting", "callback_waiting"})
FINAL = frozenset({"closed", "abandoned"})


@dataclass(slots=True)
class Visit:
    """One stay in a queue and what followed at the agent's, as it really was. Times in microseconds since the
    epoch. `entered_at` None: an agent's work that never waited. `ring_us` is the time from offer to answer,
    `ended_at` the end of wrap-up; `left_at`: it stopped waiting without an answer, because the customer
    `abandoned`, or by us. `after` is the visit before it of the same interaction."""

    id: str
    entry: InteractionSnapshot
    entered_at: int | None
    after: "Visit | None" = None
    leg: str | None = None
    agent: str | None = None
    units: int = 0
    offered_at: int | None = None
    ring_us: int | None = None
    answered_at: int | None = None
    ended_at: int | None = None
    left_at: int | None = None
    abandoned: bool = False
    moved_on: bool = False

    @property
    def handle_us(self) -> int | None:
        """From the answer to the end of wrap-up."""
        if self.answered_at is None or self.ended_at is None:
            return None
        return self.ended_at - self.answered_at

    def waited_us(self, now: int) -> int:
        """Until the answer, the leaving, or `now`."""
        assert self.entered_at is not None, "work that never waited"
        ends = (self.answered_at, self.left_at, now)
        return next(at for at in ends if at is not None) - self.entered_at


@dataclass
class History:
    """`presences`: each change of what an agent may be offered; `policies`: the versions in force, each from
    when; `ends_at`: the last instant of the record."""

    visits: list[Visit] = field(default_factory=list)
    presences: list[tuple[int, AgentSnapshot]] = field(default_factory=list)
    policies: list[tuple[int, int]] = field(default_factory=list)
    ends_at: int = 0


class Reader:
    """Feed it the inputs of all instants in their order, then take `history`."""

    def __init__(self) -> None:
        self.history = History()
        self._latest: dict[str, list[Visit]] = defaultdict(list)
        self._agents: dict[str, AgentSnapshot] = {}

    def feed(
        self, at: int, policy_version: int, events: Iterable[RoutingEvent], offered: Iterable[str] = ()
    ) -> None:
        """One instant. `offered` are the interactions that the engine offered then."""
        self.history.ends_at = at
        policies = self.history.policies
        if not policies or policies[-1][1] != policy_version:
            policies.append((at, policy_version))
        for event in events:
            self._hear(at, event)
        for interaction in offered:
            if self._latest[interaction]:
                self._latest[interaction][-1].offered_at = at

    def _hear(self, at: int, event: RoutingEvent) -> None:
        if isinstance(event, InteractionSnapshot):
            self._interaction(at, event)
        elif isinstance(event, AgentSnapshot):
            self._agent(at, event)
        elif isinstance(event, AgentRemoved):
            self._gone(at, event)

    def _agent(self, at: int, snapshot: AgentSnapshot) -> None:
        """Whoever is away is away, however they left: what they hold, they finish."""
        present = snapshot.presence if snapshot.lease else "offline"
        known = snapshot._replace(
            presence=present, version=0, force=False, idle_since=0, last_accepted_at=None, lease_lost_at=None
        )
        if self._agents.get(snapshot.id) != known:
            self._agents[snapshot.id] = known
            self.history.presences.append((at, known))

    def _gone(self, at: int, removed: AgentRemoved) -> None:
        known = self._agents.get(removed.id)
        if known is not None and known.teams:
            self._agents[removed.id] = known._replace(presence="offline", lease=False, teams=())
            self.history.presences.append((at, self._agents[removed.id]))

    def _interaction(self, at: int, told: InteractionSnapshot) -> None:
        visits = self._latest[told.id]
        if self._is_new(visits, told):
            visits.append(self._begin(at, visits, told))
        for visit in visits:
            _settle(visit, at, told)
        if visits and told.state in FINAL and not told.legs:
            del self._latest[told.id]
        else:
            self._latest[told.id] = [v for v in visits if v is visits[-1] or v.ended_at is None]

    def _is_new(self, visits: Sequence[Visit], told: InteractionSnapshot) -> bool:
        """It entered a queue, or is an agent's work that we have not heard of."""
        if told.state in WAITING:
            return not visits or visits[-1].entered_at != told.entered_at
        return not visits and any(leg.role == "primary" for leg in told.legs)

    def _begin(self, at: int, visits: Sequence[Visit], told: InteractionSnapshot) -> Visit:
        before = visits[-1] if visits else None
        number = 1 if before is None else int(before.id.rpartition("/")[2]) + 1
        waits = told.state in WAITING
        entered_at = (told.entered_at or at) if waits else None
        visit = Visit(f"{told.id}/{number}", told, entered_at, before)
        if before is not None and before.answered_at is None and before.left_at is None:
            before.left_at, before.moved_on = entered_at, True
        self.history.visits.append(visit)
        return visit


def _settle(visit: Visit, at: int, told: InteractionSnapshot) -> None:
    """What this snapshot says about one of the interaction's visits."""
    if visit.left_at is not None or visit.ended_at is not None:
        return
    if visit.answered_at is not None:
        if all(leg.id != visit.leg for leg in told.legs):
            visit.ended_at = at
        return
    leg = next((leg for leg in told.legs if leg.role == "primary"), None)
    if leg is not None:
        visit.leg, visit.agent, visit.units = leg.id, leg.agent, leg.units
    if leg is not None and told.state not in WAITING:
        is_bridged_now = told.channel == "voice" or leg.accepted_at is None
        answered_at = at if is_bridged_now else leg.accepted_at
        visit.answered_at = answered_at
        if visit.offered_at is not None and answered_at is not None:
            visit.ring_us = answered_at - visit.offered_at
    elif told.state in FINAL:
        visit.left_at, visit.abandoned = at, told.state == "abandoned"
