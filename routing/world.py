"""All that the engine knows, and the few primitive changes that keep its indexes true."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from routing.calendar import Calendar
from routing.decision import Decision, Kind, Reason
from routing.entity import NOBODY, NOT_COUNTED, Agent, Item, Leg
from routing.gone import Gone
from routing.idle import Benches
from routing.policy import BUSINESS_TIME_CHANNELS, Policy, Queue
from routing.preference import NO_PREFERENCE, Preference, preference, preferred
from routing.staffing import Staffing
from routing.timers import Timers
from routing.waiting import Shelf, Waiting


class World:
    """`dirty` are the agents that changed since the last matching; of this instant, `lapsed` are those who
    became not responding and `told` those of whom a snapshot came. `preferring` is what waits, by the
    agents it prefers; `counts` how much waits in queues that lend, by queue and channel; `gone` are the
    finished interactions with their last version."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.now = -(2**63)
        self.agents: dict[str, Agent] = {}
        self.items: dict[str, Item] = {}
        self.gone = Gone()
        self.dirty: dict[Agent, None] = {}
        self.lapsed: dict[Agent, None] = {}
        self.told: dict[Agent, None] = {}
        self.preferring: dict[str, dict[str, Item]] = {}
        self.counts: dict[str, Counter[str]] = {}
        self.timers = Timers()
        self.waiting = Waiting()
        self.benches = Benches()
        self.staffing = Staffing(policy)
        self.decisions: list[Decision] = []
        self.ordinal = 0
        self._known_terms: dict[tuple[str, str, str | None], Terms] = {}
        self._matchings = 0

    def begin(self, now: int) -> None:
        """A new instant. Raises ValueError when time goes backwards."""
        if now < self.now:
            raise ValueError(f"time goes backwards: {now} after {self.now}")
        self.now = now
        self.decisions = []

    def next_matching(self) -> int:
        self._matchings += 1
        return self._matchings

    def replace_policy(self, policy: Policy) -> None:
        """The caller places what waits anew."""
        for item in self.waiting_items():
            self.unplace(item)
        self.policy = policy
        self.waiting = Waiting()
        self.benches = Benches()
        self.counts.clear()
        self._known_terms.clear()
        measured, self.staffing = self.staffing.measured, Staffing(policy)
        self.staffing.measured = measured
        for agent in self.agents.values():
            agent.counted = NOT_COUNTED
            self.qualified_anew(agent)

    # ---- agents and legs

    def agent(self, agent_id: str) -> Agent:
        """The agent of that id; one that no snapshot has told of yet is offline."""
        agent = self.agents.get(agent_id)
        if agent is None:
            agent = self.agents[agent_id] = Agent(agent_id)
        return agent

    def qualified_anew(self, agent: Agent) -> None:
        """Their teams, skills or channels, or the policy, may have changed: they may see other work."""
        agent.queues = None
        agent.searched = ()
        agent.costs = {
            channel: units for channel, units in self.policy.units.items() if agent.may_serve(channel)
        }
        agent.interrupts = self.policy.interrupts
        agent.rooms = {}
        self.benches.enlist(agent)
        self.turn_shift(agent, self.now)
        self.presence_changed(agent)

    def presence_changed(self, agent: Agent) -> None:
        self.staffing.count(agent)
        self.dirty[agent] = None

    def turn_shift(self, agent: Agent, now: int) -> None:
        """Whether they are on shift, and until when that holds. A calendar that is gone: always."""
        calendar = self.policy.calendars.get(agent.shift or "")
        agent.on_shift = calendar is None or calendar.is_open(now)
        agent.shift_turns_at = None
        if calendar is not None:
            turns = calendar.next_closing if agent.on_shift else calendar.next_opening
            agent.shift_turns_at = turns(now)
        if agent.shift_turns_at is not None:
            self.timers.push(agent.shift_turns_at, "shift_turns_at", agent)
        agent.searched = ()
        self.dirty[agent] = None

    def queues_of(self, agent: Agent) -> tuple[str, ...]:
        """The queues whose work they may get, as far as teams and the queue's own requirement go."""
        if agent.queues is None:
            of_team, queues = self.policy.queues_of_team, self.policy.queues
            keys = {key for team in agent.teams for key in of_team.get(team, ())}
            agent.queues = tuple(
                sorted(key for key in keys if queues[key].in_the_end.holds(agent.skills, agent.key))
            )
        return agent.queues

    def attach(self, leg: Leg) -> None:
        leg.item.legs = (*leg.item.legs, leg)
        leg.agent.legs[leg] = None
        leg.agent.load.add(leg.channel, leg.units)
        self.dirty[leg.agent] = None

    def detach(self, leg: Leg) -> None:
        """The leg is over: its units are free, its timers void."""
        legs = leg.item.legs
        leg.item.legs = () if len(legs) == 1 else tuple([other for other in legs if other is not leg])
        del leg.agent.legs[leg]
        leg.agent.load.remove(leg.channel, leg.units)
        leg.deadline = leg.confirm_by = leg.reassign_at = None
        self.dirty[leg.agent] = None

    def schedule_reassign(self, leg: Leg) -> None:
        """Start or stop the leg's countdown, as its agent's lost lease asks."""
        lost_at = leg.agent.lease_lost_at
        queue = self.policy.queues.get(leg.item.queue)
        after = queue.channels[leg.channel].reassign_us if queue else None
        talking = leg.role == "primary" and leg.state in ("active", "held")
        if lost_at is None or after is None or not talking:
            leg.reassign_at = None
        elif leg.reassign_at != lost_at + after:
            leg.reassign_at = lost_at + after
            self.timers.push(leg.reassign_at, "reassign_at", leg)

    # ---- interactions

    def wait(self, item: Item, now: int) -> None:
        """It waits (again), its age running."""
        item.state = "queued"
        if item.age_since is None:
            item.age_since = now
        self.place(item, now)

    def enter_queue(self, item: Item, queue: str, now: int) -> None:
        """It enters a queue: `waited_here` starts at 0, cool-downs are forgotten."""
        item.queue = queue
        item.entered_at = now
        item.excluded = None
        self.wait(item, now)

    def stop_age(self, item: Item, now: int) -> None:
        item.age_us = item.age(now)
        item.age_since = None

    def forget(self, item: Item) -> None:
        """It is final. Legs that a caller has not ended end here."""
        if item.state == "queued":
            self.unplace(item)
        for leg in item.legs:
            self.detach(leg)
        del self.items[item.id]
        self.gone[item.id] = item.version

    def unplace(self, item: Item) -> None:
        if item.slot is not None:
            self.waiting.remove(item)
        item.wake = None
        if item.placed_in is not None:
            self._count(item, item.placed_in, -1)
            item.placed_in = None
        if item.preferring:
            self._drop_preferring(item)

    def _drop_preferring(self, item: Item) -> None:
        for agent_id in item.preferring:
            kept = self.preferring[agent_id]
            del kept[item.id]
            if not kept:
                del self.preferring[agent_id]
        item.preferring = ()

    def _count(self, item: Item, queue_key: str, by: int) -> None:
        counted = self.counts.get(queue_key)
        if counted is None:
            counted = self.counts[queue_key] = Counter()
        counted[item.channel] += by
        self.staffing.changed[queue_key] = None

    def move(self, item: Item, now: int) -> None:
        """Place anew what is placed."""
        self.unplace(item)
        self.place(item, now)

    def place(self, item: Item, now: int) -> None:
        """Put a waiting interaction where those who may serve it look, and note when to look again."""
        queue = self.policy.queues.get(item.queue)
        if queue is None:
            return
        if queue.lendings:
            item.placed_in = queue.key
            self._count(item, queue.key, 1)
        stage = queue.stage(now - item.entered_at)
        shelf = self.waiting.shelf(queue, item.channel, stage)
        terms = self._terms(item, queue)
        overdue_at = terms.overdue_at(item)
        is_overdue = overdue_at is not None and overdue_at <= now
        excluded = item.excluded_at(now) if item.excluded else NOBODY
        item.preferring = preferred(queue, item)
        kept = self._preference(item, queue, shelf, excluded, now) if item.preferring else NO_PREFERENCE
        if kept.waits_until is None:
            lane = shelf.lane(item.own, excluded, kept.agent)
            if queue.is_strict:
                order = self.policy.tier_place(item.tier), now - item.age(now)
            else:
                order = 0, terms.origin(item, now)
            self.waiting.add(item, lane, 0 if is_overdue else 1, *order)
        dues = [] if kept.waits_until is None else [kept.waits_until]
        if (opens := queue.next_stage_after(stage)) is not None:
            dues.append(item.entered_at + opens)
        if overdue_at is not None and not is_overdue:
            dues.append(overdue_at)
        if excluded and item.excluded:
            dues += [item.excluded[agent] for agent in excluded]
        if dues:
            item.wake = min(dues)
            self.timers.push(item.wake, "wake", item)

    def _preference(
        self, item: Item, queue: Queue, shelf: Shelf, excluded: frozenset[str], now: int
    ) -> Preference:
        for agent_id in item.preferring:
            self.preferring.setdefault(agent_id, {})[item.id] = item
        return self.preference(item, queue, shelf, excluded, now)

    def preference(
        self, item: Item, queue: Queue, shelf: Shelf, excluded: frozenset[str], now: int
    ) -> Preference:
        """For whom of those it prefers it is kept."""
        known = [agent for id_ in preferred(queue, item) if (agent := self.agents.get(id_)) is not None]
        suited = [agent for agent in known if self.suits(item, shelf, agent, excluded)]
        return preference(self.policy, queue, item, suited, now)

    def suits(self, item: Item, shelf: Shelf, agent: Agent, excluded: frozenset[str]) -> bool:
        """Whether the agent sees the work, has the skills, is on shift if asked and is not excluded."""
        if agent.id in excluded or shelf.rank(agent.teams) is None:
            return False
        if shelf.queue.on_shift and not agent.on_shift:
            return False
        return shelf.requirement(item.own).holds(agent.skills, agent.key)

    def head_start(self, item: Item, queue: Queue) -> int:
        return self._terms(item, queue).head_start_us + item.boost_us

    def origin(self, item: Item, queue: Queue, now: int) -> int:
        """The instant from which age + head start counts: it stays the same while the age runs."""
        return self._terms(item, queue).origin(item, now)

    def overdue_at(self, item: Item, queue: Queue) -> int | None:
        """The end of its promise, or earlier: where an answer is only taken for so long."""
        return self._terms(item, queue).overdue_at(item)

    def _terms(self, item: Item, queue: Queue) -> "Terms":
        key = (item.queue, item.channel, item.tier)
        found = self._known_terms.get(key)
        if found is None:
            found = self._known_terms[key] = self._terms_of(item, queue)
        return found

    def _terms_of(self, item: Item, queue: Queue) -> "Terms":
        tier, rules = self.policy.tier(item.tier), queue.channels[item.channel]
        in_hours = item.channel in BUSINESS_TIME_CHANNELS and queue.hours is not None
        return Terms(
            tier.head_start_us + queue.head_start_us + rules.head_start_us,
            tier.promise(item.channel, rules.live),
            self.policy.calendars.get(queue.hours or "") if in_hours else None,
        )

    # ---- decisions

    def decide(
        self,
        kind: Kind,
        reason: Reason,
        item: Item,
        agent: Agent,
        units: int = 0,
        deadline: int | None = None,
        leg: str | None = None,
        score_us: int = 0,
        rank: int = 0,
    ) -> None:
        self.ordinal += 1
        decision = Decision(
            self.now, kind, item.id, agent.id, reason, item.queue, item.channel, units, deadline, leg,
            item.version, agent.version, score_us, rank, self.ordinal,
        )  # fmt: skip
        self.decisions.append(decision)

    def ignore(self, interaction: str | None, agent: str | None, reason: Reason) -> None:
        self.ordinal += 1
        self.decisions.append(Decision(self.now, "ignored", interaction, agent, reason, ordinal=self.ordinal))

    def waiting_items(self) -> Iterator[Item]:
        return (item for item in self.items.values() if item.state == "queued")


class Terms(NamedTuple):
    """What tier, queue and channel give together. `hours`: the promise runs in their business time."""

    head_start_us: int
    promise_us: int | None
    hours: Calendar | None

    def origin(self, item: Item, now: int) -> int:
        return now - item.age(now) - self.head_start_us - item.boost_us

    def overdue_at(self, item: Item) -> int | None:
        promise_us, hours = self.promise_us, self.hours
        if promise_us is None:
            return item.due
        end = item.entered_at + promise_us if hours is None else hours.add(item.entered_at, promise_us)
        return end if item.due is None or (end is not None and end < item.due) else item.due
