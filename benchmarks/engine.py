"""Routing events per second on one core, at three sizes in one run: does the cost of an event grow?

`python -m benchmarks.engine [--events N]`. Two loads each: `crowded` (work waits all the time, each freed
agent takes the next piece) and `quiet` (agents wait, each arrival goes to one, or hangs up). Same queues,
skills and variety of requirements at every size: only the numbers of agents and waiting interactions differ.
"""

import argparse
import gc
import statistics
import tracemalloc
from collections import deque
from collections.abc import Callable
from random import Random
from time import process_time
from typing import Any

from benchmarks.machine import write_result
from routing.decision import Decision
from routing.engine import Engine
from routing.events import (
    AgentAvailable,
    InteractionCompleted,
    InteractionLeft,
    InteractionQueued,
    OfferAccepted,
    OfferDeclined,
    RoutingEvent,
)
from routing.policy import Policy
from routing.state import AgentSnapshot

SIZES = ((100, 1_000), (1_000, 10_000), (10_000, 100_000))
QUEUES, TEAMS, SKILLS = 50, 25, 30
SECOND = 1_000_000
CHANNELS = ("voice", "voice", "voice", "chat", "chat", "email")
UNITS = {"voice": 100, "chat": 33, "messaging": 25, "email": 20, "task": 20}


def policy() -> Policy:
    random = Random(1)
    tiers = [
        {
            "key": key,
            "head_start_us": head * SECOND,
            "promise_us": {"voice": wait * SECOND},
            "promise_live_us": None,
        }
        for key, head, wait in (
            ("platinum", 600, 60),
            ("gold", 300, 120),
            ("silver", 60, 600),
            ("standard", 0, 1800),
        )
    ]
    queues = [_queue(random, number) for number in range(QUEUES)]
    return Policy.from_document(
        {"queues": queues, "tiers": tiers, "units": UNITS, "default_tier": "standard"}
    )


def _queue(random: Random, number: int) -> dict[str, Any]:
    first, second = random.sample(range(TEAMS), 2)
    rules = {"offer_us": 3600 * SECOND, "live": True, "cool_down_us": 30 * SECOND}
    return {
        "key": f"q{number}",
        "teams": [
            {"team": f"t{first}", "rank": 1, "delay_us": 0},
            {"team": f"t{second}", "rank": 2, "delay_us": 20 * SECOND},
        ],
        "requirement": f"s{number % SKILLS} >= {random.randint(1, 5)}",
        "head_start_us": random.choice([0, 0, 60]) * SECOND,
        "prefer": None,
        "channels": {name: {**rules, "live": name in ("voice", "chat")} for name in UNITS},
    }


def agents(count: int) -> list[AgentSnapshot]:
    random = Random(2)
    return [
        AgentSnapshot(
            id=f"agent{number:05}",
            version=0,
            key=f"agent{number:05}",
            teams=tuple(f"t{team}" for team in random.sample(range(TEAMS), 3)),
            skills={f"s{skill}": random.randint(1, 10) for skill in random.sample(range(SKILLS), 12)},
            channels=None,
            channel_max={"chat": 3},
        )
        for number in range(count)
    ]


class Load:
    """Keeps the engine as it is: what it offers is accepted, sometimes declined, and completed in turn."""

    def __init__(self, agent_count: int, waiting: int) -> None:
        self.random = Random(3)
        self.engine = Engine(policy())
        self.now = 0
        self.events = 0
        self.queued = 0
        self.seconds = 0.0
        self.offered: deque[Decision] = deque()
        self.active: deque[Decision] = deque()
        self.engine.apply(agents(agent_count), 0)
        self.waiting = waiting

    def tell(self, *events: RoutingEvent) -> None:
        self.now += 1000
        start = process_time()
        made = self.engine.apply(events, self.now)
        self.seconds += process_time() - start
        self.events += len(events)
        self.offered.extend(decision for decision in made if decision.kind == "offer")

    def arrive(self) -> None:
        random = self.random
        self.queued += 1
        own = f"s{random.randrange(SKILLS)} >= {random.randint(1, 5)}" if random.random() < 0.3 else None
        self.tell(
            InteractionQueued(
                interaction=f"interaction{self.queued:08}",
                queue=f"q{random.randrange(QUEUES)}",
                channel=random.choice(CHANNELS),
                tier=random.choice(("platinum", "gold", "silver", "standard")),
                requirement=own,
            )
        )

    def serve(self) -> None:
        """Accept what was offered; once in twenty decline."""
        while self.offered:
            decision = self.offered.popleft()
            pair = decision.interaction or "", decision.agent or ""
            if self.random.random() < 0.05:
                self.tell(OfferDeclined(*pair))
            else:
                self.tell(OfferAccepted(*pair))
                self.active.append(decision)

    def complete(self) -> None:
        decision = self.active.popleft()
        self.tell(InteractionCompleted(decision.interaction or "", decision.agent or ""))

    def leave(self) -> None:
        """Somebody who came lately hangs up, if they wait still."""
        back = self.random.randrange(1, 1000)
        self.tell(InteractionLeft(f"interaction{max(1, self.queued - back):08}"))


def crowded(agent_count: int, waiting: int, events: int) -> dict[str, float]:
    load = Load(agent_count, waiting)
    for _ in range(waiting):
        load.arrive()
    for number in range(agent_count):
        load.tell(AgentAvailable(f"agent{number:05}"))
        load.serve()

    def step() -> None:
        load.complete()
        load.arrive()
        load.serve()
        if load.random.random() < 0.1:
            load.leave()
            load.arrive()

    return _measure(load, step, events)


def quiet(agent_count: int, waiting: int, events: int) -> dict[str, float]:
    load = Load(agent_count, waiting)
    load.tell(*[AgentAvailable(f"agent{number:05}") for number in range(agent_count)])

    def arrive() -> None:
        load.arrive()
        if not load.offered:
            load.tell(InteractionLeft(f"interaction{load.queued:08}"))
        load.serve()

    for _ in range(agent_count // 3):
        arrive()

    def step() -> None:
        arrive()
        while len(load.active) > agent_count // 3:
            load.complete()
            load.serve()

    return _measure(load, step, events)


def _measure(load: Load, step: Callable[[], None], events: int) -> dict[str, float]:
    """Warm-up, then five equal parts: the median speaks. Processor time, for others use the machine too."""
    rates = []
    load.events = 0
    while load.events < events:
        step()
    for _ in range(5):
        gc.collect()
        load.events, load.seconds = 0, 0.0
        while load.events < events / 5:
            step()
        rates.append(load.events / load.seconds)
    return {"events_per_second": statistics.median(rates)}


def plain_python() -> float:
    """Steps per second of a loop over a dictionary: how fast this machine is just now."""
    numbers: dict[int, int] = {}
    start = process_time()
    for step in range(2_000_000):
        numbers[step & 1023] = step
    return round(2_000_000 / (process_time() - start))


def bytes_per_waiting(waiting: int = 20_000) -> int:
    """Memory that the engine takes for one waiting interaction, its id and its share of the indexes."""
    load = Load(100, waiting)
    gc.collect()
    tracemalloc.start()
    for _ in range(waiting):
        load.arrive()
    gc.collect()
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return taken // waiting


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=60_000)
    events = parser.parse_args().events
    rows: list[dict[str, Any]] = []
    for name, run in (("crowded", crowded), ("quiet", quiet)):
        for agent_count, waiting in SIZES:
            row = {
                "plain_python_steps_per_second": plain_python(),
                "load": name,
                "agents": agent_count,
                "waiting": waiting,
                **run(agent_count, waiting, events),
            }
            rows.append(
                {key: round(value) if isinstance(value, float) else value for key, value in row.items()}
            )
            print(rows[-1], flush=True)
    growth = {
        name: round(rates[0] / rates[-1], 2)
        for name in ("crowded", "quiet")
        if (rates := [row["events_per_second"] for row in rows if row["load"] == name])
    }
    print("cost per event, largest ÷ smallest:", growth)
    memory = bytes_per_waiting()
    print("bytes per waiting interaction:", memory)
    write_result("engine", {"rows": rows, "cost_growth": growth, "bytes_per_waiting": memory})


if __name__ == "__main__":
    main()
