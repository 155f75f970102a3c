"""`touchpoint route --setup SETUP.yaml TRACE.jsonl`: the engine's decisions on a trace, as JSON lines."""

import sys
from pathlib import Path
from typing import TextIO

from app.setup.document import SetupError, load
from routing.engine import Engine
from routing.explain import to_json
from routing.policy import Policy
from routing.trace import BadTrace, as_line, decisions, names_of, read

DONE, REFUSED, WRONG_USAGE = 0, 1, 2


def run(setup_path: Path, trace_path: Path, explain: bool = False) -> int:
    """Print the decisions; returns the exit code. `explain` adds the candidates to each offer."""
    return route(setup_path, trace_path, explain, sys.stdout, sys.stderr)


def route(setup_path: Path, trace_path: Path, explain: bool, out: TextIO, err: TextIO) -> int:
    """The same on given files. A wrong set-up or line: reasons on `err` and nothing on `out`."""
    try:
        setup = load(setup_path)
        policy = Policy.from_document(setup.policy_document())
        agents = setup.agent_snapshots()
        with trace_path.open(encoding="utf-8") as file:
            lines = read(file, names_of(policy, agents, setup.skills))
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=err)
        return WRONG_USAGE
    except SetupError as error:
        print("\n".join(error.lines()), file=err)
        return REFUSED
    except (BadTrace, UnicodeDecodeError) as error:
        print(f"{trace_path}: {error}", file=err)
        return REFUSED
    engine = Engine(policy)
    for decision in decisions(engine, agents, lines):
        is_explained = explain and decision.kind == "offer"
        extra = {"candidates": to_json(engine.candidates(decision))} if is_explained else None
        print(as_line(decision, extra), file=out)
    return DONE
