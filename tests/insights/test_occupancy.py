"""Occupancy over stretches written out by hand."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest

from insights.occupancy import ZERO, AgentTime, Stretch, clipped, common, length, merged, occupancy

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def span(start: float, end: float) -> Stretch:
    return at(start), at(end)


def agent(
    available: list[Stretch],
    handling: list[tuple[Stretch, int]] | None = None,
    busy: list[Stretch] | None = None,
) -> AgentTime:
    return AgentTime(frozenset({"support"}), 100, available, handling or [], busy or [])


class TestOccupancy:
    def test_handling_over_handling_and_idle(self) -> None:
        worked = agent([span(0, 100)], [(span(0, 75), 100)])
        assert occupancy([worked]) == {"occupancy": 0.75, "unit_occupancy": 0.75}

    def test_chats_at_once_count_once_as_wall_time(self) -> None:
        worked = agent([span(0, 100)], [(span(0, 50), 33), (span(25, 50), 33)])
        assert occupancy([worked])["occupancy"] == 0.5
        assert occupancy([worked])["unit_occupancy"] == pytest.approx(0.33 * 0.75)

    def test_what_rings_is_neither_handling_nor_idle(self) -> None:
        worked = agent([span(0, 100)], [(span(60, 100), 100)], [span(40, 60)])
        assert occupancy([worked])["occupancy"] == 0.5

    def test_handling_counts_on_a_break_and_idling_does_not(self) -> None:
        worked = agent([span(0, 50)], [(span(40, 60), 100)])
        assert worked.handling_time == timedelta(seconds=20)
        assert worked.idle_time == timedelta(seconds=40)

    def test_nobody_there_is_null(self) -> None:
        assert occupancy([]) == {"occupancy": None, "unit_occupancy": None}
        assert occupancy([agent([])])["occupancy"] is None

    def test_of_several_agents_times_are_added(self) -> None:
        busy, idle = agent([], [(span(0, 100), 100)]), agent([span(0, 300)])
        assert occupancy([busy, idle])["occupancy"] == 0.25


class TestStretches:
    def test_clipped_at_both_edges(self) -> None:
        assert clipped((at(-5), None), at(0), at(10)) == span(0, 10)
        assert clipped((at(3), at(20)), at(0), at(10)) == span(3, 10)
        assert clipped((at(10), at(20)), at(0), at(10)) is None

    def test_merged(self) -> None:
        assert merged([span(5, 7), span(0, 2), span(2, 4), span(6, 9)]) == [span(0, 4), span(5, 9)]

    def test_common(self) -> None:
        assert common([span(0, 4), span(6, 8)], [span(3, 7)]) == timedelta(seconds=2)

    @pytest.mark.parametrize("seed", range(5))
    def test_intervals_sum_to_their_total_exactly(self, seed: int) -> None:
        chance = Random(seed)
        stretches = [(begun := chance.uniform(0, 900), begun + chance.uniform(0, 200)) for _ in range(30)]
        edges = [at(edge) for edge in (0, *sorted(chance.uniform(0, 1100) for _ in range(6)), 1100)]

        def within(start: datetime, end: datetime) -> timedelta:
            found = [clipped(span(*stretch), start, end) for stretch in stretches]
            return length(merged(stretch for stretch in found if stretch))

        parts = [within(start, end) for start, end in pairwise(edges)]
        assert sum(parts, ZERO) == within(edges[0], edges[-1])
