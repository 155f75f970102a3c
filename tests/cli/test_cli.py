"""The command as an operator meets it: a process, its words and its exit code."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def touchpoint(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-P", "-m", "app.cli", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**kept, "PYTHONPATH": str(ROOT), **environment},
    )


class TestHelp:
    @pytest.mark.parametrize(
        "command",
        [
            "serve",
            "api",
            "worker",
            "migrate",
            "apply",
            "demo",
            "route",
            "simulate",
            "replay",
            "doctor",
            "dead-letters",
        ],
    )
    def test_lists_the_command(self, command: str) -> None:
        assert command in touchpoint("--help").stdout

    def test_needs_none_of_the_heavy_modules(self) -> None:
        heavy = ("sqlalchemy", "fastapi", "pydantic", "asyncpg")
        program = f"import sys, app.cli; print([m for m in {heavy} if m in sys.modules])"
        found = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
        )
        assert found.stdout.strip() == "[]"


class TestWrongUsage:
    @pytest.mark.parametrize(
        "arguments",
        [
            ("fly",),
            ("serve", "--port", "many"),
            ("serve", "--port", "70000"),
            ("apply", "missing.yaml"),
            ("route", "missing.jsonl", "--setup", "missing.yaml"),
            ("dead-letters", "replay"),
            ("replay", "--from", "2026-11-29"),
            ("replay", "--from", "2026-11-29", "--to", "2026-11-30", "--plot", "what-if.svg"),
        ],
    )
    def test_is_exit_code_2(self, arguments: tuple[str, ...]) -> None:
        ended = touchpoint(*arguments)
        assert ended.returncode == 2, ended.stderr


class TestRefused:
    def test_wrong_setting_is_named(self) -> None:
        ended = touchpoint("doctor", TOUCHPOINT_LEASE_SECONDS="soon")
        assert (ended.returncode, "lease_seconds: " in ended.stderr) == (1, True)
        assert "Traceback" not in ended.stderr

    def test_database_that_is_away(self) -> None:
        ended = touchpoint("migrate", DATABASE_URL="postgresql://127.0.0.1:1/none")
        assert (ended.returncode, "`touchpoint doctor`" in ended.stderr) == (1, True)
        assert "Traceback" not in ended.stderr


class TestMigrate:
    def test_makes_the_folder_and_may_be_repeated(self, tmp_path: Path) -> None:
        for _ in range(2):
            ended = touchpoint("migrate", "--data", str(tmp_path / "var"))
            assert ended.returncode == 0, ended.stderr


class TestDoctor:
    def test_finds_nothing_wrong_in_a_new_folder(self, tmp_path: Path) -> None:
        folder = str(tmp_path / "var")
        touchpoint("migrate", "--data", folder)
        small = {"TOUCHPOINT_PORT": "0", "TOUCHPOINT_DISK_USED_MAX_PERCENT": "100"}
        told = touchpoint("doctor", "--data", folder, **small)
        assert told.returncode == 0, told.stdout
        assert "schema: version" in told.stdout


SETUP = """
tenant: {key: acme, name: Acme, time_zone: Asia/Shanghai, languages: [zh-CN, en]}
skills: [billing]
teams: [{key: support}]
agents:
  - {email: li@acme.test, name: 李雷, password: "correct horse battery", roles: [agent], teams: [support],
     skills: {billing: 7}}
queues:
  - {key: billing, teams: [{key: support}], requirement: "billing >= 5"}
endpoints:
  - {key: contact-form, adapter: form, queue: billing, config: {}}
"""


@pytest.fixture
def setup(tmp_path: Path) -> Path:
    path = tmp_path / "setup.yaml"
    path.write_text(SETUP, encoding="utf-8")
    return path


class TestApply:
    def test_stopped_folder_twice_changes_nothing_the_second_time(self, tmp_path: Path, setup: Path) -> None:
        arguments = ("apply", str(setup), "--data", str(tmp_path / "var"), "--json")
        first, second = touchpoint(*arguments), touchpoint(*arguments)
        assert first.returncode == 0, first.stderr
        assert json.loads(first.stdout)["endpoints"]["contact-form"]["path"].startswith("/forms/")
        assert json.loads(second.stdout)["endpoints"] == json.loads(first.stdout)["endpoints"]
        assert not (tmp_path / "var" / "postgres" / "postmaster.pid").exists()

    def test_refused_set_up_names_file_line_and_reason(self, tmp_path: Path, setup: Path) -> None:
        setup.write_text(SETUP.replace("billing >= 5", "flying >= 5"), encoding="utf-8")
        ended = touchpoint("apply", str(setup), "--data", str(tmp_path / "var"))
        assert (ended.returncode, "unknown skill 'flying'" in ended.stderr) == (1, True)
        assert f"{setup}:9:" in ended.stderr


class TestRoute:
    def test_prints_decisions(self, tmp_path: Path, setup: Path) -> None:
        trace = tmp_path / "trace.jsonl"
        trace.write_text(
            '{"at": 0, "type": "agent.available", "agent": "li@acme.test"}\n'
            '{"at": 1, "type": "interaction.queued", "interaction": "x1", "queue": "billing",'
            ' "channel": "chat"}\n'
        )
        ended = touchpoint("route", "--setup", str(setup), str(trace))
        assert [json.loads(line)["decision"] for line in ended.stdout.splitlines()] == ["offer"]


class TestDeadLetters:
    def test_none(self, tmp_path: Path) -> None:
        ended = touchpoint("dead-letters", "list", "--json", "--data", str(tmp_path / "var"))
        assert ended.returncode == 0, ended.stderr
