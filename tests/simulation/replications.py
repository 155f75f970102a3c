"""Independent runs of one scenario, and the confidence interval of what they come to."""

import os
from collections.abc import Callable, Iterable
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from scipy.stats import t

from tests.simulation.play import played

CALLS = int(os.environ.get("TOUCHPOINT_SIMULATION_CALLS", "2500"))
"""Calls that count in each run; `make soak` says more."""

SEEDS = tuple(range(1, 11))
CONFIDENCE = 0.999


class Runs:
    """The results of all seeds. `wide` is the share of a figure that the interval spans at most."""

    def __init__(
        self,
        folder: Path,
        setup: dict[str, Any],
        arrivals: list[dict[str, Any]],
        warm_up_seconds: float,
        *,
        counted: int = CALLS,
        **more: Any,
    ) -> None:
        per_second = sum(line["rate_per_hour"] for line in arrivals) / 3600
        horizon = round(warm_up_seconds + counted / per_second)
        self.results = [
            played(
                folder, setup, arrivals, horizon_seconds=horizon, warm_up_seconds=round(warm_up_seconds),
                seed=seed, **more,
            )
            for seed in SEEDS
        ]  # fmt: skip

    def agree(self, name: str, expected: float, figure: Callable[[dict[str, Any]], float]) -> None:
        """The expected value lies in the confidence interval of the figure's mean."""
        values = [figure(result) for result in self.results]
        mean, half = fmean(values), interval(values)
        assert abs(mean - expected) <= half, (
            f"{name}: {mean:.5g} ± {half:.2g}, expected {expected:.5g}; {CALLS} calls, seeds {SEEDS}"
        )


def interval(values: Iterable[float]) -> float:
    """Half of the width of the mean's confidence interval. [Student's t over independent runs: Law,
    Simulation Modeling and Analysis, §4.5.]"""
    found = list(values)
    return float(t.ppf((1 + CONFIDENCE) / 2, len(found) - 1)) * stdev(found) / sqrt(len(found)) + 1e-9
