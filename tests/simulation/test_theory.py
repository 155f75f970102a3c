"""The simulated center agrees with the closed forms of queueing theory, within its own confidence interval.

Ten independent runs each; the interval is that of 99.9 in 100. The seeds are fixed: what passes once passes
always, until the engine decides otherwise.
"""

from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from tests.simulation.play import calls, center, constant, exponential
from tests.simulation.replications import CALLS, SEEDS, Runs
from tests.simulation.theory import ErlangA, ErlangC, erlang_b, pollaczek_khinchine, priority_waits

HANDLE = 180.0
WITHIN = 20

WIDE = CALLS >= 20_000
LOADS = [(1, 0.5), (1, 0.8), (3, 0.9), (10, 0.85), (40, 0.9)]
ALL_LOADS = [(c, load) for c in (1, 2, 5, 10, 30, 100) for load in (0.5, 0.7, 0.8, 0.9, 0.95)]
COUNTED_MIN = 100


def is_measurable(agents: int, load: float) -> bool:
    """Of a hundred agents at half of their load nobody waits: what did not happen has no interval."""
    late = 1 - ErlangC(agents, load, HANDLE).within(WITHIN)
    return late * CALLS * len(SEEDS) >= COUNTED_MIN


GRID = [cell for cell in ALL_LOADS if is_measurable(*cell)] if WIDE else LOADS

Figure = Callable[[dict[str, Any]], float]


def of_queue(name: str) -> Figure:
    return lambda result: float(result["queues"]["q"][name])


def of_tier(tier: str, name: str) -> Figure:
    return lambda result: float(result["queues"]["q"]["by_tier"][tier][name])


def occupancy(result: dict[str, Any]) -> float:
    return float(result["occupancy"])


def wait_probability(result: dict[str, Any]) -> float:
    return float(result["wait_probability"])


def abandoned(result: dict[str, Any]) -> float:
    queue = result["queues"]["q"]
    return float(queue["abandoned"] / (queue["answered"] + queue["abandoned"]))


def warm_up(theory: ErlangC) -> float:
    return 6 * theory.relaxation_seconds + 5 * HANDLE


@pytest.mark.parametrize(("agents", "load"), GRID)
def test_everybody_waits_as_erlang_c_says(tmp_path: Path, agents: int, load: float) -> None:
    theory = ErlangC(agents, load, HANDLE)
    runs = Runs(tmp_path, center(agents), [calls(theory.arrivals_per_second * 3600)], warm_up(theory))
    runs.agree("probability of waiting", theory.wait_probability, wait_probability)
    runs.agree("mean wait", theory.mean_wait, of_queue("asa_seconds"))
    runs.agree("service level", theory.within(WITHIN), of_queue("service_level"))
    runs.agree("occupancy", load, occupancy)


@pytest.mark.parametrize(("agents", "load"), [(2, 0.9), (10, 1.0), (30, 1.2)])
def test_the_impatient_leave_as_erlang_a_says(tmp_path: Path, agents: int, load: float) -> None:
    theory = ErlangA(agents, load, HANDLE, patience_seconds=120)
    line = calls(theory.arrivals_per_second * 3600, patience=exponential(120))
    runs = Runs(tmp_path, center(agents), [line], warm_up_seconds=10 * HANDLE)
    runs.agree("probability of waiting", theory.wait_probability, wait_probability)
    runs.agree("abandoned", theory.abandoned, abandoned)
    runs.agree("mean wait of the answered", theory.mean_wait_of_served, of_queue("asa_seconds"))
    runs.agree("occupancy", load * (1 - theory.abandoned), occupancy)


@pytest.mark.parametrize("handle", [{"distribution": "lognormal", "mean_seconds": HANDLE, "sd_seconds": 400},
                                    constant(HANDLE)], ids=["lognormal", "constant"])  # fmt: skip
def test_who_will_not_wait_is_lost_as_erlang_b_says(tmp_path: Path, handle: dict[str, Any]) -> None:
    """Whatever the distribution of handling times: Erlang's formula is insensitive to it."""
    line = calls(8 / HANDLE * 3600, handle=handle, patience=constant(0))
    runs = Runs(tmp_path, center(10), [line], warm_up_seconds=20 * HANDLE)
    runs.agree("lost", erlang_b(10, 8), abandoned)


@pytest.mark.parametrize(
    ("handle", "sd"),
    [
        (constant(HANDLE), 0),
        ({"distribution": "lognormal", "mean_seconds": HANDLE, "sd_seconds": 120}, 120),
        ({"distribution": "empirical", "values_seconds": [60, 300]}, 120),
    ],
    ids=["constant", "lognormal", "empirical"],
)
def test_one_agent_is_waited_for_as_pollaczek_and_khinchine_say(
    tmp_path: Path, handle: dict[str, Any], sd: float
) -> None:
    line = calls(0.7 / HANDLE * 3600, handle=handle)
    runs = Runs(tmp_path, center(1), [line], warm_up_seconds=200 * HANDLE)
    runs.agree("mean wait", pollaczek_khinchine(0.7, HANDLE, sd), of_queue("asa_seconds"))


TIERS = ("platinum", "gold", "standard")
SHARES = (0.2, 0.3, 0.5)


def tiers(*head_starts: float, **promise: float) -> list[dict[str, Any]]:
    return [
        {"key": key, "head_start_seconds": head_start, **promise}
        for key, head_start in zip(TIERS, head_starts, strict=True)
    ]


def mixed(theory: ErlangC) -> list[dict[str, Any]]:
    per_hour = theory.arrivals_per_second * 3600
    return [calls(per_hour * share, tier=tier) for tier, share in zip(TIERS, SHARES, strict=True)]


@pytest.mark.parametrize(("agents", "load"), [(1, 0.7), (4, 0.85), (12, 0.9)])
@pytest.mark.parametrize("order", ["strict", "urgency"])
def test_strict_classes_and_endless_head_starts_wait_as_cobham_says(
    tmp_path: Path, order: str, agents: int, load: float
) -> None:
    theory = ErlangC(agents, load, HANDLE)
    endless = (2_000_000, 1_000_000, 0) if order == "urgency" else (0, 0, 0)
    setup = center(agents, tiers=tiers(*endless))
    setup["queues"][0]["order"] = order
    runs = Runs(tmp_path, setup, mixed(theory), warm_up(theory))
    for tier, wait in zip(TIERS, priority_waits(theory, SHARES), strict=True):
        runs.agree(f"mean wait of {tier}", wait, of_tier(tier, "asa_seconds"))


@pytest.mark.parametrize("head_starts", [(0, 0, 0), (60, 30, 0), (600, 60, 0), (0, 300, 0)])
def test_head_starts_only_share_the_wait_out(tmp_path: Path, head_starts: tuple[float, ...]) -> None:
    """The law of conservation: what one class gains the others lose. [Kleinrock, Queueing Systems II, 1976,
    §3.4.]"""
    theory = ErlangC(5, 0.9, HANDLE)
    runs = Runs(tmp_path, center(5, tiers=tiers(*head_starts)), mixed(theory), warm_up(theory))
    runs.agree("mean wait of all", theory.mean_wait, of_queue("asa_seconds"))
    runs.agree("mean wait by tiers", theory.mean_wait, weighted_wait)
    runs.agree("probability of waiting", theory.wait_probability, wait_probability)


def weighted_wait(result: dict[str, Any]) -> float:
    by_tier = result["queues"]["q"]["by_tier"].values()
    return float(sum(t["asa_seconds"] * t["answered"] for t in by_tier) / sum(t["answered"] for t in by_tier))


class TestOverload:
    """A third more comes than can be served, for hours: everybody waits longer than was promised. After weeks
    the backlog would be all that is measured."""

    @pytest.mark.parametrize("patience", [None, 900.0], ids=["patient", "impatient"])
    def test_the_higher_tier_still_waits_less(self, tmp_path: Path, patience: float | None) -> None:
        theory = ErlangC(10, 4 / 3, HANDLE)
        more = {} if patience is None else {"patience": exponential(patience)}
        arrivals = [{**line, **more} for line in mixed(theory)]
        setup = center(10, tiers=tiers(300, 120, 0, max_wait_seconds={"voice": 60}))
        runs = Runs(tmp_path, setup, arrivals, warm_up_seconds=20 * HANDLE, counted=2500)
        waits = [fmean(map(of_tier(tier, "asa_seconds"), runs.results)) for tier in TIERS]
        assert waits == sorted(waits), runs.results
        assert waits[0] + 100 < waits[2], runs.results
