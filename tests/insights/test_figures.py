"""The figures of SEMANTICS §2 over rows written out by hand."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from insights.figures import Entry, Exit, Facts, Handled, Missed, Refused, counted, drilled, figures

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
EXITS = [kind.value for kind in Exit]


def entry(
    number: int, outcome: str | None, waited: float, *, kind: str = "new", started: datetime = NOON
) -> Entry:
    """An entry that came at noon and waited so many seconds (until now, if it waits)."""
    ended = None if outcome is None else started + timedelta(seconds=waited)
    return Entry(UUID(int=number), "orders", "voice", "gold", kind, started, ended, outcome, 20, 5)


def now_after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


class TestBalance:
    def test_every_entry_ends_as_exactly_one(self) -> None:
        entries = [
            entry(1, "answered", 3),
            entry(2, "abandoned", 30),
            entry(3, "abandoned", 4.9),
            entry(4, "flowed_out", 8),
            entry(5, "ended_by_us", 8),
            entry(6, None, 0),
        ]
        result = figures(Facts(entries=entries), now_after(10))
        assert [result[kind] for kind in EXITS] == [1, 1, 1, 1, 0, 1, 1]
        assert sum(result[kind] for kind in EXITS) == result["offered"] == 6

    def test_an_abandon_at_the_limit_is_not_short(self) -> None:
        result = figures(Facts(entries=[entry(1, "abandoned", 5)]), now_after(60))
        assert (result["abandoned"], result["short_abandoned"]) == (1, 0)

    @pytest.mark.parametrize("seed", range(20))
    def test_it_holds_for_any_entries(self, seed: int) -> None:
        chance = random.Random(seed)
        outcomes = ["answered", "abandoned", "flowed_out", "callback_requested", "ended_by_us", None]
        entries = [entry(n, chance.choice(outcomes), chance.uniform(0, 90)) for n in range(200)]
        result = figures(Facts(entries=entries), now_after(60))
        assert sum(result[kind] for kind in EXITS) == result["offered"] == 200, f"seed {seed}"

    def test_refused_at_a_closed_door_is_closed_and_never_offered(self) -> None:
        result = figures(Facts(refused=[Refused(UUID(int=1), "orders", "voice", "gold")]), NOON)
        assert (result["closed"], result["offered"]) == (1, 0)


class TestServiceLevel:
    def test_short_abandons_are_in_neither_part(self) -> None:
        entries = [entry(1, "answered", 20), entry(2, "answered", 21), entry(3, "abandoned", 4)]
        result = figures(Facts(entries=entries), now_after(60))
        assert (result["service_level_numerator"], result["service_level_denominator"]) == (1, 2)
        assert result["service_level"] == 0.5

    def test_who_still_waits_counts_only_when_late(self) -> None:
        early = figures(Facts(entries=[entry(1, None, 0)]), now_after(19))
        late = figures(Facts(entries=[entry(1, None, 0)]), now_after(21))
        assert (early["service_level_denominator"], late["service_level_denominator"]) == (0, 1)

    def test_nothing_to_divide_by_is_null(self) -> None:
        result = figures(Facts(), NOON)
        assert result["service_level"] is result["asa_seconds"] is result["aht_seconds"] is None


class TestTimes:
    def test_asa_is_the_mean_wait_of_the_answered_alone(self) -> None:
        entries = [entry(1, "answered", 10), entry(2, "answered", 20), entry(3, "abandoned", 300)]
        assert figures(Facts(entries=entries), now_after(600))["asa_seconds"] == 15

    def test_the_wait_since_they_first_queued_stands_beside_it(self) -> None:
        moved = replace(entry(2, "answered", 20, kind="transfer"), waited_before_seconds=60.0)
        result = figures(Facts(entries=[entry(1, "answered", 10), moved]), now_after(600))
        assert (result["asa_seconds"], result["asa_from_first_seconds"]) == (15, 45)

    def test_aht_and_transfer_rate_count_agents_parts(self) -> None:
        parts = [
            Handled("orders", "chat", "gold", False, 60, 30),
            Handled("orders", "chat", "gold", True, 120, 50),
        ]
        result = figures(Facts(handled=parts), NOON)
        assert (result["aht_seconds"], result["focus_seconds"], result["transfer_rate"]) == (90, 40, 0.5)

    def test_waiting_shows_all_that_wait_whenever_they_came(self) -> None:
        old = entry(1, None, 0, started=NOON - timedelta(hours=2))
        result = figures(Facts(waiting=[old]), NOON)
        assert (result["waiting"], result["longest_wait_seconds"], result["offered"]) == (1, 7200, 0)

    def test_missed_offers_count_offers(self) -> None:
        missed = [Missed(UUID(int=1), "orders", "voice", "gold")] * 2
        assert figures(Facts(missed=missed), NOON)["missed_offers"] == 2


class TestCoverage:
    def test_share_of_the_answered_whose_wait_fell_under_the_quote(self) -> None:
        """Waits of 10, 30 and 31 s against a quote of 30; who was quoted nothing, or left, does not count."""
        quoted = [
            replace(entry(n, "answered", waited), quoted_wait_seconds=30.0)
            for n, waited in enumerate((10, 30, 31))
        ]
        left = replace(entry(4, "abandoned", 5), quoted_wait_seconds=30.0)
        result = figures(Facts(entries=[*quoted, left, entry(5, "answered", 1)]), now_after(60))
        assert (result["estimate_coverage"], result["estimates_quoted"]) == (pytest.approx(2 / 3), 3)

    def test_nothing_quoted_is_null(self) -> None:
        assert figures(Facts(entries=[entry(1, "answered", 1)]), NOON)["estimate_coverage"] is None


class TestPromiseKept:
    def test_answered_in_time_of_the_answered_and_those_who_gave_up_past_it(self) -> None:
        """Promised 30 s: answered after 10, 30 and 31 s, gave up after 20 and 40."""
        promised = [
            replace(entry(n, outcome, waited), promise_seconds=30.0)
            for n, (outcome, waited) in enumerate(
                [("answered", 10), ("answered", 30), ("answered", 31), ("abandoned", 20), ("abandoned", 40)]
            )
        ]
        result = figures(Facts(entries=[*promised, entry(9, "answered", 90)]), now_after(120))
        assert (result["promise_kept_numerator"], result["promise_kept_denominator"]) == (2, 4)
        assert result["promise_kept"] == 0.5


class TestDrill:
    ENTRIES = (
        entry(1, "answered", 3),
        entry(2, "abandoned", 30),
        entry(3, "abandoned", 2),
        entry(4, None, 0),
    )

    @pytest.mark.parametrize(
        ("figure", "numbers"),
        [
            ("offered", [1, 2, 3, 4]),
            ("answered", [1]),
            ("abandoned", [2]),
            ("short_abandoned", [3]),
            ("still_waiting", [4]),
            ("service_level", [1]),
            ("service_level_missed", [2, 4]),
        ],
    )
    def test_a_figure_lists_what_it_counts(self, figure: str, numbers: list[int]) -> None:
        assert [id_.int for id_ in counted(self.ENTRIES, figure, now_after(100))] == numbers

    def test_who_was_turned_away_and_whose_offers_were_missed(self) -> None:
        missed = [Missed(UUID(int=2), "orders", "voice", "gold")] * 2
        facts = Facts(refused=[Refused(UUID(int=1), "orders", "voice", "gold")], missed=missed)
        assert drilled(facts, "closed", NOON) == [UUID(int=1)]
        assert drilled(facts, "missed_offers", NOON) == [UUID(int=2)]

    def test_the_rows_of_one_queue(self) -> None:
        facts = Facts(entries=self.ENTRIES, refused=[Refused(UUID(int=9), "sales", "chat", "gold")])
        assert len(facts.where(lambda row: row.queue == "orders").refused) == 0
