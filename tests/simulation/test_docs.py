"""docs/simulation.md shows what the command really prints, and its scenario is one."""

import io
import re
from pathlib import Path

import pytest
import yaml

from app.setup.scenario import load_scenario
from app.simulate import simulate

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/simulation.md").read_text(encoding="utf-8")
MONDAY = ROOT / "docs/examples/simulation/monday.yaml"


def answered_in_time(folder: Path, agents: int) -> str:
    """The table's share of all calls with so many agents on Monday."""
    scenario = yaml.safe_load(MONDAY.read_text(encoding="utf-8"))
    scenario["setup"] = str(MONDAY.with_name("hotline.yaml"))
    scenario["starts_on"] = str(scenario["starts_on"])
    scenario["shifts"][0]["count"] = agents
    path = folder / "scenario.yaml"
    path.write_text(yaml.safe_dump(scenario), encoding="utf-8")
    out = io.StringIO()
    assert simulate(path, out, io.StringIO()) == 0
    return re.findall(r"orders .*?([0-9.]+)%", out.getvalue())[0]


def test_the_table_is_what_the_command_prints() -> None:
    out = io.StringIO()
    assert simulate(MONDAY, out, io.StringIO()) == 0
    shown = re.search(r"\$ touchpoint simulate \S+\n(.*?)```", PAGE, re.DOTALL)
    assert shown is not None
    printed = out.getvalue().rpartition("\n\n")
    table, sentence = printed[0], printed[2].splitlines()[0]
    assert shown[1] == f"{table}\n\n{sentence}\n"


@pytest.mark.parametrize("agents", [22, 26, 28])
def test_the_shares_told_are_the_real_ones(tmp_path: Path, agents: int) -> None:
    assert f"{answered_in_time(tmp_path, agents)} %" in PAGE


def test_25_are_the_first_to_keep_80_percent(tmp_path: Path) -> None:
    assert float(answered_in_time(tmp_path, 24)) < 80 <= float(answered_in_time(tmp_path, 25))


def test_the_scenario_shown_is_one(tmp_path: Path) -> None:
    shown = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert shown is not None
    hotline = MONDAY.with_name("hotline.yaml").read_text(encoding="utf-8")
    (tmp_path / "hotline.yaml").write_text(f"skills: [french]\n{hotline}", encoding="utf-8")
    (tmp_path / "scenario.yaml").write_text(shown[1], encoding="utf-8")
    document, _ = load_scenario(tmp_path / "scenario.yaml")
    assert len(document.shifts or ()) == 2
