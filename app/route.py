"""`touchpoint route --setup SETUP.yaml TRACE.jsonl`: the engine's decisions on a trace, as JSON lines."""

from pathlib import Path
from typing import Any, TextIO

from app.setup.document import SetupError, load
from routing.decision import Decision
from routing.engine import Engine
from routing.explain import to_json
from routing.policy import Policy
from routing.trace import BadTrace, as_line, decisions, names_of, read
from routing.words import words

DONE, REFUSED, WRONG_USAGE = 0, 1, 2


def route(setup_path: Path, trace_path: Path, out: TextIO, err: TextIO, explain: bool = False) -> int:
    """Print the decisions to `out`; returns the exit code. A wrong set-up or line: reasons on `err` and
    nothing on `out`. What of the set-up has no effect yet is said on `err`. `explain` adds the candidates to
    each offer, as data and as sentences."""
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
    for line, pointer, message in setup.warnings:
        print(f"{setup_path}:{line}: {pointer}: {message}", file=err)
    engine = Engine(policy)
    for decision in decisions(engine, agents, lines):
        extra = _explained(engine, decision) if explain and decision.kind == "offer" else None
        print(as_line(decision, extra), file=out)
    return DONE


def _explained(engine: Engine, offer: Decision) -> dict[str, Any]:
    found = engine.candidates(offer)
    said = {language: words(found, language) for language in ("en", "zh")}
    return {"candidates": to_json(found), "words": said}
