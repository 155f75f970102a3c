"""What is over is remembered for a while, at the same cost however much has been before."""

from routing.gone import GENERATION, Gone


def test_a_million_are_remembered_and_forgotten_in_turn() -> None:
    """Taking the oldest of a dictionary each time walks over those taken before: this took minutes."""
    gone = Gone()
    for number in range(1_000_000):
        gone[f"x{number}"] = number
    assert gone.get("x999999") == 999_999
    assert f"x{1_000_000 - GENERATION}" in gone
    assert f"x{1_000_000 - 2 * GENERATION - 1}" not in gone
    assert gone.get("x0") is None


def test_what_lives_again_is_gone_no_longer() -> None:
    gone = Gone()
    for number in range(GENERATION + 2):
        gone[f"x{number}"] = number
    for name in ("x0", f"x{GENERATION + 1}"):
        assert name in gone
        gone.discard(name)
        assert name not in gone
