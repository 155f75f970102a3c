"""`touchpoint simulate SCENARIO.yaml`: the routing engine on generated traffic, as figures."""

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from app.route import DONE, REFUSED, WRONG_USAGE
from app.scenario import scenario_of
from app.setup.document import SetupError
from app.setup.scenario import load_scenario
from routing.policy import Policy
from routing.scenario import Scenario
from routing.simulate import Simulation

SLICES = 200
COLUMNS = (
    "offered", "answered", "abandoned", "short", "waiting", "in time", "ASA", "p50", "p90", "p99", "max",
)  # fmt: skip
COUNTS = ("offered", "answered", "abandoned", "short_abandoned", "still_waiting")
TABLE_WIDTH = 130
"""A narrow terminal breaks the lines rather than to lose numbers."""


def simulate(path: Path, out: TextIO, err: TextIO, as_json: bool = False) -> int:
    """Print the result to `out`; returns the exit code. A wrong scenario or set-up: reasons on `err` and
    nothing on `out`. What of the set-up has no effect yet is said on `err`."""
    try:
        document, setup = load_scenario(path)
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=err)
        return WRONG_USAGE
    except SetupError as error:
        print("\n".join(error.lines()), file=err)
        return REFUSED
    for line, pointer, message in setup.warnings:
        print(f"{setup.path}:{line}: {pointer}: {message}", file=err)
    scenario = scenario_of(document, setup)
    policy = Policy.from_document(setup.policy_document())
    started = time.perf_counter()
    simulation = Simulation(scenario, policy, setup.agent_snapshots())
    _play(simulation, scenario, Console(file=err))
    result = {**simulation.result(), "wall_seconds": round(time.perf_counter() - started, 3)}
    if as_json:
        print(json.dumps(result, ensure_ascii=False, indent=2), file=out)
    else:
        _print_table(result, out)
    return DONE


def _play(simulation: Simulation, scenario: Scenario, console: Console) -> None:
    """To the end, with a bar that shows how far it is; only on a terminal."""
    span = scenario.ends_at - scenario.starts_at
    columns = TextColumn("simulating"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=SLICES)
        for part in range(1, SLICES + 1):
            simulation.advance(scenario.starts_at + span * part // SLICES)
            progress.advance(task)


def _print_table(result: Mapping[str, Any], out: TextIO) -> None:
    table = Table("queue", *COLUMNS, box=None, pad_edge=False, header_style="bold")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, figures in _rows(result["queues"]):
        table.add_row(name, *_cells(figures))
    console = Console(file=out, highlight=False)
    console.width = max(console.width, TABLE_WIDTH)
    console.print(table)
    console.print(
        f"\nAgents were handling work {_percent(result['occupancy'])} of their time; "
        f"{_percent(result['wait_probability'])} of the work had to wait."
    )
    console.print(f"{result['events']:,} events in {result['wall_seconds']:.1f} s.")


def _rows(queues: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for queue, figures in queues.items():
        yield queue, figures
        for tier, of_tier in figures["by_tier"].items():
            yield f"  {tier}", of_tier


def _cells(figures: Mapping[str, Any]) -> list[str]:
    counts = [
        figures[name] for name in ("offered", "answered", "abandoned", "short_abandoned", "still_waiting")
    ]
    return [
        *[f"{count:,}" for count in counts],
        _percent(figures["service_level"]),
        _seconds(figures["asa_seconds"]),
        *[_seconds(value) for value in figures["wait_seconds"].values()],
    ]


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f} s"
