"""Each example of docs/hours.md is a set-up that is accepted."""

import re
from pathlib import Path

import pytest

from app.setup.document import load

PAGE = Path(__file__).parents[2] / "docs/hours.md"
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_is_read(example: str, tmp_path: Path) -> None:
    path = tmp_path / "SETUP.yaml"
    path.write_text(example, encoding="utf-8")
    assert load(path).document.queues or "holidays" in example


def test_there_is_one_for_each_question() -> None:
    assert len(EXAMPLES) == 7
