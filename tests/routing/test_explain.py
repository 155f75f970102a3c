from typing import Any, get_args, get_type_hints

import pytest

from routing.events import AgentAvailable, AgentLeaseLost, AgentUnavailable, OfferAccepted, OfferDeclined
from routing.explain import AGAINST, Explanation, Opening, to_json
from routing.words import _AGAINST, _OPENS, words
from tests.routing.center import Center, micros


def reasons(found: Explanation) -> dict[str, tuple[str, ...]]:
    return {group.reason: group.agents for group in found.groups}


def center(**agents: dict[str, Any]) -> Center:
    queues = [
        {
            "key": "q",
            "teams": [{"key": "t"}, {"key": "late", "rank": 2, "delay_seconds": 30}],
            "requirement": "f >= 3",
            "prefer": {"prefer_seconds": 40},
            "channels": {"voice": {"expected_handle_seconds": 10}},
        }
    ]
    return Center(
        agents,
        skills=["f"],
        teams=[{"key": "t"}, {"key": "late"}, {"key": "other"}],
        queues=queues,
        tiers=[{"key": "gold", "head_start_seconds": 60, "max_wait_seconds": 90}, {"key": "plain"}],
    )


ABLE = {"skills": {"f": 3}}


class TestWaiting:
    def test_every_agent_by_the_first_reason_against(self) -> None:
        scene = center(
            offline={},
            lost=ABLE,
            lunch={},
            mails={**ABLE, "channels": ["email"]},
            stranger={**ABLE, "teams": ["other"]},
            later={**ABLE, "teams": ["late"]},
            novice={"skills": {"f": 2}},
            busy=ABLE,
        )
        names = ["lost", "lunch", "mails", "stranger", "later", "novice", "busy"]
        scene.available(0, *names)
        scene.tell(1, AgentUnavailable("lunch", "lunch"), AgentLeaseLost("lost"))
        scene.queue(2, "first")
        scene.queue(3, "x")
        assert reasons(scene.engine.explain("x", micros(4))) == {
            "signed_in": ("lost", "offline"),
            "available": ("lunch",),
            "permitted": ("mails",),
            "member": ("stranger",),
            "visible": ("later",),
            "skilled": ("novice",),
            "capacity": ("busy",),
        }

    def test_a_cool_down_and_when_it_ends(self) -> None:
        scene = center(a=ABLE)
        scene.available(0, "a")
        scene.queue(1, "x", tier="gold")
        scene.tell(2, OfferDeclined("x", "a"))
        found = scene.engine.explain("x", micros(3))
        assert reasons(found) == {"not_excluded": ("a",)}
        assert [(opening.at, opening.what) for opening in found.openings] == [
            (micros(31), "visible"),
            (micros(32), "not_excluded"),
            (micros(91), "promise"),
        ]

    def test_kept_for_the_preferred_agent(self) -> None:
        scene = center(a=ABLE, b=ABLE)
        scene.available(0, "a")
        scene.queue(1, "y")
        scene.tell(2, OfferAccepted("y", "a"), AgentAvailable("b"))
        scene.queue(3, "x", preferred_agent="a")
        found = scene.engine.explain("x", micros(4))
        assert found.kept_for == "a"
        assert reasons(found) == {"reserved": ("b",), "capacity": ("a",)}
        assert (micros(43), "reserved") in [(opening.at, opening.what) for opening in found.openings]

    def test_its_place_in_the_queue(self) -> None:
        scene = center(a=ABLE)
        for at in range(3):
            scene.queue(at, f"plain{at}", tier="plain")
        scene.queue(5, "gold", tier="gold")
        found = scene.engine.explain("gold", micros(6))
        assert (found.ahead, found.overtaken) == (0, 3)
        assert (found.age_us, found.head_start_us) == (micros(1), micros(60))
        assert scene.engine.explain("plain1", micros(6)).ahead == 2

    def test_many_agents_stay_small(self) -> None:
        scene = center(**{f"agent{number:04}": {} for number in range(1000)})
        scene.queue(0, "x")
        (group,) = scene.engine.explain("x", 0).groups
        assert (group.reason, group.total, len(group.agents)) == ("signed_in", 1000, 200)

    def test_what_does_not_wait_has_no_reasons(self) -> None:
        scene = center(a=ABLE)
        scene.available(0, "a")
        scene.queue(1, "x")
        found = scene.engine.explain("x", micros(2))
        assert (found.state, found.groups) == ("offered", ())

    def test_an_unknown_one(self) -> None:
        with pytest.raises(KeyError):
            center(a=ABLE).engine.explain("no", 0)


class TestOffered:
    def scene(self) -> Center:
        scene = center(a=ABLE, b=ABLE, c={}, d={**ABLE, "teams": ["other"]})
        scene.available(0, "a", "b", "c", "d")
        return scene

    def test_the_winner_the_next_and_the_others(self) -> None:
        scene = self.scene()
        scene.queue(1, "x")
        found = scene.engine.candidates(scene.made[-1])
        assert (found.winner.agent, found.winner.idle_since) == ("a", 0)
        assert [other.agent for other in found.runners_up] == ["b"]
        assert [(group.reason, group.agents) for group in found.groups] == [("skilled", ("c",))]
        assert (found.eligible, found.outside) == (2, 1)

    def test_as_it_was_when_the_offer_was_made(self) -> None:
        """Two offers of one instant: when the first was made, the second's agent was free."""
        scene = center(a=ABLE, b=ABLE)
        scene.queue(1, "x1")
        scene.queue(2, "x2")
        scene.available(3, "a", "b")
        first, second = scene.made[-2:]
        assert [other.agent for other in scene.engine.candidates(first).runners_up] == ["b"]
        assert scene.engine.candidates(second).runners_up == ()

    def test_only_offers_of_the_latest_instant(self) -> None:
        scene = self.scene()
        scene.queue(1, "x")
        offer = scene.made[-1]
        scene.tell(2)
        with pytest.raises(KeyError):
            scene.engine.candidates(offer)

    def test_as_json(self) -> None:
        scene = self.scene()
        scene.queue(1, "x")
        document = to_json(scene.engine.candidates(scene.made[-1]))
        assert document["winner"] == {
            "agent": "a",
            "rank": 1,
            "idle_since": 0,
            "last_accepted_at": None,
            "units": 0,
            "skill_sum": 3,
        }
        assert document["groups"] == [{"reason": "skilled", "total": 1, "agents": ["c"]}]


class TestWords:
    def test_of_what_waits(self) -> None:
        scene = center(a=ABLE)
        scene.available(0, "a")
        scene.queue(1, "old", tier="plain")
        scene.queue(2, "older", tier="plain")
        scene.queue(3, "gold", tier="gold")
        found = scene.engine.explain("gold", micros(4))
        assert words(found, "en", {"a": "Li"}) == [
            "It has waited 1 s and has a head start of 60 s (gold).",
            "It goes before 1 that have waited longer.",
            "It is the first in its queue.",
            "Agents: 1, no room for another call (Li).",
            "In 29 s it opens to more teams: late.",
            "In 89 s its promise is overdue and it goes first.",
        ]
        assert words(found, "zh-CN", {"a": "李雷"}) == [
            "已等待 1 秒，优先量 60 秒（gold）。",
            "排在 1 个等待更久的请求之前。",
            "在队列中排第一位。",
            "坐席 1 名：没有余量再接电话（李雷）。",
            "29 秒后对更多班组开放：late。",
            "89 秒后超过承诺时限，将优先处理。",
        ]

    def test_of_an_offer(self) -> None:
        scene = center(a=ABLE, b=ABLE, d={**ABLE, "teams": ["other"]})
        scene.available(0, "a", "b")
        scene.queue(1, "x", tier="plain")
        found = scene.engine.candidates(scene.made[-1])
        assert words(found, "en")[-1] == "Agents: 1, not in a team of this queue."
        assert words(found, "en")[:2] == [
            "Offered to a: of all who may take it, idle the longest (rank 1).",
            "Next would have been b.",
        ]
        assert words(found, "zh")[0] == "派给 a：可接者中空闲最久（级别 1）。"

    def test_of_what_does_not_wait(self) -> None:
        scene = center(a=ABLE)
        scene.available(0, "a")
        scene.queue(1, "x")
        assert words(scene.engine.explain("x", micros(2)), "en") == ["It does not wait: offered."]


class TestStrategiesInWords:
    """Two chats in `a`'s hands, one in `b`'s; `a` is the more skilled."""

    def scene(self, **queue: Any) -> Center:
        people = {"a": {"skills": {"f": 9}}, "b": {"skills": {"f": 4}}}
        plain = {"key": "q", "teams": [{"key": "t"}], "requirement": "f >= 3"}
        center = Center(people, skills=["f"], queues=[{**plain, **queue}])
        center.available(0, "a")
        for name in ("x1", "x2"):
            center.queue(1, name, "chat")
            center.tell(1, OfferAccepted(name, "a"))
        center.available(2, "b")
        center.queue(3, "x3", "chat", requirement="agent(b)")
        center.tell(3, OfferAccepted("x3", "b"))
        center.queue(4, "x4", "chat")
        return center

    @pytest.mark.parametrize(
        ("strategy", "english", "chinese"),
        [
            (
                "least_loaded",
                "Offered to b: the least loaded of who may take it (33 units in use, rank 1).",
                "派给 b：可接者中负荷最轻（占用 33 单位，级别 1）。",
            ),
            (
                "best_skill",
                "Offered to a: the most skilled of who may take it (skill levels 9 in sum, rank 1).",
                "派给 a：可接者中技能最高（技能等级合计 9，级别 1）。",
            ),
        ],
    )
    def test_say_what_was_compared(self, strategy: str, english: str, chinese: str) -> None:
        center = self.scene(strategy=strategy)
        found = center.engine.candidates(center.made[-1])
        assert (words(found, "en")[0], words(found, "zh-CN")[0]) == (english, chinese)
        following = {"least_loaded": "a (66 units in use)", "best_skill": "b (skill levels 4 in sum)"}
        assert words(found, "en")[1] == f"Next would have been {following[strategy]}."

    def test_what_a_step_opens_and_a_strict_order(self) -> None:
        steps = [{"after_seconds": 30, "requirement": "f >= 1"}]
        center = self.scene(order="strict", requirement="f >= 10", steps=steps)
        found = center.engine.explain("x4", micros(4))
        said = words(found, "en")
        assert "Tiers go before waiting time in this queue." in said
        assert "In 30 s it opens to more skills: f >= 1." in said
        assert "30 秒后放宽所需技能：f >= 1。" in words(found, "zh")

    def test_lent_work_names_the_teams(self) -> None:
        lend = [{"when": "nobody_signed_in", "queues": ["other"]}]
        queues = [
            {"key": "q", "teams": [{"key": "t"}], "lend": lend},
            {"key": "other", "teams": [{"key": "more"}]},
        ]
        center = Center({"a": {}}, teams=[{"key": "t"}, {"key": "more"}], queues=queues)
        center.queue(1, "x")
        assert "It is lent to the teams more." in words(center.engine.explain("x", micros(1)), "en")

    @pytest.mark.parametrize("language", ["en", "zh"])
    def test_every_reason_and_opening_has_words(self, language: str) -> None:
        assert set(_AGAINST[language]) == set(AGAINST)
        assert set(_OPENS[language]) == set(get_args(get_type_hints(Opening)["what"]))
