"""Random set-ups and traces from a seed: small, crowded, and full of coincidences."""

import re
from collections.abc import Collection
from copy import deepcopy
from random import Random
from typing import Any

from routing import events, state
from tests.routing.reference import Reference

SECOND = 1_000_000
CHANNELS = ("voice", "chat", "messaging", "email", "task")
SKILLS = ("a", "b", "c")
ALL = ("steps", "strict", "strategies", "prefer", "lending", "interrupts", "reserve")
"""What a policy may ask for besides the plain rules."""
LANDED: tuple[str, ...] = ALL
"""Those that the engine knows: a world asks for some, all or none of them."""

Line = dict[str, Any]


def seconds(random: Random, *choices: float) -> int:
    return round(random.choice(choices) * SECOND)


def requirement(random: Random, depth: int = 0) -> str | None:
    pick = random.random()
    if depth == 0 and pick < 0.5:
        return None
    if pick < 0.7 or depth > 1:
        return f"{random.choice(SKILLS)} >= {random.randint(1, 6)}"
    if pick < 0.75:
        return f"agent(g{random.randint(0, 3)}@x)"
    if pick < 0.78:
        return "anyone"
    word = random.choice(["and", "or"])
    left, right = requirement(random, depth + 1), requirement(random, depth + 1)
    return f"({left}) {word} ({right})"


def policy(random: Random, features: Collection[str] | None = None) -> dict[str, Any]:
    """A policy document: what `Policy.from_document` and the reference both read."""
    if features is None:
        features = random.sample(LANDED, random.randint(0, len(LANDED)))
    teams = [f"t{number}" for number in range(random.randint(1, 3))]
    queues = [_queue(random, f"q{number}", teams) for number in range(random.randint(1, 3))]
    tiers = [
        {
            "key": f"tier{number}",
            "head_start_us": seconds(random, 0, 0, 5, 30, 600),
            "promise_us": {name: seconds(random, 5, 20) for name in CHANNELS if random.random() < 0.2},
            "promise_live_us": random.choice([None, None, 10 * SECOND]),
        }
        for number in range(random.randint(0, 3))
    ]
    units = {"voice": 100, "chat": 33, "messaging": 25, "email": 20, "task": 20}
    default = random.choice(tiers)["key"] if tiers else None
    for place, queue in enumerate(queues):
        _ask_for_more(random, queue, [other["key"] for other in queues[place + 1 :]], features)
    interrupts = random.choice(INTERRUPTS) if "interrupts" in features else {}
    return {
        "queues": queues,
        "tiers": tiers,
        "units": units,
        "default_tier": default,
        "interrupts": interrupts,
    }


def amended(random: Random, document: dict[str, Any]) -> dict[str, Any]:
    """Another policy for the same queues, teams and tiers, as a supervisor may publish it during the day."""
    other = policy(random)
    drawn = [random.choice(other["queues"]) for _ in document["queues"]]
    kept = ("key", "teams", "lend", "steps")
    queues = []
    for new, old in zip(drawn, document["queues"], strict=True):
        rest = {name: value for name, value in new.items() if name not in kept}
        queues.append(deepcopy(rest | {name: old[name] for name in kept if name in old}))
    for queue in queues:
        for team in queue["teams"]:
            team.update(rank=random.randint(1, 3), delay_us=seconds(random, 0, 0, 4, 10))
    return {**document, "queues": queues}


INTERRUPTS: tuple[dict[str, list[str]], ...] = (
    {"voice": ["email", "task"]},
    {"voice": ["chat", "email"], "chat": ["email"]},
    {"chat": ["task"], "messaging": ["email"]},
)


def _ask_for_more(
    random: Random, queue: dict[str, Any], lenders: list[str], features: Collection[str]
) -> None:
    """`lenders`: only queues behind this one, so that nobody lends in a circle."""
    if "steps" in features and random.random() < 0.7:
        queue["steps"] = [_step(random, lenders) for _ in range(random.randint(1, 3))]
        queue["steps"].sort(key=lambda step: step["after_us"])
    if "strict" in features:
        queue["order"] = random.choice(["urgency", "strict", "strict"])
    if "strategies" in features:
        queue["strategy"] = random.choice(["longest_idle", "least_loaded", "best_skill"])
    if "prefer" in features:
        queue["prefer"] = random.choice([None, _prefer(random), _prefer(random)])
    if "lending" in features and lenders and random.random() < 0.8:
        when, than = random.choice([("nobody_signed_in", None), ("service_level", 800_000)])
        queue["lend"] = [{"when": when, "than": than, "queues": [random.choice(lenders)]}]
    if "reserve" in features:
        queue["reserve_deferred"] = random.choice([0, 1, 1, 2])


def _step(random: Random, lenders: list[str]) -> dict[str, Any]:
    return {
        "after_us": seconds(random, 0, 2, 5, 5, 12),
        "requirement": random.choice([None, requirement(random), requirement(random), "anyone"]),
        "lend": random.sample(lenders, random.randint(0, min(1, len(lenders)))),
    }


def _prefer(random: Random) -> dict[str, Any]:
    return {
        "last_agent": random.random() < 0.7,
        "account_team": random.random() < 0.7,
        "wait_us": seconds(random, 0, 5, 20),
    }


def _queue(random: Random, key: str, teams: list[str]) -> dict[str, Any]:
    served = random.sample(teams, random.randint(1, len(teams)))
    wait = seconds(random, 0, 5, 20)
    return {
        "key": key,
        "teams": [
            {"team": team, "rank": random.randint(1, 3), "delay_us": seconds(random, 0, 0, 4, 10)}
            for team in sorted(served)
        ],
        "requirement": requirement(random) or "anyone",
        "head_start_us": seconds(random, 0, 0, 7),
        "prefer": random.choice([None, {"last_agent": True, "wait_us": wait}]),
        "channels": {channel: _rules(random, channel) for channel in CHANNELS},
    }


def _rules(random: Random, channel: str) -> dict[str, Any]:
    reassigned = channel in ("chat", "messaging")
    return {
        "offer_us": seconds(random, 3, 5, 8),
        "live": (channel in ("voice", "chat")) ^ (random.random() < 0.1),
        "cool_down_us": seconds(random, 0, 4, 10),
        "connect_us": random.choice([None, 3 * SECOND]) if channel == "voice" else None,
        "reassign_us": seconds(random, 0, 6, 15) if reassigned else None,
        "head_start_us": seconds(random, 0, 0, 3),
        "expected_handle_us": random.choice([None, 2 * SECOND, 6 * SECOND]),
    }


def agents(random: Random, document: dict[str, Any], count: int = 0) -> list[dict[str, Any]]:
    teams = sorted({team["team"] for queue in document["queues"] for team in queue["teams"]})
    count = count or random.choice([1, 2, 3, 4, 5, 14])
    return [_agent(random, f"g{number}@x", teams) for number in range(count)]


def _agent(random: Random, key: str, teams: list[str]) -> dict[str, Any]:
    return {
        "id": key,
        "key": key,
        "teams": sorted(random.sample(teams, random.randint(1, len(teams)))),
        "skills": {skill: random.randint(1, 6) for skill in SKILLS if random.random() < 0.6},
        "channels": random.choice([None, None, ["voice"], ["chat", "email", "messaging"]]),
        "units_max": random.choice([100, 100, 120, 60]),
        "channel_max": random.choice([{}, {}, {"chat": 1}, {"chat": 2, "email": 1}]),
    }


def snapshots(people: list[dict[str, Any]], kinds: Any = state) -> list[Any]:
    return [
        kinds.AgentSnapshot(
            id=person["id"],
            version=0,
            key=person["key"],
            teams=tuple(person["teams"]),
            skills=person["skills"],
            channels=None if person["channels"] is None else tuple(person["channels"]),
            units_max=person["units_max"],
            channel_max=person["channel_max"],
        )
        for person in people
    ]


def trace(random: Random, document: dict[str, Any], people: list[dict[str, Any]], length: int) -> list[Line]:
    """What could happen, drawn from what the reference knows; sometimes nonsense. Whole and half seconds, so
    that much happens at once."""
    told = Reference(document, people)
    lines: list[Line] = []
    at, known = 0, 0
    while len(lines) < length:
        at += seconds(random, 0.5, 1, 1, 2, 5)
        told.advance(at)
        now = _shift(random, at, told) if len(lines) < 3 or random.random() < 0.05 else []
        for _ in range(random.choice([1, 1, 2, 3, 5, 12])):
            kind = _kind(random, told)
            known += kind == "interaction.queued" and random.random() < 0.95
            now.append({"at": at, "type": kind, **_fields(random, kind, document, told, known)})
        told.instant(at, [line for line in now if line["type"] != "tick"])
        lines += now
    return lines


def _kind(random: Random, told: Reference) -> str:
    """Mostly something that fits the state of some interaction."""
    kind = random.choices(list(_KINDS), weights=list(_KINDS.values()))[0]
    if kind in _FITS and not _fitting(kind, told) and random.random() < 0.8:
        return random.choice(["interaction.queued", "agent.available", "agent.available"])
    return kind


def _fitting(kind: str, told: Reference) -> list[str]:
    """Interactions in the right state; of those to transfer rather one that somebody has declined."""
    fitting = [key for key, item in told.items.items() if item["state"] in _FITS[kind]]
    declined = [key for key in fitting if told.items[key]["excluded"]]
    return declined if declined and kind == "interaction.transferred" else fitting


def _likely(kind: str, told: Reference) -> list[str]:
    """Who went away comes back; a lost connection matters where work would be reassigned."""
    if kind == "agent.available":
        return [name for name, agent in told.agents.items() if agent["lost_at"] is not None]
    if kind == "agent.lease_lost":
        in_hand = [item for item in told.items.values() if item["state"] in ("active", "held")]
        return sorted({item["agent"] for item in in_hand if told.rules(item)["reassign_us"]})
    return []


def _shift(random: Random, at: int, told: Reference) -> list[Line]:
    """Most agents come, or go, at once."""
    kind, share = random.choice([("agent.available", 0.9), ("agent.unavailable", 0.5)])
    return [{"at": at, "type": kind, "agent": key} for key in told.agents if random.random() < share]


_KINDS = {
    "interaction.queued": 30,
    "agent.available": 20,
    "offer.accepted": 55,
    "interaction.completed": 20,
    "interaction.connected": 8,
    "offer.declined": 9,
    "offer.connect_failed": 2,
    "agent.unavailable": 3,
    "agent.lease_lost": 6,
    "interaction.left": 4,
    "interaction.transferred": 10,
    "tick": 3,
}
_FITS = {
    "offer.accepted": ("offered",),
    "offer.declined": ("offered",),
    "offer.connect_failed": ("connecting",),
    "interaction.connected": ("connecting", "active"),
    "interaction.completed": ("active", "held"),
    "interaction.left": ("queued", "offered", "connecting"),
    "interaction.transferred": ("active", "held"),
}


def _fields(random: Random, kind: str, document: dict[str, Any], told: Reference, known: int) -> Line:
    agent = random.choice(_likely(kind, told) or sorted(told.agents))
    queue = random.choice(document["queues"])["key"]
    if kind == "tick":
        return {}
    if kind == "interaction.queued":
        return queued(random, f"x{known}", queue, document, sorted(told.agents))
    if kind == "agent.unavailable":
        return {"agent": agent, "reason": random.choice(["lunch", "offline", "offline"])}
    if kind.startswith("agent."):
        return {"agent": agent}
    fitting = _fitting(kind, told)
    interaction = f"x{random.randint(max(0, known - 6), known)}"
    if fitting and random.random() < 0.9:
        interaction = random.choice(fitting)
        agent = told.items[interaction]["agent"] or agent
    if kind == "interaction.left":
        return {"interaction": interaction}
    if kind == "interaction.transferred":
        return {"interaction": interaction, "queue": queue}
    return {"interaction": interaction, "agent": agent}


def queued(random: Random, interaction: str, queue: str, document: dict[str, Any], agents: list[str]) -> Line:
    tiers = [tier["key"] for tier in document["tiers"]]
    interrupts = document["interrupts"]
    colliding = [*interrupts, *(channel for lower in interrupts.values() for channel in lower)]
    return {
        "interaction": interaction,
        "queue": queue,
        "channel": random.choice(colliding if colliding and random.random() < 0.7 else CHANNELS),
        "tier": random.choice([*tiers, None]),
        "requirement": requirement(random),
        "preferred_agent": random.choice(agents) if random.random() < 0.4 else None,
        "waited_us": seconds(random, 0, 0, 0, 10),
        "boost_us": seconds(random, 0, 0, 0, 15),
        **_relations(random, document, agents),
    }


def _relations(random: Random, document: dict[str, Any], agents: list[str]) -> Line:
    """Who knows the customer, where some queue asks for more than the named agent."""
    if not any(queue["prefer"] and "account_team" in queue["prefer"] for queue in document["queues"]):
        return {}
    team = random.sample(agents, min(len(agents), random.choice([0, 0, 1, 2])))
    return {"account_team": tuple(team), "last_agent": random.choice([None, random.choice(agents)])}


def event(line: Line, kinds: Any = events) -> Any:
    """The engine's event of a line, None for a tick. `kinds`: the module that has the types."""
    if line["type"] == "tick":
        return None
    name = "".join(part.capitalize() for part in re.split(r"[._]", line["type"]))
    fields = {name: value for name, value in line.items() if name not in ("at", "type")}
    return getattr(kinds, name)(**fields)
