"""Each example of the pages on hours and on routing is a set-up that is accepted."""

import re
from pathlib import Path

import pytest

from app.setup.document import load

DOCS = Path(__file__).parents[2] / "docs"


def examples(page: str) -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)


EXAMPLES = [*examples("hours.md"), *examples("routing.md")]


@pytest.mark.parametrize("example", EXAMPLES)
def test_is_read(example: str, tmp_path: Path) -> None:
    path = tmp_path / "SETUP.yaml"
    path.write_text(example, encoding="utf-8")
    assert load(path).document.queues or "holidays" in example


def test_there_is_one_for_each_question() -> None:
    assert len(examples("hours.md")) == 7
    assert len(examples("routing.md")) == 8
