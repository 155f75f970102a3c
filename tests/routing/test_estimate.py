"""The wait of the k-th in line, against tables: an Erlang(k, 1) quantile is half the chi-square one of 2k."""

import pytest
from scipy.stats import gamma

from routing.estimate import Estimate, completions_per_second, estimate, pieces_at_once, quantile_us

CHI_SQUARE = [
    (2, 0.5, 1.38629),
    (2, 0.9, 4.60517),
    (4, 0.9, 7.77944),
    (10, 0.5, 9.34182),
    (20, 0.9, 28.41198),
    (100, 0.99, 135.80672),
    (200, 0.5, 199.33373),
]


@pytest.mark.parametrize(("freedom", "p", "expected"), CHI_SQUARE)
def test_quantiles_are_those_of_the_tables(freedom: int, p: float, expected: float) -> None:
    assert quantile_us(freedom // 2, 1, p) / 1_000_000 == pytest.approx(expected / 2, abs=2e-5)


@pytest.mark.parametrize("place", [1, 2, 3, 7, 30, 99, 100, 101, 250, 1_000, 100_000])
@pytest.mark.parametrize("p", [0.01, 0.1, 0.5, 0.9, 0.99, 0.999])
def test_quantiles_are_those_of_scipy(place: int, p: float) -> None:
    """To a millionth, where the result's microsecond is less than that."""
    assert quantile_us(place, 0.0001, p) / 1e6 == pytest.approx(gamma.ppf(p, place) * 10_000, rel=1e-6)


def test_every_place_waits_longer_than_the_one_before() -> None:
    for p in (0.1, 0.5, 0.9):
        waits = [quantile_us(place, 2, p) for place in range(1, 400)]
        assert waits == sorted(set(waits)), "also where the exact computation ends"


def test_ten_agents_who_need_three_minutes_each() -> None:
    """One completion in 18 s: the first in line waits 12.5 s in half of all cases."""
    per_second = completions_per_second(10, 180_000_000)
    assert estimate(1, per_second) == Estimate(12_476_649, 41_446_532)


def test_nobody_there_or_no_handling_time_is_no_estimate() -> None:
    assert completions_per_second(0, 180_000_000) is completions_per_second(3, None) is None
    assert estimate(1, None) is None


@pytest.mark.parametrize(
    ("units", "channel_max", "expected"), [(100, None, 1), (33, None, 3), (33, 2, 2), (0, 5, 5), (200, 1, 0)]
)
def test_pieces_at_once(units: int, channel_max: int | None, expected: int) -> None:
    assert pieces_at_once(100, units, channel_max) == expected
