"""docs/routing.md is complete: every code that the engine can say stands in it."""

from pathlib import Path
from typing import get_args

import pytest

from routing.decision import Kind, Reason
from routing.explain import Against

PAGE = (Path(__file__).parents[2] / "docs" / "routing.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("code", [*get_args(Kind), *get_args(Reason), *get_args(Against)])
def test_every_code_is_documented(code: str) -> None:
    assert f"`{code}`" in PAGE
