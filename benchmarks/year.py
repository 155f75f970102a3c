"""A year of a center with 3 million calls on one core: the volume of GE's Answer Center, 200 agents
in shifts, a daily and a weekly pattern, four tiers.

`python -m benchmarks.year [--weeks N]`. The whole command is measured, from the files to the JSON.
"""

import argparse
import io
import json
import tempfile
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import yaml

from app.simulate import simulate
from benchmarks.machine import write_result

CALLS = 3_000_000
WEEKS = 52
MINUTES_MAX = 6

BY_HOUR = (5, 3, 2, 2, 3, 8, 20, 50, 80, 100, 100, 95, 85, 85, 90, 85, 75, 60, 45, 35, 28, 20, 13, 8)
BY_DAY = (1.2, 1.05, 1.0, 1.0, 0.95, 0.5, 0.4)
TIERS = (
    ("platinum", 300, 30, 0.05),
    ("gold", 120, 60, 0.15),
    ("silver", 30, 180, 0.3),
    ("standard", 0, 600, 0.5),
)
SHIFTS = (
    ("early", 55, {"mon-fri": ["07:00-15:00"]}),
    ("day", 45, {"mon-fri": ["09:00-13:00", "13:30-17:30"]}),
    ("late", 45, {"mon-fri": ["14:00-22:00"]}),
    ("night", 10, {"mon-sun": ["22:00-07:00"]}),
    ("weekend", 45, {"sat-sun": ["07:00-22:00"]}),
)


def setup() -> dict[str, Any]:
    agents = [
        {"email": f"{name}{number:02}@answers.test", "teams": [name]}
        for name, count, _ in SHIFTS
        for number in range(count)
    ]
    tiers = [
        {"key": key, "head_start_seconds": head_start, "max_wait_seconds": {"voice": promise}}
        for key, head_start, promise, _ in TIERS
    ]
    teams = [{"key": name} for name, _, _ in SHIFTS]
    return {
        "tenant": {"key": "answers", "time_zone": "America/New_York"},
        "tiers": tiers,
        "teams": teams,
        "agents": agents,
        "queues": [{"key": "answers", "teams": teams}],
    }


def scenario(weeks: int) -> dict[str, Any]:
    per_week = sum(BY_HOUR) * sum(BY_DAY)
    scale = CALLS / 365 * 7 / per_week
    arrivals = [
        {
            "queue": "answers",
            "channel": "voice",
            "tier": key,
            "rate_per_hour": [round(rate * scale * share, 3) for rate in BY_HOUR],
            "weekly": list(BY_DAY),
            "handle": {"distribution": "lognormal", "mean_seconds": 240, "sd_seconds": 200},
            "wrap_up_seconds": 45,
            "patience": {"distribution": "exponential", "mean_seconds": 300},
        }
        for key, _, _, share in TIERS
    ]
    shifts = [{"team": name, "available": available} for name, _, available in SHIFTS]
    days = 365 if weeks == WEEKS else 7 * weeks
    return {
        "setup": "setup.yaml",
        "starts_on": "2026-01-01",
        "horizon_seconds": days * 86_400,
        "seed": 1,
        "agents_accept_after_seconds": 2,
        "arrivals": arrivals,
        "shifts": shifts,
    }


def measure(weeks: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="touchpoint-bench-") as name:
        folder = Path(name)
        for file, document in (("setup.yaml", setup()), ("scenario.yaml", scenario(weeks))):
            (folder / file).write_text(yaml.safe_dump(document), encoding="utf-8")
        out, err = io.StringIO(), io.StringIO()
        wall, cpu = perf_counter(), process_time()
        if simulate(folder / "scenario.yaml", out, err, as_json=True):
            raise RuntimeError(err.getvalue())
        wall, cpu = perf_counter() - wall, process_time() - cpu
    found = json.loads(out.getvalue())
    calls = found["queues"]["answers"]["offered"]
    return {
        "weeks": weeks,
        "calls": calls,
        "wall_seconds": round(wall, 1),
        "processor_seconds": round(cpu, 1),
        "microseconds_per_call": round(cpu / calls * 1e6, 1),
        "events_per_second": round(found["events"] / cpu),
        "targets": {"year_wall_seconds": MINUTES_MAX * 60},
        "result": found,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weeks", type=int, default=WEEKS)
    weeks = parser.parse_args().weeks
    result = measure(weeks)
    print({name: value for name, value in result.items() if name != "result"})
    if weeks == WEEKS:
        write_result("year", result)
    else:
        print(json.dumps(result["result"], indent=2))


if __name__ == "__main__":
    main()
