"""docs/channels/write-your-own.md works as it stands: its blocks are put where they say, in a copy of the
code, and run there."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "channels" / "write-your-own.md"

_BLOCK = re.compile(r"^(```|~~~)\w+\n# (\S+)(?: \((\w+)\))?\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
ADDITIONS = {
    "import": "from channels.listening import",
    "ADAPTERS": "ADAPTERS: Final",
    "CONFIGS": "CONFIGS: dict",
}
"""Where the lines for a file that exists go: before or after the line that begins so."""


def blocks() -> Iterator[tuple[str, str | None, str]]:
    """(file, where in it, text) of each block whose first line names a file."""
    for _, path, place, text in _BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        yield path, place or None, text


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code with what the page adds to it."""
    folder = tmp_path_factory.mktemp("copy")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listed.stdout.splitlines():
        if name.startswith(("app/", "channels/", "models/", "tests/", "docs/channels/", "pyproject.toml")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    for path, place, text in blocks():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_added(target, place, text) if place else text, encoding="utf-8")
    return folder


def _added(target: Path, place: str, text: str) -> str:
    lines = target.read_text(encoding="utf-8").splitlines(keepends=True)
    index = next(n for n, line in enumerate(lines) if line.startswith(ADDITIONS[place]))
    at = index if place == "import" else index + 1
    return "".join([*lines[:at], text, *lines[at:]])


def run(folder: Path, *arguments: str) -> str:
    done = subprocess.run([sys.executable, "-m", *arguments], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class TestThePage:
    def test_names_files_that_are_new_or_grow(self) -> None:
        names = [(path, place) for path, place, _ in blocks()]
        assert ("channels/heron/adapter.py", None) in names
        assert len(names) == len(set(names)) == 11
        grows = {path for path, place in names if place}
        assert all((ROOT / path).exists() == (path in grows) for path, _ in names)

    def test_the_adapter_passes_its_own_tests_and_ours(self, copy: Path) -> None:
        ours = ("tests/channels/heron", "tests/channels/test_registry.py")
        said = run(copy, "pytest", "-q", "-p", "no:cacheprovider", "-k", "heron", *ours)
        assert re.search(r"\b2[3-9] passed", said), said

    def test_the_code_is_in_our_form(self, copy: Path) -> None:
        run(copy, "ruff", "check", "channels/heron", "tests/channels/heron", "channels/registry.py")
        run(
            copy,
            "ruff",
            "format",
            "--check",
            "channels/heron",
            "tests/channels/heron",
            "channels/registry.py",
        )

    def test_every_ability_is_told_of(self) -> None:
        page = PAGE.read_text(encoding="utf-8")
        source = (ROOT / "channels" / "abilities.py").read_text(encoding="utf-8")
        abilities = re.findall(r"@runtime_checkable\nclass (\w+)\(Protocol\)", source)
        assert abilities
        assert not [name for name in abilities if f"`{name}`" not in page]
