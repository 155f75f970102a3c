"""Who could take one more piece of work: in `longest_idle` order found without looking at everybody.

A bench holds a team's open agents for one channel, all in one roster and, once they are many, those with a
skill in one roster per level: a requirement says which of them must hold whoever meets it. All of it is kept
up only when somebody looks: until then a change of an agent costs one line in the bench's log. Entries are
voided by their agent's stamp.
"""

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping, Sequence

from routing.entity import Agent, IdleEntry
from routing.requirement import LEVEL_MAX, Atom
from routing.waiting import Lane

Ranked = tuple[int, int, IdleEntry]
"""(rank, the strategy's score, the agent's place): the lowest is whom the work is offered to."""

GLANCE = 16
"""With more agents than this the search goes by skill."""
DEAD_MAX = 2
LOG_MAX = 1024


class Roster:
    """Agents in order: those who hold nothing, then the others. Either part grows at its end, mostly, since
    who joins has just become idle, or has just accepted something."""

    __slots__ = ("busy", "idle")

    def __init__(self, entries: Iterable[IdleEntry] = ()) -> None:
        self.idle: list[IdleEntry] = []
        self.busy: list[IdleEntry] = []
        for entry in entries:
            self.add(entry)

    def add(self, entry: IdleEntry) -> None:
        part = self.busy if entry[0] else self.idle
        if part and entry < part[-1]:
            insort(part, entry)
        else:
            part.append(entry)

    def first(self, lane: Lane) -> IdleEntry | None:
        """The first agent who meets the lane's requirement."""
        return _first(self.idle, lane) or _first(self.busy, lane)

    def tidy(self) -> None:
        self.idle = _living(self.idle)
        self.busy = _living(self.busy)


def _first(entries: list[IdleEntry], lane: Lane) -> IdleEntry | None:
    if not entries:
        return None
    admits, requirement = lane.admits, lane.requirement
    found: IdleEntry | None = None
    dead = 0
    for entry in entries:
        agent = entry[4]
        if agent.stamp != entry[3]:
            dead += 1
        elif admits(agent, requirement):
            found = entry
            break
    if dead > DEAD_MAX:
        seen = len(entries) if found is None else entries.index(found)
        entries[:seen] = _living(entries[:seen])
    return found


def _living(entries: Iterable[IdleEntry]) -> list[IdleEntry]:
    return [entry for entry in entries if entry[4].stamp == entry[3]]


class Index:
    """A bench's agents with one skill, by level, or all of them (no skill) on level 0. `read` is how far the
    log has been followed, `asked` whether anybody looked since the log was begun."""

    __slots__ = ("asked", "levels", "read", "skill")

    def __init__(self, skill: str | None) -> None:
        self.skill = skill
        self.levels = [Roster() for _ in range(1 if skill is None else LEVEL_MAX + 1)]
        self.read = 0
        self.asked = True

    def __len__(self) -> int:
        """Its entries, void ones included."""
        return sum([len(roster.idle) + len(roster.busy) for roster in self.levels])

    def follow(self, log: list[IdleEntry]) -> Sequence[Roster]:
        """Take in what the log says since the last time; the levels as they are then."""
        self.asked = True
        if self.read < len(log):
            came = _living(log[self.read :])
            self.read = len(log)
            for entry in came:
                level = 0 if self.skill is None else entry[4].skills.get(self.skill)
                if level is not None:
                    self.levels[level].add(entry)
        return self.levels

    def tidy(self) -> None:
        """The log begins anew."""
        for roster in self.levels:
            roster.tidy()
        self.read = 0
        self.asked = False


class Bench:
    """`_log` is who came since it was begun; each index follows it when asked."""

    __slots__ = ("_everybody", "_is_big", "_log", "_skills", "channel", "team")

    def __init__(self, team: str, channel: str, entries: Iterable[IdleEntry]) -> None:
        self.team = team
        self.channel = channel
        self._log = sorted(entries)
        self._everybody = Index(None)
        self._skills: dict[str, Index] = {}
        self._is_big = False

    def add(self, entry: IdleEntry) -> None:
        self._log.append(entry)

    def first(self, lane: Lane, named: Mapping[str, Agent]) -> IdleEntry | None:
        """The first who may take work of this lane."""
        if len(self._log) > LOG_MAX and len(self._log) > LOG_MAX + 8 * len(self._everybody):
            self._begin_log()
        covers = lane.requirement.covers
        if not covers:
            return self._everybody.follow(self._log)[0].first(lane)
        if not self._is_big:
            everybody = self._everybody.follow(self._log)[0]
            self._is_big = len(everybody.idle) > GLANCE or len(everybody.busy) > GLANCE
            return everybody.first(lane)
        cover = covers[0] if len(covers) == 1 else min(covers, key=self._cost)
        rosters = [roster for atom in cover for roster in self._of_atom(atom, named)]
        return min((entry for roster in rosters if (entry := roster.first(lane))), default=None)

    def all_of(self, lane: Lane) -> Iterator[IdleEntry]:
        """All who may take work of this lane."""
        everybody = self._everybody.follow(self._log)[0]
        for entry in (*everybody.idle, *everybody.busy):
            if entry[4].stamp == entry[3] and lane.admits(entry[4], lane.requirement):
                yield entry

    def _cost(self, cover: Sequence[Atom]) -> int:
        """About how many entries must be looked at to find somebody by these atoms."""
        indexes = [self._skills.get(atom.name, self._everybody) for atom in cover if atom.level]
        return sum(len(index) + len(self._log) - index.read for index in indexes)

    def _begin_log(self) -> None:
        """Long enough: those who are asked go on without it, the others are given up until somebody asks."""
        self._skills = {skill: index for skill, index in self._skills.items() if index.asked}
        for index in (self._everybody, *self._skills.values()):
            index.follow(self._log)
            index.tidy()
        self._log = []
        self._is_big = False

    def _of_atom(self, atom: Atom, named: Mapping[str, Agent]) -> Sequence[Roster]:
        if not atom.level:
            return self._of_agent(named.get(atom.name))
        index = self._skills.get(atom.name)
        if index is None:
            index = self._new_index(atom.name)
        levels = index.follow(self._log)[atom.level :]
        return [roster for roster in levels if roster.idle or roster.busy]

    def _new_index(self, skill: str) -> Index:
        everybody = self._everybody.follow(self._log)[0]
        index = self._skills[skill] = Index(skill)
        index.follow(everybody.idle + everybody.busy)
        index.read = len(self._log)
        return index

    def _of_agent(self, agent: Agent | None) -> Sequence[Roster]:
        if agent is None or agent.entry is None:
            return ()
        sits_here = self.channel in agent.open and self.team in agent.teams
        return (Roster((agent.entry,)),) if sits_here else ()


class Benches:
    """All benches, made when work first looks for a team's agents on a channel."""

    def __init__(self) -> None:
        self._teams: dict[str, dict[str, Agent]] = {}
        self._benches: dict[str, dict[str, Bench]] = {}
        self._named: dict[str, Agent] = {}

    def enlist(self, agent: Agent) -> None:
        """The agent is known; call `dismiss` first when teams or key change."""
        self._named[agent.key] = agent
        for team in agent.teams:
            self._teams.setdefault(team, {})[agent.id] = agent

    def dismiss(self, agent: Agent) -> None:
        if self._named.get(agent.key) is agent:
            del self._named[agent.key]
        for team in agent.teams:
            self._teams.get(team, {}).pop(agent.id, None)

    def post(self, agent: Agent) -> None:
        """Put the agent's present entry wherever somebody may look for it."""
        entry = agent.entry
        if entry is None:
            return
        for team in agent.teams:
            benches = self._benches.get(team)
            if benches:
                for channel, bench in benches.items():
                    if channel in agent.open:
                        bench.add(entry)

    def best(self, lane: Lane) -> Ranked | None:
        """Whom the lane's work is offered to."""
        shelf = lane.shelf
        if shelf.queue.strategy != "longest_idle":
            return min(self.eligible(lane), default=None)
        for rank, teams in shelf.teams_by_rank:
            best: IdleEntry | None = None
            for team in teams:
                entry = self._bench(team, shelf.channel).first(lane, self._named)
                if entry is not None and (best is None or entry < best):
                    best = entry
            if best is not None:
                return rank, 0, best
        return None

    def eligible(self, lane: Lane) -> list[Ranked]:
        """All who may take the lane's work, some twice (by several teams)."""
        return [
            (rank, lane.score(entry[4]), entry)
            for rank, teams in lane.shelf.teams_by_rank
            for entry in self._all_of(lane, teams)
        ]

    def _all_of(self, lane: Lane, teams: Iterable[str]) -> Iterator[IdleEntry]:
        for team in teams:
            yield from self._bench(team, lane.shelf.channel).all_of(lane)

    def _bench(self, team: str, channel: str) -> Bench:
        try:
            return self._benches[team][channel]
        except KeyError:
            members = self._teams.get(team, {}).values()
            posted = [agent.entry for agent in members if agent.entry is not None and channel in agent.open]
            return self._benches.setdefault(team, {}).setdefault(channel, Bench(team, channel, posted))
