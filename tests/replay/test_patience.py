"""The estimate of Kaplan and Meier, against what a book of tables would say."""

import pytest

from routing.patience import Patience

# Ten customers. Who left did so after 1, 3, 3 and 6 seconds; the others were answered.
LEFT, ANSWERED = (1, 3, 3, 6), (2, 4, 5, 7, 8, 9)
WAITS = [(at, True) for at in LEFT] + [(at, False) for at in ANSWERED]
# Staying longer than 1: 9/10; than 3: 9/10 · 7/8 · 6/7 = 27/40; than 6: 27/40 · 3/4 = 81/160.


@pytest.mark.parametrize(
    ("waited", "luck", "leaves"),
    [
        (0, 0.05, 1),
        (0, 0.2, 3),
        (0, 0.4, 6),
        (0, 0.6, None),
        (3, 0.2, 6),
        (3, 0.3, None),
        (6, 0.0, None),
    ],
)
def test_by_what_others_did(waited: int, luck: float, leaves: int | None) -> None:
    assert Patience(WAITS).beyond(waited, luck) == leaves


def test_where_nobody_left_all_stay() -> None:
    assert Patience([(5, False), (9, False)]).beyond(0, 0.99) is None


def test_nobody_leaves_before_they_really_waited() -> None:
    for waited in range(10):
        found = [Patience(WAITS).beyond(waited, luck / 100) for luck in range(100)]
        assert all(leaves is None or leaves > waited for leaves in found)
