"""How long the k-th in line waits: k completions, each after an exponential time (SEMANTICS §1.6).

While all agents are busy and completions come at μ a second, the wait of position k is Erlang(k, μ)
distributed: k exponential times of mean 1/μ. [Kleinrock, Queueing Systems I, 1975, §4.2.]
"""

from functools import lru_cache
from math import exp, sqrt
from statistics import NormalDist
from typing import NamedTuple

FEW_STAGES = 100
"""Beyond so many the expansion alone is right to a billionth."""

NEAR = 1e-9


class Estimate(NamedTuple):
    """Half of those at this place wait no longer than `p50_us`, nine in ten no longer than `p90_us`."""

    p50_us: int
    p90_us: int


def estimate(position: int, completions_per_second: float | None) -> Estimate | None:
    """The wait at `position` (1 is the first); None where nothing is being completed."""
    if not completions_per_second:
        return None
    return Estimate(
        quantile_us(position, completions_per_second, 0.5), quantile_us(position, completions_per_second, 0.9)
    )


def quantile_us(position: int, completions_per_second: float, p: float) -> int:
    """The `p` quantile of Erlang(position, μ) in whole microseconds; `position` ≥ 1, 0 < p < 1."""
    return round(_unit_quantile(position, p) / completions_per_second * 1_000_000)


def completions_per_second(at_once: int, handle_us: int | None) -> float | None:
    """μ of agents who together do `at_once` pieces at a time, each for `handle_us`; None without either."""
    return at_once * 1_000_000 / handle_us if at_once and handle_us else None


def pieces_at_once(units_max: int, units: int, channel_max: int | None) -> int:
    """How many pieces that cost `units` one agent does at once; what costs nothing counts as one unit."""
    fitting = units_max // max(units, 1)
    return fitting if channel_max is None else min(fitting, channel_max)


@lru_cache(maxsize=16_384)
def _unit_quantile(stages: int, p: float) -> float:
    """Of Erlang(stages, 1), by the expansion in powers of 1/√stages; with few stages made exact by Newton's
    steps."""
    x = max(_expansion(stages, NormalDist().inv_cdf(p)), 0.05)
    while stages <= FEW_STAGES:
        missing, density = _tail(stages, x)
        step = (1 - missing - p) / density
        x = max(x - step, x / 2)
        if abs(step) < NEAR * x:
            break
    return x


def _expansion(stages: int, z: float) -> float:
    """[Cornish and Fisher 1937; the terms for χ²: Goldberg and Levine, Annals of Mathematical Statistics 17,
    1946.] `z` is the quantile of the normal distribution."""
    root = sqrt(stages)
    return (
        stages
        + root * z
        + (z**2 - 1) / 3
        + (z**3 - 7 * z) / (36 * root)
        - (3 * z**4 + 7 * z**2 - 16) / (810 * stages)
        + (9 * z**5 + 256 * z**3 - 433 * z) / (38_880 * stages * root)
        + (12 * z**6 - 243 * z**4 - 923 * z**2 + 1472) / (204_120 * stages**2)
    )


def _tail(stages: int, x: float) -> tuple[float, float]:
    """(P(wait > x), density at x): fewer than `stages` events of a Poisson process by then."""
    term = total = 1.0
    for number in range(1, stages):
        term *= x / number
        total += term
    return total * exp(-x), term * exp(-x)
