"""Where the shared corpora lie, when they do: real input that nobody here wrote."""

import os
from pathlib import Path

import pytest

DATA = Path(os.environ.get("TOUCHPOINT_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))


def needs(name: str) -> pytest.MarkDecorator:
    """Skip where the corpus is not there; each such test has a sibling with cases of our own."""
    return pytest.mark.skipif(not (DATA / name).exists(), reason=f"the corpus {name} lies outside the repository")
