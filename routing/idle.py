"""Who could take one more piece of work, in `longest_idle` order, found without looking at everybody.

A bench holds a team's open agents for one channel, all in one roster and, once they are many, those with a
skill in one roster per level: a requirement says which of them must hold whoever meets it. All of it is kept
up only when somebody looks: until then a change of an agent costs one line in the bench's log. Entries are
voided by their agent's stamp.
"""

from bisect import insort
from collections.abc import Iterable, Mapping, Sequence

from routing.entity import Agent, IdleEntry
from routing.requirement import LEVEL_MAX, Atom
from routing.waiting import Lane

GLANCE = 16
"""With more agents than this the search goes by skill."""
DEAD_MAX = 8
LOG_MAX = 1024


class Roster:
    """Agents in order: those who hold nothing, then the others. Either part grows at its end, mostly, since
    who joins has just become idle, or has just accepted something."""

    __slots__ = ("busy", "idle")

    def __init__(self, entries: Iterable[IdleEntry] = ()) -> None:
        self.idle: list[IdleEntry] = []
        self.busy: list[IdleEntry] = []
        for entry in sorted(entries):
            self.add(entry)

    def __len__(self) -> int:
        return len(self.idle) + len(self.busy)

    def add(self, entry: IdleEntry) -> None:
        part = self.busy if entry[0] else self.idle
        if part and entry < part[-1]:
            insort(part, entry)
        else:
            part.append(entry)

    def first(self, lane: Lane) -> IdleEntry | None:
        """The first agent who meets the lane's requirement."""
        return _first(self.idle, lane) or _first(self.busy, lane)

    def is_short(self) -> bool:
        return len(self.idle) <= GLANCE and len(self.busy) <= GLANCE


def _first(entries: list[IdleEntry], lane: Lane) -> IdleEntry | None:
    holds, excluded = lane.requirement.holds, lane.excluded
    found: IdleEntry | None = None
    dead = seen = 0
    for entry in entries:
        seen += 1
        agent = entry[4]
        if agent.stamp != entry[3]:
            dead += 1
        elif holds(agent.skills, agent.key) and agent.id not in excluded:
            found = entry
            break
    if dead > DEAD_MAX:
        entries[:seen] = [entry for entry in entries[:seen] if entry[4].stamp == entry[3]]
    return found


class BySkill:
    """Who has one skill, by level. `read` is how far the bench's log has been followed."""

    __slots__ = ("levels", "read")

    def __init__(self) -> None:
        self.levels = [Roster() for _ in range(LEVEL_MAX + 1)]
        self.read = 0

    def follow(self, log: list[IdleEntry], skill: str) -> None:
        """Take in what the log says since the last time."""
        for entry in log[self.read :]:
            agent = entry[4]
            if agent.stamp == entry[3]:
                level = agent.skills.get(skill, 0)
                if level:
                    self.levels[level].add(entry)
        self.read = len(log)


class Bench:
    """`_log` is who came since it was begun; `_everybody` and each skill follow it when asked."""

    __slots__ = ("_everybody", "_log", "_read", "_skills", "channel", "team")

    def __init__(self, team: str, channel: str, entries: Iterable[IdleEntry]) -> None:
        self.team = team
        self.channel = channel
        self._log: list[IdleEntry] = []
        self._read = 0
        self._everybody = Roster(entries)
        self._skills: dict[str, BySkill] = {}

    def add(self, entry: IdleEntry) -> None:
        self._log.append(entry)

    def first(self, lane: Lane, named: Mapping[str, Agent]) -> IdleEntry | None:
        """The first who may take work of this lane."""
        self._follow()
        if self._everybody.is_short():
            return self._everybody.first(lane)
        return self._first_by_skill(lane, named)

    def _follow(self) -> None:
        """Everybody who came since; a log grown long begins anew once all skills have followed it too."""
        for entry in self._log[self._read :]:
            if entry[4].stamp == entry[3]:
                self._everybody.add(entry)
        self._read = len(self._log)
        if self._read > LOG_MAX:
            for skill, by_skill in self._skills.items():
                by_skill.follow(self._log, skill)
                by_skill.read = 0
            self._log = []
            self._read = 0

    def _first_by_skill(self, lane: Lane, named: Mapping[str, Agent]) -> IdleEntry | None:
        found = [roster.first(lane) for roster in self._rosters(lane, named)]
        return min((entry for entry in found if entry is not None), default=None)

    def _rosters(self, lane: Lane, named: Mapping[str, Agent]) -> Sequence[Roster]:
        """The shortest rosters in one of which whoever meets the requirement must stand."""
        shortest: Sequence[Roster] = (self._everybody,)
        length = len(self._everybody)
        for cover in lane.requirement.covers:
            rosters = [roster for atom in cover for roster in self._of_atom(atom, named)]
            total = sum(len(roster) for roster in rosters)
            if total < length:
                shortest, length = rosters, total
        return shortest

    def _of_atom(self, atom: Atom, named: Mapping[str, Agent]) -> Sequence[Roster]:
        if not atom.level:
            return self._of_agent(named.get(atom.name))
        by_skill = self._skills.get(atom.name)
        if by_skill is None:
            by_skill = self._skills[atom.name] = BySkill()
            by_skill.follow(self._everybody.idle + self._everybody.busy, atom.name)
            by_skill.read = len(self._log)
        by_skill.follow(self._log, atom.name)
        return [roster for roster in by_skill.levels[atom.level :] if roster]

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
                for channel in agent.open:
                    bench = benches.get(channel)
                    if bench is not None:
                        bench.add(entry)

    def best(self, lane: Lane) -> tuple[int, IdleEntry] | None:
        """(rank, entry) of the agent whom the lane's work is offered to."""
        shelf = lane.shelf
        for rank, teams in shelf.teams_by_rank:
            entries = [self._bench(team, shelf.channel).first(lane, self._named) for team in teams]
            found = [entry for entry in entries if entry is not None]
            if found:
                return rank, min(found)
        return None

    def _bench(self, team: str, channel: str) -> Bench:
        benches = self._benches.setdefault(team, {})
        bench = benches.get(channel)
        if bench is None:
            members = self._teams.get(team, {}).values()
            posted = [agent.entry for agent in members if agent.entry is not None and channel in agent.open]
            bench = benches[channel] = Bench(team, channel, posted)
        return bench
