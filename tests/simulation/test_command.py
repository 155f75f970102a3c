"""`touchpoint simulate`: what it prints, and what it refuses."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.simulation.play import HOUR, Played, calls, center, constant, exponential, played

FLOOD = 18_000
"""Calls per hour: the first comes at once, and others wait from then on."""

EXAMPLES = Path(__file__).parents[2] / "docs/examples/simulation"

FIGURES = {
    "offered", "answered", "abandoned", "short_abandoned", "still_waiting", "service_level", "asa_seconds",
    "wait_seconds",
}  # fmt: skip


def run(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "app.cli", "simulate", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def without_clock(result: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in result.items() if name != "wall_seconds"}


class TestResult:
    def test_has_the_shape_of_the_contract(self, tmp_path: Path) -> None:
        tiers = [{"key": "gold", "head_start_seconds": 60}, {"key": "standard"}]
        arrivals = [calls(60, tier="gold"), calls(60)]
        result = played(tmp_path, center(8, tiers=tiers), arrivals)
        assert set(result) == {"queues", "occupancy", "wait_probability", "events", "wall_seconds"}
        assert set(result["queues"]) == {"q"}
        queue = result["queues"]["q"]
        assert set(queue) == FIGURES | {"by_tier"}
        assert set(queue["wait_seconds"]) == {"p50", "p90", "p99", "max"}
        assert set(queue["by_tier"]) == {"gold", "standard"}
        assert set(queue["by_tier"]["gold"]) == FIGURES

    def test_tiers_sum_up_to_the_queue(self, tmp_path: Path) -> None:
        tiers = [{"key": "gold"}, {"key": "standard"}]
        arrivals = [calls(60, tier="gold", patience=exponential(30)), calls(90, patience=exponential(30))]
        queue = played(tmp_path, center(6, tiers=tiers), arrivals, horizon_seconds=20 * HOUR)["queues"]["q"]
        for name in ("offered", "answered", "abandoned", "short_abandoned", "still_waiting"):
            assert sum(tier[name] for tier in queue["by_tier"].values()) == queue[name]
        assert queue["abandoned"] > 0

    def test_same_seed_gives_the_same_bytes_another_seed_others(self, tmp_path: Path) -> None:
        def result(seed: int) -> dict[str, Any]:
            arrivals = [calls(100, patience=exponential(60))]
            return without_clock(played(tmp_path, center(5), arrivals, seed=seed))

        assert json.dumps(result(7)) == json.dumps(result(7))
        assert result(7) != result(8)

    def test_another_staff_meets_the_same_customers(self, tmp_path: Path) -> None:
        arrivals = [calls(100, patience=exponential(60))]
        few, many = (played(tmp_path, center(agents), arrivals)["queues"]["q"] for agents in (4, 8))
        assert few["offered"] == many["offered"]
        assert few["answered"] < many["answered"]


class TestFigures:
    """One agent, calls of known length: what a person works out by hand."""

    def busy(self, tmp_path: Path, **more: Any) -> dict[str, Any]:
        line = calls(FLOOD, handle=constant(100))
        return played(tmp_path, center(1), [line], horizon_seconds=1000, **more)

    def test_waits_are_exact(self, tmp_path: Path) -> None:
        queue = self.busy(tmp_path)["queues"]["q"]
        assert queue["answered"] == 10
        assert queue["wait_seconds"]["max"] == pytest.approx(900, abs=5)
        assert queue["wait_seconds"]["p50"] == pytest.approx(400, abs=5)
        assert queue["wait_seconds"]["p90"] == pytest.approx(800, abs=5)
        assert queue["asa_seconds"] == pytest.approx(450, abs=5)

    def test_service_level_is_that_of_the_set_up(self, tmp_path: Path) -> None:
        setup = center(1)
        setup["queues"][0]["channels"] = {"voice": {"service_level_seconds": 250}}
        line = calls(FLOOD, handle=constant(100))
        result = played(tmp_path, setup, [line], horizon_seconds=1000)
        assert result["queues"]["q"]["service_level"] == 0.3

    def test_entries_before_the_warm_up_ends_do_not_count(self, tmp_path: Path) -> None:
        quiet = [0] * 23 + [10]
        result = played(tmp_path, center(5), [calls(quiet)], horizon_seconds=24 * HOUR)
        warm = played(
            tmp_path, center(5), [calls(quiet)], horizon_seconds=26 * HOUR,
            warm_up_seconds=24 * HOUR,
        )  # fmt: skip
        assert result["queues"]["q"]["offered"] > 0
        assert warm["queues"]["q"]["offered"] == 0
        assert warm["queues"]["q"]["service_level"] is None
        assert warm["queues"]["q"]["wait_seconds"]["p50"] is None

    def test_occupancy_is_handling_over_available_time(self, tmp_path: Path) -> None:
        one_of_four = played(
            tmp_path, center(4), [calls(FLOOD, handle=constant(500), tier=None)], horizon_seconds=1000
        )
        assert one_of_four["occupancy"] == pytest.approx(1.0, abs=0.01)
        half = played(
            tmp_path, center(1), [calls(FLOOD, handle=constant(2000), patience=constant(0))],
            horizon_seconds=1000, warm_up_seconds=500,
        )  # fmt: skip
        assert half["occupancy"] == 1.0
        assert half["queues"]["q"]["abandoned"] == half["queues"]["q"]["offered"]

    def test_wrap_up_holds_the_agent(self, tmp_path: Path) -> None:
        line = calls(FLOOD, handle=constant(60), wrap_up_seconds=40)
        assert played(tmp_path, center(1), [line], horizon_seconds=1000)["queues"]["q"]["answered"] == 10

    def test_wrap_up_may_have_a_distribution(self, tmp_path: Path) -> None:
        wrap_up = {"distribution": "empirical", "values_seconds": [40]}
        line = calls(FLOOD, handle=constant(60), wrap_up_seconds=wrap_up)
        assert played(tmp_path, center(1), [line], horizon_seconds=1000)["queues"]["q"]["answered"] == 10

    def test_a_ringing_phone_is_waiting_for_the_customer_but_not_for_an_agent(self, tmp_path: Path) -> None:
        result = played(tmp_path, center(50), [calls(60)], agents_accept_after_seconds=4)
        assert result["queues"]["q"]["wait_seconds"]["p50"] == 4
        assert result["wait_probability"] < 0.05

    def test_calls_are_bridged_where_the_set_up_waits_for_it(self, tmp_path: Path) -> None:
        setup = center(3)
        setup["queues"][0]["channels"] = {"voice": {"connect_seconds": 15}}
        queue = played(tmp_path, setup, [calls(30)])["queues"]["q"]
        assert queue["answered"] + queue["still_waiting"] == queue["offered"] > 0

    def test_short_abandons_are_counted_apart(self, tmp_path: Path) -> None:
        setup = center(1)
        setup["queues"][0]["short_abandon_seconds"] = 10
        short, late = (
            played(tmp_path, setup, [calls(FLOOD, patience=constant(seconds))], horizon_seconds=60)
            for seconds in (9, 10)
        )
        assert short["queues"]["q"]["abandoned"] == 0 < short["queues"]["q"]["short_abandoned"]
        assert late["queues"]["q"]["short_abandoned"] == 0 < late["queues"]["q"]["abandoned"]

    def test_who_would_leave_at_once_is_served_if_somebody_is_idle(self, tmp_path: Path) -> None:
        queue = played(tmp_path, center(200), [calls(100, patience=constant(0))])["queues"]["q"]
        assert queue["answered"] == queue["offered"] > 0

    def test_chats_share_an_agent(self, tmp_path: Path) -> None:
        line = {**calls(FLOOD, handle=constant(2000)), "channel": "chat"}
        result = played(tmp_path, center(1), [line], horizon_seconds=1000)
        assert result["queues"]["q"]["answered"] == 3
        assert result["occupancy"] == pytest.approx(1.0, abs=0.01)

    @pytest.mark.parametrize("accept_after", [0, 0.01])
    def test_interrupted_work_takes_longer(self, tmp_path: Path, accept_after: float) -> None:
        """A mail of 5000 s, from the beginning; two calls from 3600 s to 7200 s: it ends at 8600 s."""
        setup = center(1, work={"interrupts": {"voice": ["email"]}})
        setup["agents"][0]["capacity"] = {"email": 1}
        arrivals = [
            {
                **calls([FLOOD] + 23 * [0], handle=constant(5000), patience=constant(accept_after)),
                "channel": "email",
            },
            calls([0, FLOOD] + 22 * [0], handle=constant(1800), patience=constant(accept_after)),
        ]
        result = played(
            tmp_path, setup, arrivals, horizon_seconds=10_000, agents_accept_after_seconds=accept_after
        )
        assert result["occupancy"] == pytest.approx(0.86, abs=0.005)

    def test_requirements_choose_the_agent(self, tmp_path: Path) -> None:
        setup = center(2, skills=["french"])
        setup["agents"][0]["skills"] = {"french": 5}
        line = calls(FLOOD, handle=constant(2000), requirement="french >= 3")
        assert played(tmp_path, setup, [line], horizon_seconds=1000)["queues"]["q"]["answered"] == 1


class TestShifts:
    def offered_and_answered(self, tmp_path: Path, *shifts: dict[str, Any], **more: Any) -> tuple[int, int]:
        setup = center(2, tenant={"key": "t", "time_zone": "Asia/Shanghai"})
        line = calls(30, handle=constant(1), patience=constant(0))
        result = played(tmp_path, setup, [line], horizon_seconds=24 * HOUR, shifts=list(shifts), **more)
        queue = result["queues"]["q"]
        return queue["offered"], queue["answered"]

    def test_nobody_is_there_outside_a_shift(self, tmp_path: Path) -> None:
        offered, answered = self.offered_and_answered(
            tmp_path, {"agents": "all", "available": ["09:00-12:00", "13:00-18:00"]}
        )
        assert 0.2 < answered / offered < 0.45

    def test_of_other_days_too(self, tmp_path: Path) -> None:
        shift = {"agents": ["agent000@test"], "available": {"tue": ["00:00-24:00"]}}
        assert self.offered_and_answered(tmp_path, shift)[1] == 0
        offered, answered = self.offered_and_answered(tmp_path, shift, starts_on="2026-01-06")
        assert answered > 0.9 * offered

    def test_a_night_shift_reaches_into_the_next_day(self, tmp_path: Path) -> None:
        shift = {"team": "t", "available": {"sun": ["12:00-12:00"]}}
        assert Played(tmp_path, center(2), self.scenario(shift)).code == 1
        shift = {"team": "t", "available": {"sun": ["20:00-12:00"]}}
        offered, answered = self.offered_and_answered(tmp_path, shift)
        assert 0.4 < answered / offered < 0.6

    def test_several_shifts_of_one_agent_add_up(self, tmp_path: Path) -> None:
        offered, answered = self.offered_and_answered(
            tmp_path,
            {"team": "t", "count": 2, "available": ["00:00-13:00"]},
            {"agents": "all", "available": ["12:00-24:00"]},
        )
        assert answered > 0.9 * offered

    def test_work_in_hand_is_finished_after_the_shift(self, tmp_path: Path) -> None:
        line = calls(FLOOD, handle=constant(7200), patience=constant(0))
        shifts = [{"agents": "all", "available": ["00:00-01:00"]}]
        result = played(tmp_path, center(1), [line], horizon_seconds=4 * HOUR, shifts=shifts)
        assert result["queues"]["q"]["answered"] == 1
        assert result["occupancy"] == pytest.approx(1.0, abs=0.01)

    def test_an_offer_that_rings_at_the_end_of_a_shift_goes_to_somebody_else(self, tmp_path: Path) -> None:
        line = calls(FLOOD, handle=constant(7200))
        shifts = [
            {"agents": ["agent000@test"], "available": ["00:00-00:01"]},
            {"agents": ["agent001@test"], "available": ["00:01-01:00"]},
        ]
        setup = center(2)
        setup["queues"][0]["channels"] = {"voice": {"offer_seconds": 90}}
        scenario = {"shifts": shifts, "agents_accept_after_seconds": 80, "horizon_seconds": HOUR}
        queue = played(tmp_path, setup, [line], **scenario)["queues"]["q"]
        assert queue["answered"] == 1
        assert queue["wait_seconds"]["max"] == pytest.approx(140, abs=5)

    @staticmethod
    def scenario(shift: dict[str, Any]) -> dict[str, Any]:
        return {"setup": "setup.yaml", "horizon_seconds": HOUR, "arrivals": [calls(1)], "shifts": [shift]}


class TestPattern:
    def test_rates_follow_the_hour_and_the_day(self, tmp_path: Path) -> None:
        rates = [0] * 9 + [1000] + [0] * 14
        line = calls(rates, weekly=[1, 1, 1, 1, 1, 0, 0.5], handle=constant(1))
        setup = center(100, tenant={"key": "t", "time_zone": "Asia/Kolkata"})

        def offered(day: str, hours: float) -> int:
            result = played(tmp_path, setup, [line], starts_on=day, horizon_seconds=hours * HOUR)
            return int(result["queues"]["q"]["offered"])

        assert offered("2026-01-05", 9) == 0
        assert 800 < offered("2026-01-05", 10) == offered("2026-01-05", 24) < 1200
        assert offered("2026-01-10", 24) == 0
        assert 380 < offered("2026-01-11", 24) < 620


BAD: list[tuple[str, dict[str, Any], str, str]] = [
    ("unknown queue", {"queue": "x"}, "/arrivals/0/queue", "unknown queue 'x'"),
    ("unknown tier", {"tier": "gold"}, "/arrivals/0/tier", "unknown tier 'gold'"),
    ("unknown channel", {"channel": "fax"}, "/arrivals/0/channel", "voice"),
    ("unknown skill", {"requirement": "french"}, "/arrivals/0/requirement", "unknown skill 'french'"),
    ("no requirement", {"requirement": "french >="}, "/arrivals/0/requirement", ""),
    ("23 hours", {"rate_per_hour": [1] * 23}, "/arrivals/0/rate_per_hour", "24"),
    ("negative rate", {"rate_per_hour": -1}, "/arrivals/0/rate_per_hour", "greater than or equal to 0"),
    ("rate as text", {"rate_per_hour": "many"}, "/arrivals/0/rate_per_hour", "number"),
    ("six days", {"weekly": [1] * 6}, "/arrivals/0/weekly", "7"),
    ("unknown distribution", {"handle": {"distribution": "normal"}}, "/arrivals/0/handle/distribution", ""),
    ("no mean", {"handle": {"distribution": "exponential"}}, "/arrivals/0/handle", "needs `mean_seconds`"),
    ("no deviation", {"handle": {"distribution": "lognormal", "mean_seconds": 1}}, "/arrivals/0/handle",
     "needs `sd_seconds`"),
    ("a mean too many", {"handle": {**constant(1), "mean_seconds": 1}}, "/arrivals/0/handle",
     "takes no `mean_seconds`"),
    ("nothing takes forever", {"handle": {"distribution": "none"}}, "/arrivals/0/handle", "patience only"),
    ("no values", {"handle": {"distribution": "empirical", "values_seconds": []}},
     "/arrivals/0/handle/values_seconds", "at least 1"),
    ("infinite", {"handle": exponential(float("inf"))}, "/arrivals/0/handle/mean_seconds", ""),
    ("zero mean", {"patience": exponential(0)}, "/arrivals/0/patience/mean_seconds", "greater than"),
    ("wrap-up as text", {"wrap_up_seconds": "long"}, "/arrivals/0/wrap_up_seconds", ""),
    ("unknown key", {"handel": 1}, "/arrivals/0/handel", "unknown key"),
]  # fmt: skip

BAD_WHOLE: list[tuple[str, dict[str, Any], str, str]] = [
    ("no such set-up", {"setup": "other.yaml"}, "/setup", "No such file"),
    ("no arrivals", {"arrivals": []}, "/arrivals", "at least 1"),
    ("no horizon", {"horizon_seconds": 0}, "/horizon_seconds", "greater than"),
    ("too late", {"starts_on": "9999-12-31"}, "/starts_on", "not within 1970 to 2100"),
    ("only warm-up", {"warm_up_seconds": 3600}, "/", "shorter than `horizon_seconds`"),
    ("seed as text", {"seed": "x"}, "/seed", "integer"),
    ("no day", {"starts_on": "monday"}, "/starts_on", "no date"),
    ("no such day", {"starts_on": "2026-02-30"}, "/starts_on", "day"),
    ("all offers missed", {"agents_accept_after_seconds": 20.5}, "/agents_accept_after_seconds",
     "would miss each offer"),
    ("unknown agent", {"shifts": [{"agents": ["x"], "available": []}]}, "/shifts/0/agents", "unknown agent"),
    ("unknown team", {"shifts": [{"team": "x", "available": []}]}, "/shifts/0/team", "unknown team"),
    ("too few agents", {"shifts": [{"team": "t", "count": 3, "available": []}]}, "/shifts/0/count", "only 2"),
    ("whose shift", {"shifts": [{"available": []}]}, "/shifts/0", "either `agents` or a `team`"),
    ("no interval", {"shifts": [{"team": "t", "available": ["9-17"]}]}, "/shifts/0", "no interval"),
    ("overlap", {"shifts": [{"team": "t", "available": ["09:00-17:00", "16:00-18:00"]}]}, "/shifts/0",
     "overlap"),
]  # fmt: skip


class TestRefusals:
    @pytest.mark.parametrize(("line", "pointer", "reason"), [bad[1:] for bad in BAD], ids=[b[0] for b in BAD])
    def test_of_arrivals(self, tmp_path: Path, line: dict[str, Any], pointer: str, reason: str) -> None:
        self.refused(tmp_path, {"arrivals": [{**calls(60), **line}]}, pointer, reason)

    @pytest.mark.parametrize(
        ("changes", "pointer", "reason"), [bad[1:] for bad in BAD_WHOLE], ids=[b[0] for b in BAD_WHOLE]
    )
    def test_of_the_scenario(
        self, tmp_path: Path, changes: dict[str, Any], pointer: str, reason: str
    ) -> None:
        self.refused(tmp_path, changes, pointer, reason)

    def refused(self, tmp_path: Path, changes: dict[str, Any], pointer: str, reason: str) -> None:
        scenario = {"setup": "setup.yaml", "horizon_seconds": 3600, "arrivals": [calls(60)], **changes}
        said = Played(tmp_path, center(2), scenario)
        assert said.code == 1
        assert said.out == ""
        place, line, rest = said.err.split(":", 2)
        assert place == str(said.path)
        assert int(line) >= 1
        assert pointer in rest
        assert reason in rest

    def test_a_wrong_set_up_is_named_itself(self, tmp_path: Path) -> None:
        scenario = {"setup": "setup.yaml", "horizon_seconds": 3600, "arrivals": [calls(60)]}
        said = Played(tmp_path, center(2, tiers=[{"key": "Gold"}]), scenario)
        assert said.code == 1
        assert said.err.startswith(f"{said.setup_path}:")

    @pytest.mark.parametrize("text", ["", "[]", "a: [", "1"])
    def test_what_is_no_mapping(self, tmp_path: Path, text: str) -> None:
        assert Played(tmp_path, center(1), text).code == 1


class TestCommand:
    def test_prints_a_table(self) -> None:
        done = run(EXAMPLES / "monday.yaml")
        assert done.returncode == 0, done.stderr
        assert "platinum" in done.stdout
        assert "in time" in done.stdout
        assert done.stderr == ""

    def test_prints_json(self) -> None:
        done = run(EXAMPLES / "monday.yaml", "--json")
        assert json.loads(done.stdout)["queues"]["orders"]["offered"] > 1000

    def test_wrong_usage(self, tmp_path: Path) -> None:
        assert run(tmp_path / "none.yaml").returncode == 2
        assert run().returncode == 2
        assert run(EXAMPLES / "monday.yaml", "--verbose").returncode == 2

    def test_refusal(self, tmp_path: Path) -> None:
        path = tmp_path / "scenario.yaml"
        path.write_text("setup: none.yaml\n", encoding="utf-8")
        done = run(path)
        assert done.returncode == 1
        assert done.stdout == ""
        assert f"{path}:1: /arrivals: is missing" in done.stderr
