"""`touchpoint route` as API §8 says it."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from app.route import route

SETUP = """
skills: [billing, french, english]
tiers:
  - {key: platinum, head_start_seconds: 600, max_wait_seconds: {voice: 60}}
  - {key: standard, default: true}
teams: [{key: support}]
agents:
  - {email: li@acme.test, teams: [support], channels: [voice, chat, email], skills: {billing: 7, french: 4}}
  - {email: wu@acme.test, teams: [support], skills: {billing: 7, french: 4}}
queues:
  - key: billing
    teams: [{key: support}]
    channels: {voice: {offer_seconds: 20, connect_seconds: 15}}
    requirement: "billing >= 5 and (french >= 3 or english >= 6)"
"""
EXAMPLE = """
{"at": 0.0, "type": "agent.available", "agent": "li@acme.test"}
{"at": 1.0, "type": "interaction.queued", "interaction": "x1", "queue": "billing", "channel": "voice", \
"tier": "platinum", "requirement": "french >= 3", "preferred_agent": null}
{"at": 4.0, "type": "offer.accepted", "interaction": "x1", "agent": "li@acme.test"}
{"at": 6.5, "type": "interaction.connected", "interaction": "x1", "agent": "li@acme.test"}
{"at": 9.0, "type": "interaction.completed", "interaction": "x1", "agent": "li@acme.test"}
"""
QUEUED = (
    '{"at": 1, "type": "interaction.queued", "interaction": "x1", "queue": "billing", "channel": "voice"}'
)


class Route:
    def __init__(self, folder: Path) -> None:
        self._setup = folder / "SETUP.yaml"
        self._trace = folder / "TRACE.jsonl"
        self._setup.write_text(SETUP, encoding="utf-8")

    def __call__(self, trace: str | bytes, explain: bool = False) -> tuple[int, str, str]:
        self._trace.write_bytes(trace if isinstance(trace, bytes) else trace.encode())
        out, err = StringIO(), StringIO()
        code = route(self._setup, self._trace, out, err, explain)
        return code, out.getvalue(), err.getvalue()

    def decisions(self, trace: str) -> list[dict[str, Any]]:
        code, out, _ = self(trace)
        assert code == 0
        return [json.loads(line) for line in out.splitlines()]


@pytest.fixture
def run(tmp_path: Path) -> Route:
    return Route(tmp_path)


def test_the_example(run: Route) -> None:
    code, out, err = run(EXAMPLE)
    assert (code, err) == (0, "")
    assert out == (
        '{"at": 1.0, "decision": "offer", "interaction": "x1", "agent": "li@acme.test", '
        '"reason": "longest_idle"}\n'
    )


def test_an_empty_trace_prints_nothing(run: Route) -> None:
    assert run("\n") == (0, "", "")


def test_times_are_whole_microseconds(run: Route) -> None:
    trace = (
        '{"at": 0.1, "type": "agent.available", "agent": "li@acme.test"}\n'
        + QUEUED.replace('"at": 1', '"at": 0.300001')
        + '\n{"at": 25, "type": "tick"}'
    )
    _, out, _ = run(trace)
    assert [line.split(",")[0] for line in out.splitlines()] == ['{"at": 0.300001', '{"at": 20.300001']


def test_deadlines_after_the_last_instant_do_not_fire(run: Route) -> None:
    shift = '{"at": 0, "type": "agent.available", "agent": "li@acme.test"}\n'
    assert [made["decision"] for made in run.decisions(shift + QUEUED)] == ["offer"]
    ticked = run.decisions(shift + QUEUED + '\n{"at": 21, "type": "tick"}')
    assert [(made["decision"], made["at"]) for made in ticked] == [("offer", 1), ("missed", 21)]


def test_the_order_of_lines_in_an_instant_does_not_matter(run: Route) -> None:
    lines = [
        '{"at": 1, "type": "agent.available", "agent": "wu@acme.test"}',
        '{"at": 1, "type": "agent.available", "agent": "li@acme.test"}',
        QUEUED,
        QUEUED.replace("x1", "x0"),
        '{"at": 1, "type": "interaction.left", "interaction": "x1"}',
    ]
    assert run("\n".join(lines)) == run("\n".join(reversed(lines)))


def test_what_leaves_as_it_is_queued_leaves_after_that(run: Route) -> None:
    left = '{"at": 1, "type": "interaction.left", "interaction": "x1"}'
    assert run.decisions(left + "\n" + QUEUED) == []


def test_what_makes_no_sense_is_reported_as_ignored(run: Route) -> None:
    made = run.decisions('{"at": 2, "type": "offer.accepted", "interaction": "x9", "agent": "li@acme.test"}')
    assert made == [
        {
            "at": 2,
            "decision": "ignored",
            "interaction": "x9",
            "agent": "li@acme.test",
            "reason": "unknown_interaction",
        }
    ]


def test_explain_adds_the_candidates(run: Route) -> None:
    trace = (
        '{"at": 0, "type": "agent.available", "agent": "li@acme.test"}\n'
        '{"at": 1, "type": "agent.available", "agent": "wu@acme.test"}\n'
    )
    _, out, _ = run(trace + QUEUED, explain=True)
    said, found = json.loads(out)["words"], json.loads(out)["candidates"]
    assert said["en"][0].startswith("Offered to li@acme.test: of all who may take it, idle the longest")
    assert said["zh"][0].startswith("派给 li@acme.test：可接者中空闲最久")
    assert found["winner"]["agent"] == "li@acme.test"
    assert [other["agent"] for other in found["runners_up"]] == ["wu@acme.test"]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "no JSON"),
        ("[]", "no JSON object"),
        ("[" * 100_000, "no JSON"),
        ('{"at": NaN, "type": "tick"}', "no JSON"),
        ('{"at": 1e400, "type": "tick"}', "out of range"),
        ('{"at": 1.0000001, "type": "tick"}', "finer than a microsecond"),
        ('{"at": 1.0000000000000000000000000000000000001, "type": "tick"}', "finer than a microsecond"),
        ('{"at": "1", "type": "tick"}', "must be a number"),
        ('{"at": true, "type": "tick"}', "must be a number"),
        ('{"type": "tick"}', "must be a number"),
        ('{"at": 0.5, "type": "tick"}', "time goes backwards"),
        ('{"at": 9}', "unknown type None"),
        ('{"at": 9, "type": ["tick"]}', "unknown type"),
        ('{"at": 9, "type": "offer.missed"}', "unknown type 'offer.missed'"),
        ('{"at": 9, "type": "agent.available"}', "`agent` is missing"),
        ('{"at": 9, "type": "agent.available", "agent": "no@acme.test"}', "unknown agent 'no@acme.test'"),
        ('{"at": 9, "type": "interaction.left", "interaction": "\\ud800"}', "lone surrogate"),
        (QUEUED.replace("billing", "sales").replace("1,", "9,"), "unknown queue 'sales'"),
        (QUEUED.replace("voice", "fax").replace("1,", "9,"), "unknown channel 'fax'"),
        (QUEUED.replace('"voice"', '"voice", "tier": "gold"'), "unknown tier 'gold'"),
        (QUEUED.replace('"voice"', '"voice", "requirement": "german"'), "unknown skill 'german'"),
        (QUEUED.replace('"voice"', '"voice", "requirement": "french >"'), "bad requirement"),
        (QUEUED.replace('"voice"', '"voice", "requirement": "agent(no@x)"'), "unknown agent 'no@x'"),
        (QUEUED.replace('"voice"', '"voice", "preferred_agent": "no@x"'), "unknown preferred_agent 'no@x'"),
        (QUEUED.replace('"voice"', '"voice", "waited_seconds": -1'), "must not be negative"),
    ],
)
def test_a_wrong_line_is_refused_and_nothing_printed(run: Route, line: str, complaint: str) -> None:
    good = EXAMPLE.splitlines()[2]
    code, out, err = run(f"{good}\n{line}\n")
    assert (code, out) == (1, "")
    assert "line 2: " in err
    assert complaint in err


def test_bytes_that_are_no_text_are_refused(run: Route) -> None:
    code, out, err = run(b"\xff\xfe")
    assert (code, out) == (1, "")
    assert "TRACE.jsonl" in err


def test_a_wrong_set_up_is_refused_with_file_line_and_reason(tmp_path: Path) -> None:
    setup, trace = tmp_path / "SETUP.yaml", tmp_path / "TRACE.jsonl"
    setup.write_text("teams: [{key: a}]\nqueues:\n  - {key: q, teams: [{key: b}]}\n", encoding="utf-8")
    trace.write_text("", encoding="utf-8")
    err = StringIO()
    assert route(setup, trace, StringIO(), err) == 1
    assert err.getvalue() == f"{setup}:3: /queues/0/teams/0/key: unknown team 'b'\n"


def test_what_has_no_effect_yet_is_said(tmp_path: Path) -> None:
    setup, trace = tmp_path / "SETUP.yaml", tmp_path / "TRACE.jsonl"
    text = "teams: [{key: t}]\nqueues:\n  - key: q\n    teams: [{key: t}]\n"
    setup.write_text(text, encoding="utf-8")
    trace.write_text("", encoding="utf-8")
    out, err = StringIO(), StringIO()
    assert route(setup, trace, out, err) == 0
    assert (out.getvalue(), err.getvalue()) == (
        "",
        f"{setup}:4: /queues/0/teams: no agent is in these teams yet\n",
    )


def test_a_missing_file_is_wrong_usage(tmp_path: Path) -> None:
    err = StringIO()
    assert route(tmp_path / "no.yaml", tmp_path / "no.jsonl", StringIO(), err) == 2
    assert "no.yaml" in err.getvalue()
