"""What `apply` says of a new policy: every setting in plain words, with its unit."""

from typing import Any

import pytest

from app.setup.difference import differences
from app.setup.model import Document
from app.setup.policy import policy_document
from app.setup.service import published_policy

PREFER = {"last_agent": True, "prefer_seconds": 10}
WRAP_UP = {"mode": "timeboxed", "seconds": 30}
QUEUE: dict[str, Any] = {"key": "billing", "teams": [{"key": "support"}]}
SETUP: dict[str, Any] = {
    "skills": ["billing"],
    "tiers": [
        {"key": "gold", "max_wait_seconds": {"voice": 60}},
        {"key": "standard", "default": True},
    ],
    "calendars": [{"key": "office", "weekly": {"mon-fri": ["09:00-18:00"]}}],
    "teams": [{"key": "support"}, {"key": "experts"}],
    "queues": [QUEUE],
}


def published(**changes: Any) -> dict[str, Any]:
    document = Document.model_validate({**SETUP, **changes})
    return published_policy(policy_document(document), document)


def lines(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [change.line() for change in differences(before, after)]


def of_queue(**changes: Any) -> list[str]:
    return lines(published(), published(queues=[{**QUEUE, **changes}]))


class TestQueue:
    @pytest.mark.parametrize(
        ("change", "line"),
        [
            ({"signature": "Yours,\n{agent}"}, "~ queue billing: signature none → Yours, {agent}"),
            ({"templates": [{"key": "thanks", "text": "Hi"}]}, "+ queue billing: template thanks"),
            ({"head_start_seconds": 60}, "~ queue billing: head start 0 → 60 s"),
            ({"requirement": "billing >= 3"}, "~ queue billing: requirement anyone → billing >= 3"),
            ({"channels": {"voice": {"offer_seconds": 30}}}, "~ queue billing: voice offer 20 → 30 s"),
            (
                {"channels": {"voice": {"service_class": "deferred"}}},
                "~ queue billing: voice service class live → deferred",
            ),
            (
                {"teams": [{"key": "support", "delay_seconds": 30}]},
                "~ queue billing: team support delay 0 → 30 s",
            ),
            (
                {"teams": [{"key": "support"}, {"key": "experts", "rank": 2, "delay_seconds": 30}]},
                "+ queue billing: team experts, rank 2, delay 30 s",
            ),
            (
                {"prefer": PREFER},
                "~ queue billing: prefer wait none → 10 s",
            ),
            (
                {"wrap_up": WRAP_UP},
                "~ queue billing: wrap-up mode none → timeboxed",
            ),
            ({"short_abandon_seconds": 8}, "~ queue billing: short abandon 5 → 8 s"),
            ({"hours": "office"}, "~ queue billing: hours none → office"),
        ],
    )
    def test_a_setting(self, change: dict[str, Any], line: str) -> None:
        assert line in of_queue(**change)

    def test_only_what_changed(self) -> None:
        assert of_queue(head_start_seconds=60) == ["~ queue billing: head start 0 → 60 s"]
        channels = {"voice": {"offer_seconds": 30}, "chat": {"service_level_seconds": 40}}
        assert of_queue(channels=channels) == [
            "~ queue billing: voice offer 20 → 30 s",
            "~ queue billing: chat service level none → 40 s",
        ]

    def test_steps_and_lending_come_and_go(self) -> None:
        before, after = published(), published()
        before["queues"][0]["steps"] = [{"after_us": 30_000_000, "requirement": "billing >= 3", "lend": []}]
        after["queues"][0]["steps"] = [{"after_us": 60_000_000, "requirement": None, "lend": ["sales"]}]
        after["queues"][0]["lend"] = [
            {"when": "estimated_wait", "than": 120_000_000, "queues": ["sales"]},
            {"when": "service_level", "than": 800_000, "queues": ["sales"]},
            {"when": "nobody_signed_in", "than": None, "queues": ["sales", "repairs"]},
        ]
        assert lines(before, after) == [
            "+ queue billing: lend to sales when estimated wait > 120 s",
            "+ queue billing: lend to sales when service level < 80 %",
            "+ queue billing: lend to sales, repairs when nobody signed in",
            "- queue billing: step after 30 s: billing >= 3",
            "+ queue billing: step after 60 s: lend to sales",
        ]

    def test_new_and_gone(self) -> None:
        assert lines(published(), published(queues=[{**QUEUE, "key": "sales"}])) == [
            "- queue billing",
            "+ queue sales",
        ]


class TestTier:
    def test_a_promise(self) -> None:
        tiers = [{"key": "gold", "max_wait_seconds": {"voice": 90}}, SETUP["tiers"][1]]
        assert lines(published(), published(tiers=tiers)) == ["~ tier gold: promise voice 60 → 90 s"]

    def test_their_order(self) -> None:
        found = lines(published(), published(tiers=SETUP["tiers"][::-1]))
        assert found == ["~ tiers: order gold, standard → standard, gold"]


class TestOthers:
    def test_units(self) -> None:
        assert lines(published(), published(work={"units": {"chat": 25}})) == ["~ units chat 33 → 25"]

    def test_the_address_book(self) -> None:
        courier = {"name": "Courier", "address": "+86 138-0013-8000"}
        with_courier, with_other_name = (
            published(address_book=[{**courier, "name": name}]) for name in ("Courier", "Express")
        )
        assert lines(published(), with_courier) == ["+ address +8613800138000"]
        assert lines(with_courier, with_other_name) == ["~ address +8613800138000: name Courier → Express"]
        assert lines(with_courier, published()) == ["- address +8613800138000"]

    def test_hours(self) -> None:
        calendars = [{"key": "office", "weekly": {"mon-fri": ["09:00-17:00"]}}]
        [line] = lines(published(), published(calendars=calendars))
        assert line.startswith("~ calendar office: weekly ")

    def test_many_dates_are_counted(self) -> None:
        before, after = published(), published()
        before["calendars"][0]["dates"] = {}
        after["calendars"][0]["dates"] = {f"2026-10-{day:02}": [] for day in range(1, 15)}
        assert lines(before, after) == ["~ calendar office: hours of 14 dates"]

    def test_a_key_that_an_old_document_lacks_had_its_default(self) -> None:
        before, after = published(), published()
        for name in ("steps", "lend", "order", "strategy", "hours"):
            before["queues"][0].pop(name, None)
        after["queues"][0] |= {"steps": [], "lend": [], "order": "urgency", "strategy": "longest_idle"}
        assert lines(before, after) == []


def test_as_data() -> None:
    [change] = differences(published(), published(queues=[{**QUEUE, "head_start_seconds": 60}]))
    assert (change.where, change.what, change.before, change.after) == (
        "queue billing", "head start", 0, 60_000_000,
    )  # fmt: skip
