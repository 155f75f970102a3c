"""Who may serve whom, who goes first, who gets it: SEMANTICS §1.3 and §1.5 read aloud, nothing remembered.

Shares no code with `routing`. `items` and `agents` are plain dictionaries by id, kept by `reference.py`.
"""

import re
from typing import Any

LENT_RANK = 1000
NEVER = 10**18

Item = dict[str, Any]

_TERM = re.compile(r"agent\(([^)]*)\)|([a-z][a-z0-9_-]*)(?:\s*>=\s*(\d+))?")


def meets(requirement: str | None, skills: dict[str, int], key: str) -> bool:
    def read(match: re.Match[str]) -> str:
        agent, name, level = match.groups()
        if agent:
            return str(agent == key)
        if name in ("and", "or"):
            return f" {name} "
        return "True" if name == "anyone" else str(skills.get(name, 0) >= int(level or 1))

    return bool(eval(_TERM.sub(read, requirement or "anyone").strip()))


def skills_named(requirement: str | None) -> set[str]:
    found = {match.group(2) for match in _TERM.finditer(requirement or "")}
    return found - {None, "and", "or", "anyone"}


class Rules:
    def __init__(self, policy: dict[str, Any]) -> None:
        self.queues = {queue["key"]: queue for queue in policy["queues"]}
        self.tiers = {tier["key"]: tier for tier in policy["tiers"]}
        self.units = policy["units"]
        self.interrupts = policy.get("interrupts", {})
        self.default_tier = policy["default_tier"]
        self.agents: dict[str, dict[str, Any]] = {}
        self.items: dict[str, Item] = {}
        self.service_level_ppm: dict[str, int | None] = {}
        self.now = 0

    # ---- what the policy says of an interaction

    def rules(self, item: Item) -> dict[str, Any]:
        rules: dict[str, Any] = self.queues[item["queue"]]["channels"][item["channel"]]
        return rules

    def tier(self, item: Item) -> dict[str, Any]:
        empty = {"head_start_us": 0, "promise_us": {}, "promise_live_us": None}
        found: dict[str, Any] = self.tiers.get(item["tier"] or self.default_tier or "", empty)
        return found

    def place_of_tier(self, item: Item) -> int:
        """Whoever has no tier stands behind all that have one."""
        tiers = list(self.tiers)
        key = item["tier"] or self.default_tier
        return tiers.index(key) if key in tiers else len(tiers)

    def overdue_at(self, item: Item) -> int | None:
        tier = self.tier(item)
        bare = tier["promise_live_us"] if self.rules(item)["live"] else None
        promise = tier["promise_us"].get(item["channel"], bare)
        return None if promise is None else item["entered"] + promise

    def steps(self, item: Item) -> list[dict[str, Any]]:
        """The opened ones, the earliest first."""
        steps = sorted(self.queues[item["queue"]].get("steps", []), key=lambda step: step["after_us"])
        return [step for step in steps if step["after_us"] <= self.now - item["entered"]]

    def requirements(self, item: Item) -> list[str]:
        """The queue's base and what opened steps allow besides. A step that names none leaves them as they
        are: it only lends."""
        opened = [step["requirement"] for step in self.steps(item) if step["requirement"] is not None]
        return [self.queues[item["queue"]]["requirement"], *opened]

    def thresholds(self, item: Item) -> list[int]:
        """When time alone may change who is eligible for it or its place."""
        queue = self.queues[item["queue"]]
        waits = [team["delay_us"] for team in queue["teams"]]
        waits += [step["after_us"] for step in queue.get("steps", [])]
        waits += [queue["prefer"]["wait_us"]] if queue["prefer"] else []
        overdue_at = self.overdue_at(item)
        found = [item["entered"] + wait for wait in waits] + list(item["excluded"].values())
        return found if overdue_at is None else [*found, overdue_at]

    # ---- who may

    def holds(self, agent: str) -> list[Item]:
        return [item for item in self.items.values() if item["agent"] == agent]

    def signed_in(self, name: str) -> bool:
        """A break and `not_responding` are signed in; who chose offline is not."""
        return self.agents[name]["lease"] and self.agents[name]["presence"] != "offline"

    def teams(self, queue: str) -> set[str]:
        return {team["team"] for team in self.queues[queue]["teams"]}

    def lenders(self, item: Item) -> set[str]:
        """The queues whose own teams help out now. What they borrow themselves is not lent on."""
        found = {key for step in self.steps(item) for key in step["lend"]}
        own = self.teams(item["queue"])
        nobody = not any(self.signed_in(name) and own & {*self.agents[name]["teams"]} for name in self.agents)
        for lend in self.queues[item["queue"]].get("lend", []):
            level = self.service_level_ppm.get(item["queue"])
            is_low = lend["when"] == "service_level" and level is not None and level < lend["than"]
            if is_low or (lend["when"] == "nobody_signed_in" and nobody):
                found.update(lend["queues"])
        return found

    def rank(self, name: str, item: Item) -> int | None:
        """The lowest visible one. Before the delay of an own team has passed, a lent one may be visible."""
        waited, mine = self.now - item["entered"], set(self.agents[name]["teams"])
        teams = self.queues[item["queue"]]["teams"]
        ranks = [team["rank"] for team in teams if team["team"] in mine and team["delay_us"] <= waited]
        ranks += [LENT_RANK for queue in self.lenders(item) if mine & self.teams(queue)]
        return min(ranks, default=None)

    def satisfied(self, name: str, item: Item) -> str | None:
        """The first of base and opened steps that this agent meets."""
        agent = self.agents[name]
        fitting = (one for one in self.requirements(item) if meets(one, agent["skills"], agent["key"]))
        return next(fitting, None)

    def suits(self, name: str, item: Item) -> bool:
        """All but room and reservation."""
        agent = self.agents[name]
        return (
            self.signed_in(name)
            and agent["presence"] == "available"
            and (agent["channels"] is None or item["channel"] in agent["channels"])
            and self.rank(name, item) is not None
            and self.satisfied(name, item) is not None
            and meets(item["requirement"], agent["skills"], agent["key"])
            and item["excluded"].get(name, self.now) <= self.now
        )

    def interrupted_by(self, channel: str, item: Item) -> bool:
        return item["channel"] in self.interrupts.get(channel, [])

    def has_room(self, name: str, channel: str) -> bool:
        """Work that the channel interrupts does not count, be it active, held or only offered."""
        agent, held = self.agents[name], self.holds(name)
        used = sum(self.units[other["channel"]] for other in held if not self.interrupted_by(channel, other))
        limit = agent["channel_max"].get(channel)
        same = sum(other["channel"] == channel for other in held)
        return used + self.units[channel] <= agent["units_max"] and (limit is None or same < limit)

    def preferred(self, item: Item) -> list[str]:
        """In order. Where the queue prefers nobody, only who had it in hand (`returned`) is."""
        prefer = self.queues[item["queue"]]["prefer"]
        if prefer is None:
            return [item["preferred"]] if item["returned"] else []
        team = item["account_team"] if prefer.get("account_team") else []
        last = [item["last_agent"]] if prefer["last_agent"] else []
        return [name for name in (item["preferred"], *team, *last) if name is not None]

    def ends_in_time(self, name: str, item: Item) -> bool:
        """Some accepted piece, held or not, is expected to end before it is anyone's."""
        prefer = self.queues[item["queue"]]["prefer"]
        until = item["entered"] + (prefer["wait_us"] if prefer else 0)
        ends = [
            other["accepted_at"] + self.rules(other)["expected_handle_us"]
            for other in self.holds(name)
            if other["accepted_at"] is not None and self.rules(other)["expected_handle_us"] is not None
        ]
        return self.now < until and any(end < until for end in ends)

    def kept_for(self, item: Item) -> set[str] | None:
        """None: anyone's. The first preferred one with room alone; without one, all of them who are waited
        for. Work is kept for nobody who could not get it."""
        suiting = [name for name in self.preferred(item) if self.suits(name, item)]
        for name in suiting:
            if self.has_room(name, item["channel"]):
                return {name}
        return {name for name in suiting if self.ends_in_time(name, item)} or None

    def able(self, item: Item) -> list[str]:
        """Who is eligible, but for what is reserved for deferred work."""
        kept_for = self.kept_for(item)
        mine = list(self.agents) if kept_for is None else sorted(kept_for)
        return [name for name in mine if self.has_room(name, item["channel"]) and self.suits(name, item)]

    def takers(self, queue: str) -> list[tuple[Item, list[str]]]:
        """What waits there, and all who are eligible for it."""
        able = [(item, self.able(item)) for item in self.waiting(queue)]
        reserved = self.reserved(queue, able)
        return [
            (item, [name for name in names if name not in reserved or not self.rules(item)["live"]])
            for item, names in able
        ]

    def reserved(self, queue: str, able: list[tuple[Item, list[str]]]) -> set[str]:
        """Not for live work: the last n idle agents who could take deferred work that waits in the queue."""
        deferred = [names for item, names in able if not self.rules(item)["live"]]
        idle = {name for names in deferred for name in names if not self.holds(name)}
        return idle if len(idle) <= self.queues[queue].get("reserve_deferred", 0) else set()

    # ---- in which order

    def waiting(self, queue: str) -> list[Item]:
        return [item for item in self.items.values() if item["state"] == "queued" and item["queue"] == queue]

    def score(self, item: Item) -> int:
        queue, rules = self.queues[item["queue"]], self.rules(item)
        head_start = self.tier(item)["head_start_us"] + queue["head_start_us"] + rules["head_start_us"]
        return int(self.age(item) + head_start + item["boost"])

    def age(self, item: Item) -> int:
        return int(item["age"] + self.now - item["since"])

    def urgency(self, item: Item) -> tuple[bool, bool]:
        """(deferred, not overdue): lower goes first."""
        overdue_at = self.overdue_at(item)
        return not self.rules(item)["live"], overdue_at is None or overdue_at > self.now

    def place(self, item: Item) -> tuple[Any, ...]:
        """In its own queue."""
        if self.queues[item["queue"]].get("order") == "strict":
            return *self.urgency(item), self.place_of_tier(item), -self.age(item), item["id"]
        return *self.urgency(item), -self.score(item), item["id"]

    def standing(self, name: str) -> tuple[int, int]:
        agent = self.agents[name]
        if not self.holds(name):
            return 0, agent["idle_since"]
        return (1, agent["idle_since"]) if agent["accepted"] is None else (2, agent["accepted"])

    def suitability(self, name: str, item: Item) -> int:
        """What the queue's strategy sees before it looks at who was idle for longest: lower is better."""
        strategy = self.queues[item["queue"]].get("strategy", "longest_idle")
        if strategy == "least_loaded":
            return sum(self.units[other["channel"]] for other in self.holds(name))
        if strategy == "best_skill":
            named = skills_named(item["requirement"]) | skills_named(self.satisfied(name, item))
            return -sum(self.agents[name]["skills"].get(skill, 0) for skill in named)
        return 0

    def best(self) -> tuple[Item, str] | None:
        """The next offer."""
        firsts = []
        for queue in self.queues:
            able = [(item, names) for item, names in self.takers(queue) if names]
            if able:
                item, names = min(able, key=lambda pair: self.place(pair[0]))
                rank = min(self.rank(name, item) or 0 for name in names)
                firsts.append((*self.urgency(item), rank, -self.score(item), item["id"], names))
        if not firsts:
            return None
        *_, key, names = min(firsts)
        item = self.items[key]
        order = [(self.rank(n, item), self.suitability(n, item), *self.standing(n), n) for n in names]
        return item, min(order)[-1]
