"""The plain M/M/c, by us and by simpy in one run: what does it cost that our engine decides?

`python -m benchmarks.plain_queue [--calls N]`. simpy has a resource with a queue; ours routes each
call to an agent by the rules of a set-up. Processor time, for others use the machine too.
"""

import argparse
import io
import json
import statistics
import tempfile
from pathlib import Path
from random import Random
from time import process_time
from typing import Any

import simpy
import yaml

from app.simulate import simulate
from benchmarks.machine import write_result

AGENTS, LOAD, HANDLE_SECONDS = 50, 0.9, 180.0
CALLS = 100_000
ROUNDS = 5
TARGET = 3.0


def ours(folder: Path, calls: int, seed: int) -> float:
    """Runs the command; returns the mean wait in seconds."""
    per_second = AGENTS * LOAD / HANDLE_SECONDS
    setup = {
        "teams": [{"key": "t"}],
        "agents": [{"email": f"agent{number:02}@test", "teams": ["t"]} for number in range(AGENTS)],
        "queues": [{"key": "q", "teams": [{"key": "t"}]}],
    }
    line = {
        "queue": "q",
        "channel": "voice",
        "rate_per_hour": per_second * 3600,
        "handle": {"distribution": "exponential", "mean_seconds": HANDLE_SECONDS},
    }
    scenario = {
        "setup": "setup.yaml", "horizon_seconds": round(calls / per_second), "seed": seed, "arrivals": [line],
    }  # fmt: skip
    for name, document in (("setup.yaml", setup), ("scenario.yaml", scenario)):
        (folder / name).write_text(yaml.safe_dump(document), encoding="utf-8")
    out, err = io.StringIO(), io.StringIO()
    if simulate(folder / "scenario.yaml", out, err, as_json=True):
        raise RuntimeError(err.getvalue())
    return float(json.loads(out.getvalue())["queues"]["q"]["asa_seconds"])


def simpys(calls: int, seed: int) -> float:
    """The same traffic on simpy's resource; returns the mean wait in seconds."""
    random, waits = Random(seed), []
    environment = simpy.Environment()
    agents = simpy.Resource(environment, AGENTS)

    def call() -> Any:
        came = environment.now
        with agents.request() as request:
            yield request
            waits.append(environment.now - came)
            yield environment.timeout(random.expovariate(1 / HANDLE_SECONDS))

    def arrivals() -> Any:
        while True:
            yield environment.timeout(random.expovariate(AGENTS * LOAD / HANDLE_SECONDS))
            environment.process(call())

    environment.process(arrivals())
    environment.run(until=calls * HANDLE_SECONDS / AGENTS / LOAD)
    return statistics.fmean(waits)


def measure(calls: int) -> dict[str, Any]:
    took: dict[str, list[float]] = {"ours": [], "simpy": []}
    waits: dict[str, list[float]] = {"ours": [], "simpy": []}
    with tempfile.TemporaryDirectory(prefix="touchpoint-bench-") as folder:
        tasks = {
            "ours": lambda seed: ours(Path(folder), calls, seed),
            "simpy": lambda seed: simpys(calls, seed),
        }
        for seed in range(ROUNDS):
            for name, task in tasks.items():
                start = process_time()
                waits[name].append(round(task(seed), 2))
                took[name].append(process_time() - start)
    ratios = [a / b for a, b in zip(took["ours"], took["simpy"], strict=True)]
    return {
        "calls": calls,
        **{f"{name}_microseconds_per_call": [round(t / calls * 1e6, 1) for t in took[name]] for name in took},
        **{f"{name}_mean_wait_seconds": waits[name] for name in waits},
        "ours_to_simpy": round(statistics.median(ratios), 2),
        "targets": {"ours_to_simpy": TARGET},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=CALLS)
    calls = parser.parse_args().calls
    result = measure(calls)
    print(result)
    if calls >= CALLS:
        write_result("plain_queue", result)


if __name__ == "__main__":
    main()
