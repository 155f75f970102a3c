"""A slow, obvious engine to compare with: SEMANTICS §1.5 read aloud, everything sorted anew each time.

Shares no code with `routing`: it takes the policy document, the agents of a set-up and a trace's lines as
dictionaries, and gives what the engine should decide. What happens is here, who serves whom in
`reference_rules.py`.

Readings: what an interrupting piece holds is what is active when it becomes active itself; what is accepted
later stays active. Held work resumes once its agent has no active or held work that interrupts it, however
that ended. Held work may be completed, transferred and reassigned like active work.
"""

import json
from collections.abc import Iterable
from typing import Any

from tests.routing.reference_rules import Item, Rules

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

IN_HAND = ("active", "held")

DEADLINES = [
    ("missed", "offer_deadline"),
    ("connect_failed", "connect_deadline"),
    ("reassign", "reassign_deadline"),
]

Out = tuple[int, str, str | None, str | None, str | None]
"""(at, decision, interaction, agent, reason). Why something is ignored is not compared."""


class Reference(Rules):
    def __init__(self, policy: dict[str, Any], agents: list[dict[str, Any]]) -> None:
        super().__init__(policy)
        self.agents = {
            agent["id"]: dict(
                agent, presence="offline", lease=False, idle_since=0, accepted=None, lost_at=None
            )
            for agent in agents
        }
        self.out: list[Out] = []
        self.fallen: list[str] = []

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

        self.fallen = []
        for event in sorted(events, key=order):
            if not getattr(self, event["type"].replace(".", "_"))(event):
                self.say("ignored", event.get("interaction"), event.get("agent"), None)
        self.fire()
        self.match()

    def say(self, decision: str, interaction: str | None, agent: str | None, reason: str | None) -> None:
        self.out.append((self.now, decision, interaction, agent, reason))

    # ---- clocks

    def next_instant(self) -> int | None:
        found: list[int | None] = []
        for item in self.items.values():
            found += [item["deadline"], self.reassign_at(item)]
            found += self.thresholds(item) if item["state"] == "queued" else []
        later = [due for due in found if due is not None and due > self.now]
        return min(later) if later else None

    def reassign_at(self, item: Item) -> int | None:
        if item["state"] not in IN_HAND:
            return None
        lost_at, after = self.agents[item["agent"]]["lost_at"], self.rules(item)["reassign_us"]
        return None if lost_at is None or after is None else lost_at + after

    # ---- moves

    def wait(self, item: Item) -> None:
        item.update(state="queued", agent=None, deadline=None, accepted_at=None)
        if item["since"] is None:
            item["since"] = self.now

    def enter(self, item: Item, queue: str) -> None:
        item.update(queue=queue, entered=self.now, excluded={})
        self.wait(item)

    def revoke_offers(self, agents: list[str], reason: str) -> None:
        for key, item in sorted(self.items.items()):
            if item["state"] == "offered" and item["agent"] in agents:
                self.say("revoke", key, item["agent"], reason)
                self.wait(item)

    def fall(self, agent: str) -> None:
        self.fallen.append(agent)
        if self.agents[agent]["presence"] == "available":
            self.agents[agent]["presence"] = "not_responding"

    def of_agent(self, event: dict[str, Any], *states: str) -> Item | None:
        item = self.items.get(event["interaction"])
        fits = item is not None and item["state"] in states and item["agent"] == event["agent"]
        return item if fits else None

    def hold_what_it_interrupts(self, by: Item) -> None:
        for item in sorted(self.holds(by["agent"]), key=lambda item: str(item["id"])):
            if item["state"] == "active" and self.interrupted_by(by["channel"], item):
                item["state"] = "held"
                self.say("hold", item["id"], item["agent"], "interrupted")

    def resume_what_nothing_interrupts(self, agent: str) -> None:
        in_hand = [item for item in self.holds(agent) if item["state"] in IN_HAND]
        for item in sorted(in_hand, key=lambda item: str(item["id"])):
            interrupted = any(self.interrupted_by(other["channel"], item) for other in in_hand)
            if item["state"] == "held" and not interrupted:
                item["state"] = "active"
                self.say("resume", item["id"], agent, "interruption_over")

    # ---- events: each says whether it fitted

    def offer_accepted(self, event: dict[str, Any]) -> bool:
        item = self.of_agent(event, "offered")
        if item is None:
            return False
        connect = self.rules(item)["connect_us"]
        item["accepted_at"] = self.agents[event["agent"]]["accepted"] = self.now
        if connect is None:
            self.activate(item)
        else:
            item.update(state="connecting", deadline=self.now + connect)
        return True

    def activate(self, item: Item) -> None:
        item.update(state="active", deadline=None, age=self.age(item), since=None)
        self.hold_what_it_interrupts(item)

    def offer_connect_failed(self, event: dict[str, Any]) -> bool:
        item = self.of_agent(event, "connecting")
        if item is not None:
            self.wait(item)
            self.fall(event["agent"])
        return item is not None

    def offer_declined(self, event: dict[str, Any]) -> bool:
        item = self.of_agent(event, "offered")
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
        self.revoke_offers([event["agent"]], "went_away")
        return True

    def agent_lease_lost(self, event: dict[str, Any]) -> bool:
        agent = self.agents[event["agent"]]
        if agent["lease"]:
            agent.update(presence="offline", lease=False, lost_at=self.now)
            self.revoke_offers([event["agent"]], "lease_lost")
        return True

    def interaction_connected(self, event: dict[str, Any]) -> bool:
        item = self.of_agent(event, "connecting")
        if item is not None:
            self.activate(item)
            return True
        active = self.of_agent(event, *IN_HAND)
        return active is not None and self.rules(active)["connect_us"] is None

    def interaction_completed(self, event: dict[str, Any]) -> bool:
        item = self.of_agent(event, *IN_HAND)
        if item is not None:
            item.update(state="closed", agent=None)
            self.agents[event["agent"]]["idle_since"] = self.now
            self.resume_what_nothing_interrupts(event["agent"])
        return item is not None

    def interaction_left(self, event: dict[str, Any]) -> bool:
        item = self.items.get(event["interaction"])
        if item is None or item["state"] not in ("queued", "offered", "connecting"):
            return False
        if item["state"] != "queued":
            self.say("revoke", event["interaction"], item["agent"], "customer_left")
        item.update(state="abandoned", agent=None, deadline=None)
        return True

    def interaction_transferred(self, event: dict[str, Any]) -> bool:
        item = self.items.get(event["interaction"])
        if item is None or item["state"] not in IN_HAND:
            return False
        agent = item["agent"]
        self.agents[agent]["idle_since"] = self.now
        item.update(preferred=None, account_team=(), last_agent=None, returned=False)
        self.enter(item, event["queue"])
        self.resume_what_nothing_interrupts(agent)
        return True

    def interaction_queued(self, event: dict[str, Any]) -> bool:
        if event["interaction"] in self.items:
            return False
        item = self.items[event["interaction"]] = {
            "id": event["interaction"],
            "channel": event["channel"],
            "tier": event.get("tier"),
            "requirement": event.get("requirement"),
            "preferred": event.get("preferred_agent"),
            "account_team": event.get("account_team", ()),
            "last_agent": event.get("last_agent"),
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
            deadline, reassign = item["deadline"], self.reassign_at(item)
            if deadline is not None and deadline <= self.now:
                due.append((0 if item["state"] == "offered" else 1, key, item["agent"]))
            if reassign is not None and reassign <= self.now:
                due.append((2, key, item["agent"]))
        for kind, key, agent in sorted(due):
            decision, reason = DEADLINES[kind]
            self.say(decision, key, agent, reason)
            if kind == 2:
                self.items[key].update(preferred=agent, returned=True)
                self.enter(self.items[key], self.items[key]["queue"])
                self.resume_what_nothing_interrupts(agent)
            else:
                self.wait(self.items[key])
                self.fall(agent)
        self.revoke_offers(self.fallen, "not_responding")

    def match(self) -> None:
        while (found := self.best()) is not None:
            item, agent = found
            kept = self.kept_for(item) is not None
            strategy = self.queues[item["queue"]].get("strategy", "longest_idle")
            self.say("offer", item["id"], agent, "preferred" if kept else strategy)
            item.update(state="offered", agent=agent, deadline=self.now + self.rules(item)["offer_us"])


def as_reference(made: Iterable[Any]) -> list[Out]:
    """The engine's decisions in the reference's form."""
    return [
        (one.at, one.kind, one.interaction, one.agent, None if one.kind == "ignored" else one.reason)
        for one in made
    ]
