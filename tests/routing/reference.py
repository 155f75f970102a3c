"""A slow, obvious engine to compare with: SEMANTICS §1.5 read aloud, everything sorted anew each time.

Shares no code with `routing`: it takes the policy document, the agents of a set-up and a trace's lines as
dictionaries, and gives (at, decision, interaction, agent).
"""

import json
import re
from typing import Any

ORDER = [
    "offer.accepted",
    "offer.connect_failed",
    "offer.declined",
    "agent.available",
    "agent.unavailable",
    "agent.lease_lost",
    "interaction.connected",
    "interaction.completed",
    "interaction.left",
    "interaction.transferred",
    "interaction.queued",
]

Out = tuple[int, str, str | None, str | None]


def meets(requirement: str | None, skills: dict[str, int], key: str) -> bool:
    def read(match: re.Match[str]) -> str:
        agent, name, level = match.groups()
        if agent:
            return str(agent == key)
        if name in ("and", "or"):
            return f" {name} "
        return "True" if name == "anyone" else str(skills.get(name, 0) >= int(level or 1))

    pattern = r"agent\(([^)]*)\)|([a-z][a-z0-9_-]*)(?:\s*>=\s*(\d+))?"
    return bool(eval(re.sub(pattern, read, requirement or "anyone").strip()))


class Reference:
    def __init__(self, policy: dict[str, Any], agents: list[dict[str, Any]]) -> None:
        self.queues = {queue["key"]: queue for queue in policy["queues"]}
        self.tiers = {tier["key"]: tier for tier in policy["tiers"]}
        self.units = policy["units"]
        self.default_tier = policy["default_tier"]
        self.agents = {
            agent["id"]: dict(
                agent, presence="offline", lease=False, idle_since=0, accepted=None, lost_at=None
            )
            for agent in agents
        }
        self.items: dict[str, dict[str, Any]] = {}
        self.out: list[Out] = []
        self.now = 0

    def run(self, lines: list[dict[str, Any]]) -> list[Out]:
        for at in sorted({line["at"] for line in lines}):
            self.advance(at)
            self.instant(at, [line for line in lines if line["at"] == at and line["type"] != "tick"])
        return self.out

    def advance(self, at: int) -> None:
        """All instants before `at` at which something is due."""
        while (due := self.next_instant()) is not None and due < at:
            self.instant(due, [])

    def instant(self, at: int, events: list[dict[str, Any]]) -> None:
        self.now = at
        queued = {event["interaction"] for event in events if event["type"] == "interaction.queued"}

        def order(event: dict[str, Any]) -> tuple[Any, ...]:
            after = event["type"] == "interaction.left" and event["interaction"] in queued
            place = 99 if after else ORDER.index(event["type"])
            content = json.dumps(event, sort_keys=True)
            return place, event.get("interaction", ""), event.get("agent", ""), content

        self.fallen: list[str] = []
        for event in sorted(events, key=order):
            if not getattr(self, event["type"].replace(".", "_"))(event):
                self.say("ignored", event.get("interaction"), event.get("agent"))
        self.fire()
        self.match()

    def say(self, decision: str, interaction: str | None, agent: str | None) -> None:
        self.out.append((self.now, decision, interaction, agent))

    # ---- clocks

    def rules(self, item: dict[str, Any]) -> dict[str, Any]:
        rules: dict[str, Any] = self.queues[item["queue"]]["channels"][item["channel"]]
        return rules

    def tier(self, item: dict[str, Any]) -> dict[str, Any]:
        empty = {"head_start_us": 0, "promise_us": {}, "promise_live_us": None}
        found: dict[str, Any] = self.tiers.get(item["tier"] or self.default_tier or "", empty)
        return found

    def overdue_at(self, item: dict[str, Any]) -> int | None:
        tier = self.tier(item)
        bare = tier["promise_live_us"] if self.rules(item)["live"] else None
        promise = tier["promise_us"].get(item["channel"], bare)
        return None if promise is None else item["entered"] + promise

    def next_instant(self) -> int | None:
        found: list[int | None] = []
        for item in self.items.values():
            found += [item.get("deadline"), self.reassign_at(item)]
            if item["state"] == "queued":
                queue = self.queues[item["queue"]]
                found += [item["entered"] + team["delay_us"] for team in queue["teams"]]
                found += [self.overdue_at(item), *item["excluded"].values()]
                if queue["prefer"]:
                    found.append(item["entered"] + queue["prefer"]["wait_us"])
        later = [due for due in found if due is not None and due > self.now]
        return min(later) if later else None

    def reassign_at(self, item: dict[str, Any]) -> int | None:
        if item["state"] != "active":
            return None
        lost_at, after = self.agents[item["agent"]]["lost_at"], self.rules(item)["reassign_us"]
        return None if lost_at is None or after is None else lost_at + after

    # ---- moves

    def wait(self, item: dict[str, Any]) -> None:
        item.update(state="queued", agent=None, deadline=None, accepted_at=None)
        if item["since"] is None:
            item["since"] = self.now

    def enter(self, item: dict[str, Any], queue: str) -> None:
        item.update(queue=queue, entered=self.now, excluded={})
        self.wait(item)

    def holds(self, agent: str) -> list[dict[str, Any]]:
        return [item for item in self.items.values() if item["agent"] == agent]

    def revoke_offers(self, agents: list[str]) -> None:
        for key, item in sorted(self.items.items()):
            if item["state"] == "offered" and item["agent"] in agents:
                self.say("revoke", key, item["agent"])
                self.wait(item)

    def fall(self, agent: str) -> None:
        self.fallen.append(agent)
        if self.agents[agent]["presence"] == "available":
            self.agents[agent]["presence"] = "not_responding"

    def held(self, event: dict[str, Any], state: str) -> dict[str, Any] | None:
        item = self.items.get(event["interaction"])
        fits = item is not None and item["state"] == state and item["agent"] == event["agent"]
        return item if fits else None

    # ---- events: each says whether it fitted

    def offer_accepted(self, event: dict[str, Any]) -> bool:
        item = self.held(event, "offered")
        if item is None:
            return False
        connect = self.rules(item)["connect_us"]
        item["accepted_at"] = self.agents[event["agent"]]["accepted"] = self.now
        if connect is None:
            self.activate(item)
        else:
            item.update(state="connecting", deadline=self.now + connect)
        return True

    def activate(self, item: dict[str, Any]) -> None:
        item.update(state="active", deadline=None, age=item["age"] + self.now - item["since"], since=None)

    def offer_connect_failed(self, event: dict[str, Any]) -> bool:
        item = self.held(event, "connecting")
        if item is not None:
            self.wait(item)
            self.fall(event["agent"])
        return item is not None

    def offer_declined(self, event: dict[str, Any]) -> bool:
        item = self.held(event, "offered")
        if item is not None:
            item["excluded"][event["agent"]] = self.now + self.rules(item)["cool_down_us"]
            self.wait(item)
        return item is not None

    def agent_available(self, event: dict[str, Any]) -> bool:
        agent = self.agents[event["agent"]]
        if agent["presence"] != "available":
            agent.update(presence="available", idle_since=self.now)
        agent.update(lease=True, lost_at=None)
        return True

    def agent_unavailable(self, event: dict[str, Any]) -> bool:
        agent = self.agents[event["agent"]]
        if event.get("reason") == "offline":
            agent["presence"] = "offline"
        else:
            agent.update(presence="break", lease=True, lost_at=None)
        self.revoke_offers([event["agent"]])
        return True

    def agent_lease_lost(self, event: dict[str, Any]) -> bool:
        agent = self.agents[event["agent"]]
        if agent["lease"]:
            agent.update(presence="offline", lease=False, lost_at=self.now)
            self.revoke_offers([event["agent"]])
        return True

    def interaction_connected(self, event: dict[str, Any]) -> bool:
        item = self.held(event, "connecting")
        if item is not None:
            self.activate(item)
            return True
        active = self.held(event, "active")
        return active is not None and self.rules(active)["connect_us"] is None

    def interaction_completed(self, event: dict[str, Any]) -> bool:
        item = self.held(event, "active")
        if item is not None:
            item.update(state="closed", agent=None)
            self.agents[event["agent"]]["idle_since"] = self.now
        return item is not None

    def interaction_left(self, event: dict[str, Any]) -> bool:
        item = self.items.get(event["interaction"])
        if item is None or item["state"] not in ("queued", "offered", "connecting"):
            return False
        if item["state"] != "queued":
            self.say("revoke", event["interaction"], item["agent"])
        item.update(state="abandoned", agent=None, deadline=None)
        return True

    def interaction_transferred(self, event: dict[str, Any]) -> bool:
        item = self.items.get(event["interaction"])
        if item is None or item["state"] != "active":
            return False
        self.agents[item["agent"]]["idle_since"] = self.now
        item.update(preferred=None, returned=False)
        self.enter(item, event["queue"])
        return True

    def interaction_queued(self, event: dict[str, Any]) -> bool:
        if event["interaction"] in self.items:
            return False
        item = self.items[event["interaction"]] = {
            "channel": event["channel"],
            "tier": event.get("tier"),
            "requirement": event.get("requirement"),
            "preferred": event.get("preferred_agent"),
            "returned": False,
            "age": event.get("waited_us", 0),
            "since": None,
            "boost": event.get("boost_us", 0),
        }
        self.enter(item, event["queue"])
        return True

    # ---- deadlines

    def fire(self) -> None:
        due: list[tuple[int, str, str]] = []
        for key, item in self.items.items():
            deadline, reassign = item.get("deadline"), self.reassign_at(item)
            if deadline is not None and deadline <= self.now:
                due.append((0 if item["state"] == "offered" else 1, key, item["agent"]))
            if reassign is not None and reassign <= self.now:
                due.append((2, key, item["agent"]))
        for kind, key, agent in sorted(due):
            self.say(("missed", "connect_failed", "reassign")[kind], key, agent)
            if kind == 2:
                self.items[key].update(preferred=agent, returned=True)
                self.enter(self.items[key], self.items[key]["queue"])
            else:
                self.wait(self.items[key])
                self.fall(agent)
        self.revoke_offers(self.fallen)

    # ---- matching

    def rank(self, name: str, item: dict[str, Any]) -> int | None:
        waited = self.now - item["entered"]
        teams = self.queues[item["queue"]]["teams"]
        ranks = [
            team["rank"]
            for team in teams
            if team["team"] in self.agents[name]["teams"] and team["delay_us"] <= waited
        ]
        return min(ranks, default=None)

    def suits(self, name: str, item: dict[str, Any]) -> bool:
        """All but room and reservation."""
        agent = self.agents[name]
        return (
            agent["lease"]
            and agent["presence"] == "available"
            and (agent["channels"] is None or item["channel"] in agent["channels"])
            and self.rank(name, item) is not None
            and meets(self.queues[item["queue"]]["requirement"], agent["skills"], agent["key"])
            and meets(item["requirement"], agent["skills"], agent["key"])
            and item["excluded"].get(name, self.now) <= self.now
        )

    def has_room(self, name: str, channel: str) -> bool:
        agent, held = self.agents[name], self.holds(name)
        used = sum(self.units[other["channel"]] for other in held)
        limit = agent["channel_max"].get(channel)
        same = sum(other["channel"] == channel for other in held)
        return used + self.units[channel] <= agent["units_max"] and (limit is None or same < limit)

    def kept_for(self, item: dict[str, Any]) -> str | None:
        """The preferred agent for whom alone it is."""
        name, prefer = item["preferred"], self.queues[item["queue"]]["prefer"]
        if name is None or not (item["returned"] or (prefer and prefer["last_agent"])):
            return None
        if not self.suits(name, item):
            return None
        if self.has_room(name, item["channel"]):
            return str(name)
        until = item["entered"] + (prefer["wait_us"] if prefer else 0)
        ends = [
            other["accepted_at"] + self.rules(other)["expected_handle_us"]
            for other in self.holds(name)
            if other["accepted_at"] is not None and self.rules(other)["expected_handle_us"] is not None
        ]
        return str(name) if self.now < until and any(end < until for end in ends) else None

    def eligible(self, name: str, item: dict[str, Any]) -> bool:
        kept_for = self.kept_for(item)
        return self.suits(name, item) and kept_for in (None, name) and self.has_room(name, item["channel"])

    def standing(self, name: str) -> tuple[int, int]:
        agent = self.agents[name]
        if not self.holds(name):
            return 0, agent["idle_since"]
        return (1, agent["idle_since"]) if agent["accepted"] is None else (2, agent["accepted"])

    def urgency(self, item: dict[str, Any]) -> tuple[bool, bool, int]:
        """(deferred, not overdue, minus score): lower goes first."""
        overdue_at = self.overdue_at(item)
        head_start = (
            self.tier(item)["head_start_us"]
            + self.queues[item["queue"]]["head_start_us"]
            + self.rules(item)["head_start_us"]
            + item["boost"]
        )
        score = item["age"] + self.now - item["since"] + head_start
        return not self.rules(item)["live"], overdue_at is None or overdue_at > self.now, -score

    def match(self) -> None:
        while True:
            firsts = []
            for queue in self.queues:
                waiting = [
                    (self.urgency(item), key)
                    for key, item in self.items.items()
                    if item["state"] == "queued"
                    and item["queue"] == queue
                    and any(self.eligible(name, item) for name in self.agents)
                ]
                if waiting:
                    (deferred, not_overdue, minus_score), key = min(waiting)
                    item = self.items[key]
                    ranks = [self.rank(name, item) or 0 for name in self.agents if self.eligible(name, item)]
                    firsts.append((deferred, not_overdue, min(ranks), minus_score, key))
            if not firsts:
                return
            key = min(firsts)[-1]
            item = self.items[key]
            able = [
                (self.rank(name, item), *self.standing(name), name)
                for name in self.agents
                if self.eligible(name, item)
            ]
            agent = min(able)[-1]
            self.say("offer", key, agent)
            item.update(state="offered", agent=agent, deadline=self.now + self.rules(item)["offer_us"])
