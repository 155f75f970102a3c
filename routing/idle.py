"""Who could take one more piece of work, in `longest_idle` order, found without looking at everybody.

A bench holds a team's open agents for one channel; beside the roster of all, one roster per skill and
level, made when a requirement first asks for that skill. A requirement says which rosters must hold whoever
meets it. Entries are voided by their agent's stamp and dropped when met.
"""

from bisect import insort
from collections.abc import Iterable, Mapping

from routing.entity import Agent, IdleEntry
from routing.requirement import LEVEL_MAX, Atom
from routing.waiting import Lane

DEAD_MAX = 16


class Roster:
    """Agents in order; most join at the end, since they have just become idle."""

    __slots__ = ("entries",)

    def __init__(self, entries: Iterable[IdleEntry] = ()) -> None:
        self.entries: list[IdleEntry] = list(entries)

    def add(self, entry: IdleEntry) -> None:
        if self.entries and entry < self.entries[-1]:
            insort(self.entries, entry)
        else:
            self.entries.append(entry)

    def first(self, lane: Lane) -> IdleEntry | None:
        """The first agent who meets the lane's requirement."""
        holds, excluded = lane.requirement.holds, lane.excluded
        found: IdleEntry | None = None
        dead = 0
        for entry in self.entries:
            agent = entry[4]
            if agent.stamp != entry[3]:
                dead += 1
            elif holds(agent.skills, agent.key) and agent.id not in excluded:
                found = entry
                break
        if dead > DEAD_MAX:
            self.entries = self.living()
        return found

    def living(self) -> list[IdleEntry]:
        return [entry for entry in self.entries if entry[4].stamp == entry[3]]


class Bench:
    __slots__ = ("channel", "everybody", "skills", "team")

    def __init__(self, team: str, channel: str, entries: Iterable[IdleEntry]) -> None:
        self.team = team
        self.channel = channel
        self.everybody = Roster(sorted(entries))
        self.skills: dict[str, list[Roster]] = {}

    def add(self, entry: IdleEntry) -> None:
        self.everybody.add(entry)
        agent_skills = entry[4].skills
        for skill, by_level in self.skills.items():
            level = agent_skills.get(skill, 0)
            if level:
                by_level[level].add(entry)

    def first(self, lane: Lane, named: Mapping[str, Agent]) -> IdleEntry | None:
        """The first who may take work of this lane, sought in the shortest rosters that must hold them."""
        best: IdleEntry | None = None
        for roster in self._rosters(lane, named):
            entry = roster.first(lane)
            if entry is not None and (best is None or entry < best):
                best = entry
        return best

    def _rosters(self, lane: Lane, named: Mapping[str, Agent]) -> list[Roster]:
        shortest, length = [self.everybody], len(self.everybody.entries)
        for cover in lane.requirement.covers:
            rosters = [roster for atom in cover for roster in self._of_atom(atom, named)]
            total = sum(len(roster.entries) for roster in rosters)
            if total < length:
                shortest, length = rosters, total
        return shortest

    def _of_atom(self, atom: Atom, named: Mapping[str, Agent]) -> list[Roster]:
        if not atom.level:
            return self._of_agent(named.get(atom.name))
        by_level = self.skills.get(atom.name)
        if by_level is None:
            by_level = self._index(atom.name)
        return [roster for roster in by_level[atom.level :] if roster.entries]

    def _of_agent(self, agent: Agent | None) -> list[Roster]:
        if agent is None or agent.entry is None:
            return []
        sits_here = self.channel in agent.open and self.team in agent.teams
        return [Roster([agent.entry])] if sits_here else []

    def _index(self, skill: str) -> list[Roster]:
        by_level = self.skills[skill] = [Roster() for _ in range(LEVEL_MAX + 1)]
        for entry in self.everybody.living():
            level = entry[4].skills.get(skill, 0)
            if level:
                by_level[level].entries.append(entry)
        return by_level


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
