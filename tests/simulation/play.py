"""Scenarios to play in tests: a set-up and a scenario as dictionaries, the result of the command as one."""

import io
import json
from pathlib import Path
from typing import Any

import yaml

from app.simulate import simulate

HOUR = 3600


def center(agents: int, **more: Any) -> dict[str, Any]:
    """One queue `q`, served by one team of that many agents. No abandonment is too short to count."""
    people = [{"email": f"agent{number:03}@test", "teams": ["t"]} for number in range(agents)]
    queues = [{"key": "q", "teams": [{"key": "t"}], "short_abandon_seconds": 0}]
    return {"teams": [{"key": "t"}], "agents": people, "queues": queues, **more}


def calls(rate_per_hour: float | list[float], mean_seconds: float = 180, **more: Any) -> dict[str, Any]:
    """Calls for queue `q`, as a line of `arrivals`."""
    handle = {"distribution": "exponential", "mean_seconds": mean_seconds}
    return {"queue": "q", "channel": "voice", "rate_per_hour": rate_per_hour, "handle": handle, **more}


def constant(seconds: float) -> dict[str, Any]:
    return {"distribution": "constant", "seconds": seconds}


def exponential(mean_seconds: float) -> dict[str, Any]:
    return {"distribution": "exponential", "mean_seconds": mean_seconds}


class Played:
    """What the command said."""

    def __init__(self, folder: Path, setup: dict[str, Any] | str, scenario: dict[str, Any] | str) -> None:
        self.setup_path, self.path = folder / "setup.yaml", folder / "scenario.yaml"
        for path, document in ((self.setup_path, setup), (self.path, scenario)):
            text = document if isinstance(document, str) else yaml.safe_dump(document, sort_keys=False)
            path.write_text(text, encoding="utf-8")
        out, err = io.StringIO(), io.StringIO()
        self.code = simulate(self.path, out, err, as_json=True)
        self.out, self.err = out.getvalue(), err.getvalue()

    @property
    def result(self) -> dict[str, Any]:
        assert self.code == 0, self.err
        found: dict[str, Any] = json.loads(self.out)
        return found


def played(
    folder: Path, setup: dict[str, Any], arrivals: list[dict[str, Any]], **more: Any
) -> dict[str, Any]:
    """The result of that traffic, an hour of it unless `horizon_seconds` says otherwise."""
    scenario = {"setup": "setup.yaml", "horizon_seconds": HOUR, "arrivals": arrivals, **more}
    return Played(folder, setup, scenario).result
