"""What the engine decides, told in small scenes."""

from typing import Any

import pytest

from routing.events import (
    AgentAvailable,
    AgentLeaseLost,
    AgentUnavailable,
    InteractionCompleted,
    InteractionConnected,
    InteractionLeft,
    InteractionQueued,
    InteractionTransferred,
    OfferAccepted,
    OfferConnectFailed,
    OfferDeclined,
)
from tests.routing.center import Center, micros


def queue(key: str = "q", **more: Any) -> dict[str, Any]:
    return {"key": key, "teams": [{"key": "t"}], **more}


class TestOrder:
    def test_the_head_start_of_a_tier_overtakes_who_came_less_before(self) -> None:
        tiers = [{"key": "gold", "head_start_seconds": 60}, {"key": "plain"}]
        center = Center({"a": {}}, tiers=tiers)
        center.queue(0, "old", tier="plain")
        center.queue(1, "x", tier="plain")
        center.queue(60.5, "y", tier="gold")
        assert center.available(61, "a") == ["61 offer old a"]
        center.tell(62, OfferAccepted("old", "a"))
        assert center.tell(63, InteractionCompleted("old", "a")) == ["63 offer y a"]

    def test_head_starts_of_tier_queue_channel_and_boost_add_up(self) -> None:
        center = Center(
            {"a": {}},
            tiers=[{"key": "gold", "head_start_seconds": 1}],
            queues=[queue(head_start_seconds=2, channels={"voice": {"head_start_seconds": 4}})],
        )
        center.queue(0, "first")
        center.queue(20, "x", boost_us=micros(8))
        made = center.available(20, "a")
        assert made == ["20 offer first a"]
        assert center.made[-1].score_us == micros(20 + 7)
        center.tell(21, InteractionLeft("first"))
        assert center.made[-1].score_us == micros(1 + 7 + 8)

    def test_age_brought_along_counts(self) -> None:
        center = Center({"a": {}})
        center.queue(0, "x")
        center.queue(5, "y", waited_us=micros(5.000001))
        assert center.available(6, "a") == ["6 offer y a"]

    def test_equal_urgency_goes_by_id(self) -> None:
        center = Center({"a": {}})
        center.queue(0, "x2")
        center.queue(0, "x10")
        assert center.available(1, "a") == ["1 offer x10 a"]

    def test_live_work_goes_before_deferred_however_old(self) -> None:
        center = Center({"a": {}})
        center.queue(0, "mail", "email")
        center.queue(1000, "call", "voice")
        assert center.available(1001, "a") == ["1001 offer call a"]

    def test_a_queue_may_name_the_class(self) -> None:
        center = Center({"a": {}}, queues=[queue(channels={"email": {"service_class": "live"}})])
        center.queue(0, "mail", "email")
        center.queue(1000, "call", "voice")
        assert center.available(1001, "a") == ["1001 offer mail a"]

    def test_an_overdue_promise_goes_first_from_its_very_instant(self) -> None:
        tiers = [{"key": "gold", "head_start_seconds": 600}, {"key": "plain", "max_wait_seconds": 30}]
        for at, first in ((29.999999, "gold"), (30, "plain")):
            center = Center({"a": {}}, tiers=tiers)
            center.queue(0, "plain", tier="plain")
            center.queue(0, "gold", tier="gold")
            assert center.available(at, "a")[0].split()[2] == first

    def test_a_bare_promise_is_for_live_work_only(self) -> None:
        center = Center({"a": {"channels": ["email"]}}, tiers=[{"key": "plain", "max_wait_seconds": 1}])
        center.queue(0, "old", "email", boost_us=-micros(5))
        center.queue(3, "new", "email")
        assert center.available(4, "a")[0] == "4 offer new a"

    def test_among_queues_the_lower_rank_wins_over_urgency(self) -> None:
        queues = [
            {"key": "near", "teams": [{"key": "t", "rank": 1}]},
            {"key": "far", "teams": [{"key": "t", "rank": 2}]},
        ]
        center = Center({"a": {}}, queues=queues)
        center.queue(0, "old", queue="far")
        center.queue(50, "new", queue="near")
        assert center.available(60, "a") == ["60 offer new a"]

    def test_a_queue_sends_its_first_even_where_its_second_has_the_better_rank(self) -> None:
        queues = [
            {"key": "q", "teams": [{"key": "t", "rank": 3}, {"key": "u", "rank": 1}]},
            {"key": "r", "teams": [{"key": "u", "rank": 2}]},
        ]
        agents: dict[str, dict[str, Any]] = {"a": {"teams": ["u"]}, "b": {"skills": {"f": 1}}}
        center = Center(agents, skills=["f"], teams=[{"key": "t"}, {"key": "u"}], queues=queues)
        center.queue(0, "first", requirement="f")
        center.queue(1, "second")
        center.queue(2, "other", queue="r")
        assert center.available(3, "a", "b") == ["3 offer other a", "3 offer first b"]


class TestAgent:
    def test_the_longest_idle_then_the_id(self) -> None:
        center = Center({"c": {}, "b": {}, "a": {}})
        center.available(0, "c")
        center.available(1, "b", "a")
        made = [center.queue(2 + number, f"x{number}") for number in range(3)]
        assert [lines[-1].split()[-1] for lines in made] == ["c", "a", "b"]

    def test_idle_counts_from_the_end_of_the_last_work(self) -> None:
        center = Center({"a": {}, "b": {}})
        center.available(0, "a")
        center.queue(1, "x")
        center.tell(2, OfferAccepted("x", "a"))
        center.available(3, "b")
        center.tell(4, InteractionCompleted("x", "a"))
        assert center.queue(5, "y") == ["5 offer y b"]

    def test_a_repeated_available_changes_nothing(self) -> None:
        center = Center({"a": {}, "b": {}})
        center.available(0, "b")
        center.available(1, "a")
        assert center.available(2, "b") == []
        assert center.queue(3, "x") == ["3 offer x b"]

    def test_who_holds_nothing_goes_before_who_holds_something(self) -> None:
        center = Center({"a": {}, "b": {}})
        center.available(0, "a")
        assert center.queue(1, "x", "chat") == ["1 offer x a"]
        center.available(2, "b")
        assert center.queue(3, "y", "chat") == ["3 offer y b"]

    def test_among_the_busy_the_earliest_accept_and_before_it_who_never_accepted(self) -> None:
        center = Center({"a": {}, "b": {}, "c": {}})
        center.available(0, "a", "b", "c")
        for name in ("x1", "x2", "x3"):
            center.queue(1, name, "chat")
        center.tell(2, OfferAccepted("x2", "b"))
        center.tell(3, OfferAccepted("x1", "a"))
        assert center.queue(4, "y1", "chat") == ["4 offer y1 c"]
        center.tell(5, OfferAccepted("x3", "c"), OfferAccepted("y1", "c"))
        assert center.queue(6, "y2", "chat") == ["6 offer y2 b"]

    def test_lower_rank_goes_before_idle_time(self) -> None:
        teams = [{"key": "t", "rank": 2}, {"key": "u", "rank": 1}]
        center = Center(
            {"a": {}, "b": {"teams": ["u"]}},
            teams=[{"key": "t"}, {"key": "u"}],
            queues=[{"key": "q", "teams": teams}],
        )
        center.available(0, "a")
        center.available(9, "b")
        assert center.queue(10, "x") == ["10 offer x b"]


class TestRoutingProfile:
    """Amazon Connect's example of priorities and delays: T1 p1 d0, T2 p1 d0, T3 p2 d20, T4 p3 d80."""

    QUEUES = [
        {"key": f"t{number}", "teams": [{"key": "t", "rank": rank, "delay_seconds": delay}]}
        for number, rank, delay in ((1, 1, 0), (2, 1, 0), (3, 2, 20), (4, 3, 80))
    ]

    def center(self) -> Center:
        return Center({"a": {}}, queues=self.QUEUES)

    def test_equal_priority_goes_by_age(self) -> None:
        center = self.center()
        center.queue(0, "x2", queue="t2")
        center.queue(1, "x1", queue="t1")
        assert center.available(2, "a") == ["2 offer x2 a"]

    def test_t3_waits_20_seconds_for_an_idle_agent(self) -> None:
        center = self.center()
        center.available(0, "a")
        center.queue(1, "x3", queue="t3")
        assert center.tell(30) == ["21 offer x3 a"]

    def test_t4_only_after_80_seconds_and_when_the_others_are_empty(self) -> None:
        center = self.center()
        center.queue(0, "x4", queue="t4")
        center.queue(70, "x3", queue="t3")
        center.queue(89, "x1", queue="t1")
        center.tell(90, AgentAvailable("a"))
        served = []
        for at, name in ((91, "x1"), (92, "x3"), (93, "x4")):
            served.append(center.made[-1].interaction)
            center.tell(at, OfferAccepted(name, "a"))
            center.tell(at, InteractionCompleted(name, "a"))
        assert served == ["x1", "x3", "x4"]

    def test_t4_is_taken_at_its_80th_second_by_who_is_idle(self) -> None:
        center = self.center()
        center.available(0, "a")
        center.queue(5, "x4", queue="t4")
        assert center.tell(84.999999) == []
        assert center.tell(85) == ["85 offer x4 a"]


class TestCapacity:
    def test_units_add_up_to_the_maximum(self) -> None:
        center = Center({"a": {}})
        center.available(0, "a")
        made = [line for number in range(5) for line in center.queue(1, f"x{number}", "chat")]
        assert made == ["1 offer x0 a", "1 offer x1 a", "1 offer x2 a"]

    def test_a_maximum_per_channel(self) -> None:
        center = Center({"a": {"capacity": {"units": 100, "chat": 1}}})
        center.available(0, "a")
        assert center.queue(1, "x", "chat") == ["1 offer x a"]
        assert center.queue(2, "y", "chat") == []
        assert center.queue(3, "m", "email") == ["3 offer m a"]

    def test_units_of_channels_can_be_set(self) -> None:
        center = Center({"a": {}}, work={"units": {"email": 60}})
        center.available(0, "a")
        assert center.queue(1, "x", "email") == ["1 offer x a"]
        assert center.queue(1, "y", "email") == []

    def test_an_agent_takes_only_permitted_channels(self) -> None:
        center = Center({"a": {"channels": ["chat"]}})
        center.available(0, "a")
        assert center.queue(1, "x", "voice") == []


class TestRequirements:
    def test_own_and_the_queues_must_both_hold(self) -> None:
        agents = {"a": {"skills": {"b": 5}}, "c": {"skills": {"b": 5, "f": 3}}}
        center = Center(agents, skills=["b", "f"], queues=[queue(requirement="b >= 5")])
        center.available(0, "a", "c")
        assert center.queue(1, "x", requirement="f >= 3") == ["1 offer x c"]
        assert center.queue(2, "y", requirement="f >= 4") == []

    def test_a_named_agent(self) -> None:
        center = Center({"a": {}, "b": {}})
        center.available(0, "a")
        center.available(1, "b")
        assert center.queue(2, "x", requirement="agent(b)") == ["2 offer x b"]

    def test_a_named_agent_of_another_team_is_no_member(self) -> None:
        center = Center({"a": {}, "b": {"teams": ["u"]}}, teams=[{"key": "t"}, {"key": "u"}])
        center.available(0, "a", "b")
        assert center.queue(1, "x", requirement="agent(b)") == []


class TestOffer:
    def test_missed_at_the_channels_deadline(self) -> None:
        center = Center({"a": {}, "b": {}})
        center.available(0, "a")
        center.available(1, "b")
        center.queue(2, "x")
        assert center.tell(22) == ["22 missed x a", "22 offer x b"]

    def test_an_accept_at_the_very_deadline_counts(self) -> None:
        center = Center({"a": {}})
        center.available(0, "a")
        center.queue(2, "x")
        assert center.tell(22, OfferAccepted("x", "a")) == []
        assert center.tell(30, InteractionCompleted("x", "a")) == []

    def test_who_missed_gets_nothing_until_they_return(self) -> None:
        center = Center({"a": {}})
        center.available(0, "a")
        center.queue(0, "x")
        assert center.tell(100) == ["20 missed x a"]
        assert center.available(101, "a") == ["101 offer x a"]

    def test_who_misses_one_offer_loses_the_others(self) -> None:
        center = Center({"a": {}})
        center.available(0, "a")
        center.queue(0, "z", "chat")
        center.queue(10, "y", "email")
        center.queue(10, "x", "email")
        assert center.tell(30) == ["30 missed z a", "30 revoke x a", "30 revoke y a"]

    def test_offers_missed_in_one_instant_are_all_missed_then_the_rest_revoked(self) -> None:
        center = Center({"a": {}})
        center.available(0, "a")
        center.queue(0, "x2", "chat")
        center.queue(0, "x1", "chat")
        center.queue(1, "x0", "chat")
        assert center.tell(30) == ["30 missed x1 a", "30 missed x2 a", "30 revoke x0 a"]

    def test_a_decline_brings_a_cool_down_for_this_agent_and_work(self) -> None:
        center = Center({"a": {}})
        center.available(0, "a")
        center.queue(1, "x", "chat")
        assert center.tell(2, OfferDeclined("x", "a")) == []
        assert center.queue(3, "y", "chat") == ["3 offer y a"]
        center.tell(4, OfferAccepted("y", "a"))
        assert center.tell(40) == ["32 offer x a"]

    def test_a_cool_down_of_zero_ends_at_once(self) -> None:
        rules = {"chat": {"decline_cool_down_seconds": 0}}
        center = Center({"a": {}}, queues=[queue(channels=rules)])
        center.available(0, "a")
        center.queue(1, "x", "chat")
        assert center.tell(2, OfferDeclined("x", "a")) == ["2 offer x a"]

    @pytest.mark.parametrize(
        ("event", "decision"),
        [
            (AgentUnavailable("a", "lunch"), "went_away"),
            (AgentUnavailable("a", "offline"), "went_away"),
            (AgentLeaseLost("a"), "lease_lost"),
        ],
    )
    def test_who_goes_away_loses_open_offers_without_cool_down(self, event: Any, decision: str) -> None:
        center = Center({"a": {}})
        center.available(0, "a")
        center.queue(1, "x")
        assert center.tell(2, event) == ["2 revoke x a"]
        assert center.made[-1].reason == decision
        assert center.available(3, "a") == ["3 offer x a"]

    def test_the_customer_hangs_up_while_it_rings(self) -> None:
        center = Center({"a": {}})
        center.available(0, "a")
        center.queue(1, "x")
        center.queue(2, "y")
        assert center.tell(3, InteractionLeft("x")) == ["3 revoke x a", "3 offer y a"]
        assert center.made[-2].reason == "customer_left"

    def test_work_in_hand_survives_a_break(self) -> None:
        center = Center({"a": {}})
        center.available(0, "a")
        center.queue(1, "x", "chat")
        center.tell(2, OfferAccepted("x", "a"))
        center.tell(3, AgentUnavailable("a", "lunch"))
        assert center.queue(4, "y", "chat") == []
        assert center.tell(5, InteractionCompleted("x", "a")) == []
        assert center.available(6, "a") == ["6 offer y a"]


class TestConnecting:
    QUEUES = [queue(channels={"voice": {"connect_seconds": 15}})]

    def center(self) -> Center:
        center = Center({"a": {}, "b": {}}, queues=self.QUEUES)
        center.available(0, "a")
        center.queue(1, "x")
        center.tell(2, OfferAccepted("x", "a"))
        return center

    def test_bridged_in_time(self) -> None:
        center = self.center()
        assert center.tell(17, InteractionConnected("x", "a")) == []
        assert center.tell(60, InteractionCompleted("x", "a")) == []

    def test_not_bridged_in_time(self) -> None:
        center = self.center()
        assert center.tell(17) == ["17 connect_failed x a"]
        assert center.available(18, "b") == ["18 offer x b"]
        assert center.made[-1].score_us == micros(17)

    def test_the_leg_fails(self) -> None:
        center = self.center()
        assert center.tell(3, OfferConnectFailed("x", "a")) == []
        assert center.available(4, "b") == ["4 offer x b"]

    def test_the_caller_hangs_up_meanwhile(self) -> None:
        center = self.center()
        assert center.tell(3, InteractionLeft("x")) == ["3 revoke x a"]
        assert center.queue(4, "y") == ["4 offer y a"]

    def test_completed_before_it_was_bridged_is_ignored(self) -> None:
        assert self.center().tell(3, InteractionCompleted("x", "a")) == ["3 ignored x a"]

    def test_connected_without_connect_seconds_changes_and_prints_nothing(self) -> None:
        center = Center({"a": {}})
        center.available(0, "a")
        center.queue(1, "x")
        center.tell(2, OfferAccepted("x", "a"))
        assert center.tell(3, InteractionConnected("x", "a")) == []


class TestLostLease:
    def center(self, channel: str) -> Center:
        center = Center({"a": {}, "b": {}})
        center.available(0, "a")
        center.queue(1, "x", channel)
        center.tell(2, OfferAccepted("x", "a"))
        center.available(3, "b")
        center.tell(10, AgentLeaseLost("a"))
        return center

    def test_a_chat_waits_again_after_120_seconds(self) -> None:
        assert self.center("chat").tell(150) == ["130 reassign x a", "130 offer x b"]

    @pytest.mark.parametrize("channel", ["voice", "email", "task"])
    def test_other_work_stays(self, channel: str) -> None:
        assert self.center(channel).tell(1000) == []

    def test_any_return_but_offline_ends_the_countdown(self) -> None:
        returned = self.center("chat")
        returned.tell(20, AgentUnavailable("a", "lunch"))
        assert returned.tell(1000) == []
        offline = self.center("chat")
        offline.tell(20, AgentUnavailable("a", "offline"))
        assert offline.tell(1000)[0] == "130 reassign x a"

    def test_it_goes_back_to_the_agent_who_returns(self) -> None:
        center = Center({"a": {}, "b": {}})
        center.available(0, "b")
        center.available(1, "a")
        center.queue(2, "y", "voice")
        center.queue(3, "x", "chat")
        center.tell(4, OfferAccepted("y", "b"), OfferAccepted("x", "a"))
        center.tell(10, AgentLeaseLost("a"))
        assert center.tell(130) == ["130 reassign x a"]
        center.tell(140, InteractionCompleted("y", "b"), AgentAvailable("a"))
        assert center.made[-1][1:4] == ("offer", "x", "a")
        assert center.made[-1].reason == "preferred"


class TestTransfer:
    def center(self) -> Center:
        queues = [queue(), {"key": "r", "teams": [{"key": "u", "delay_seconds": 5}]}]
        agents: dict[str, dict[str, Any]] = {"a": {}, "b": {"teams": ["u"]}}
        center = Center(agents, teams=[{"key": "t"}, {"key": "u"}], queues=queues)
        center.available(0, "a", "b")
        center.queue(1, "x", waited_us=micros(3))
        center.tell(2, OfferAccepted("x", "a"))
        return center

    def test_waited_here_starts_anew_and_the_agent_is_free(self) -> None:
        center = self.center()
        center.queue(3, "y")
        assert center.tell(10, InteractionTransferred("x", "r")) == ["10 offer y a"]
        assert center.tell(20) == ["15 offer x b"]

    def test_age_goes_on_without_the_talk(self) -> None:
        center = self.center()
        center.tell(10, InteractionTransferred("x", "r"))
        center.tell(20)
        assert center.made[-1].score_us == micros(3 + 1 + 5)

    def test_of_what_is_not_active_is_ignored(self) -> None:
        center = self.center()
        center.queue(3, "y")
        assert center.tell(4, InteractionTransferred("y", "r")) == ["4 ignored y None"]


class TestPrefer:
    def center(self, **prefer: Any) -> Center:
        rules = {"voice": {"expected_handle_seconds": 10}}
        queues = [queue(channels=rules, prefer={"prefer_seconds": 20, **prefer})]
        center = Center({"a": {}, "b": {}}, queues=queues)
        center.available(0, "a")
        center.available(1, "b")
        return center

    def test_only_they_are_offered_it_while_they_have_room(self) -> None:
        assert self.center().queue(2, "x", preferred_agent="b") == ["2 offer x b"]

    def test_it_waits_for_who_is_expected_to_be_free_in_time(self) -> None:
        center = self.center()
        center.queue(2, "y", preferred_agent="b")
        center.tell(3, OfferAccepted("y", "b"))
        assert center.queue(4, "x", preferred_agent="b") == []
        assert center.tell(14, InteractionCompleted("y", "b")) == ["14 offer x b"]

    def test_it_is_anyones_after_prefer_seconds(self) -> None:
        center = self.center()
        center.queue(2, "y", preferred_agent="b")
        center.tell(3, OfferAccepted("y", "b"))
        center.queue(4, "x", preferred_agent="b")
        assert center.tell(30) == ["24 offer x a"]

    def test_it_does_not_wait_for_who_is_expected_to_be_free_too_late(self) -> None:
        center = self.center(prefer_seconds=5)
        center.queue(2, "y", preferred_agent="b")
        center.tell(3, OfferAccepted("y", "b"))
        assert center.queue(4, "x", preferred_agent="b") == ["4 offer x a"]

    def test_it_is_anyones_once_they_go_away(self) -> None:
        center = self.center()
        center.queue(2, "y", preferred_agent="b")
        center.tell(3, OfferAccepted("y", "b"))
        center.queue(4, "x", preferred_agent="b")
        assert center.tell(5, AgentUnavailable("b", "lunch")) == ["5 offer x a"]

    def test_it_is_anyones_in_the_matching_in_which_they_are_taken(self) -> None:
        center = self.center()
        made = center.tell(
            2,
            InteractionQueued("x1", "q", "voice", preferred_agent="b"),
            InteractionQueued("x2", "q", "voice", preferred_agent="b"),
        )
        assert made == ["2 offer x1 b", "2 offer x2 a"]

    def test_a_decline_makes_it_anyones(self) -> None:
        center = self.center()
        center.queue(2, "x", preferred_agent="b")
        assert center.tell(3, OfferDeclined("x", "b")) == ["3 offer x a"]

    def test_a_queue_that_does_not_prefer_does_not(self) -> None:
        center = Center({"a": {}, "b": {}})
        center.available(0, "a")
        center.available(1, "b")
        assert center.queue(2, "x", preferred_agent="b") == ["2 offer x a"]


class TestIgnored:
    def center(self) -> Center:
        center = Center({"a": {}, "b": {}})
        center.available(0, "a")
        center.queue(1, "x")
        return center

    @pytest.mark.parametrize(
        ("event", "reason"),
        [
            (OfferAccepted("no", "a"), "unknown_interaction"),
            (OfferAccepted("x", "b"), "not_the_holder"),
            (OfferDeclined("x", "b"), "not_the_holder"),
            (OfferConnectFailed("x", "a"), "wrong_state"),
            (InteractionCompleted("x", "a"), "wrong_state"),
            (InteractionConnected("x", "a"), "wrong_state"),
            (InteractionQueued("x", "q", "voice"), "already_known"),
            (InteractionLeft("no"), "unknown_interaction"),
            (InteractionTransferred("x", "q"), "wrong_state"),
            (AgentAvailable("no"), "unknown_agent"),
        ],
    )
    def test_while_offered(self, event: Any, reason: str) -> None:
        center = self.center()
        assert "ignored" in center.tell(2, event)[0]
        assert center.made[-1].reason == reason

    def test_left_while_active(self) -> None:
        center = self.center()
        center.tell(2, OfferAccepted("x", "a"))
        assert center.tell(3, InteractionLeft("x")) == ["3 ignored x None"]

    def test_completed_by_another_agent(self) -> None:
        center = self.center()
        center.tell(2, OfferAccepted("x", "a"))
        assert center.tell(3, InteractionCompleted("x", "b")) == ["3 ignored x b"]

    def test_of_what_is_over(self) -> None:
        center = self.center()
        center.tell(2, InteractionLeft("x"))
        assert center.tell(3, OfferAccepted("x", "a")) == ["3 ignored x a"]
        assert center.queue(4, "x") == ["4 ignored x None"]


def test_time_does_not_go_backwards() -> None:
    center = Center({"a": {}})
    center.available(5, "a")
    with pytest.raises(ValueError, match="backwards"):
        center.engine.apply((), micros(4))
