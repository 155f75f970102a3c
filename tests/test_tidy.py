"""Tests of the code itself: what is documented is what is there, and nothing is left lying about."""

import re
import subprocess
from pathlib import Path

import pytest

from app.errors import ServiceError
from app.event_docs import PAGE, render
from channels.registry import ADAPTERS
from models import Base
from models.interaction import FINAL, TRANSITIONS, State
from models.leg import LEG_TRANSITIONS, LegState

ROOT = Path(__file__).parents[1]


def tracked(pattern: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", pattern], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listed.stdout.splitlines()]


def slugs(error: type[ServiceError]) -> set[str]:
    return {error.slug}.union(*(slugs(kind) for kind in error.__subclasses__()))


class TestDocuments:
    def test_every_event_is_documented_as_it_is(self) -> None:
        assert PAGE.read_text(encoding="utf-8") == render(), "run `python -m app.event_docs`"

    @pytest.mark.parametrize("slug", sorted(slugs(ServiceError)))
    def test_every_problem_is_documented(self, slug: str) -> None:
        assert f"`{slug}`" in (ROOT / "docs/problems.md").read_text(encoding="utf-8")

    @pytest.mark.parametrize("name", sorted(ADAPTERS))
    def test_every_adapter_has_a_page(self, name: str) -> None:
        assert (ROOT / f"docs/channels/{name}.md").is_file()

    def test_architecture_names_only_files_that_exist(self) -> None:
        page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
        named = set(re.findall(r"`((?:[a-z_]+/)+[a-z_0-9]+\.(?:py|ts|tsx|md|yaml))`", page))
        assert named, "the page names files"
        assert not [name for name in sorted(named) if not (ROOT / name).exists()]


class TestTransitions:
    def test_final_states_lead_nowhere(self) -> None:
        assert all(not TRANSITIONS[state] for state in FINAL)
        assert not LEG_TRANSITIONS[LegState.ENDED]

    def test_every_state_has_its_row(self) -> None:
        assert set(TRANSITIONS) == set(State)
        assert set(LEG_TRANSITIONS) == set(LegState)


class TestTables:
    @pytest.mark.parametrize("table", sorted(Base.metadata.tables))
    def test_every_constraint_has_a_name(self, table: str) -> None:
        unnamed = [str(c) for c in Base.metadata.tables[table].constraints if c.name is None]
        assert not unnamed


class TestCode:
    # The first schema, written out, is one idea however long it is.
    @pytest.mark.parametrize(
        "path",
        [path for path in tracked("*.py") if "migrations" not in path.parts],
        ids=lambda path: str(path.relative_to(ROOT)),
    )
    def test_files_hold_one_idea(self, path: Path) -> None:
        limit = 600 if "tests" in path.parts else 400
        assert len(path.read_text(encoding="utf-8").splitlines()) <= limit

    def test_every_package_of_tests_is_one(self) -> None:
        folders = {path.parent for path in tracked("tests/**/test_*.py")}
        assert not [str(folder) for folder in folders if not (folder / "__init__.py").exists()]
