"""When a customer may be called: while their queue is open and it is a decent hour where they are."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.setup.model import Document
from app.setup.policy import policy_document
from app.setup.service import published_policy
from interactions.calls.calling_hours import next_window
from interactions.life.policies import TenantPolicy
from routing.policy import Policy

SETUP: dict[str, Any] = {
    "tenant": {"key": "acme", "time_zone": "Asia/Shanghai"},
    "tiers": [{"key": "standard", "default": True}],
    "teams": [{"key": "support"}],
    "calendars": [
        {
            "key": "office",
            "time_zone": "Asia/Shanghai",
            "weekly": {"mon-fri": ["09:00-12:00", "13:00-18:00"]},
        },
        {"key": "never", "weekly": {}},
        {"key": "night", "time_zone": "Asia/Shanghai", "weekly": {"mon-sun": ["22:00-06:00"]}},
    ],
    "queues": [
        {"key": "always", "teams": [{"key": "support"}]},
        {"key": "billing", "teams": [{"key": "support"}], "hours": "office"},
        {"key": "shut", "teams": [{"key": "support"}], "hours": "never"},
        {"key": "owls", "teams": [{"key": "support"}], "hours": "night"},
    ],
}


def policy(**changes: Any) -> TenantPolicy:
    document = Document.model_validate({**SETUP, **changes})
    published = published_policy(policy_document(document), document)
    return TenantPolicy(1, Policy.from_document(published), published)


def window(queue: str, at: str, zone: Any = None, **changes: Any) -> tuple[str, str | None] | None:
    """In UTC, as `11-30 04:00`."""
    attributes = {} if zone is None else {"time_zone": zone}
    moment = datetime.fromisoformat(f"2026-{at}:00+00:00")
    found = next_window(policy(**changes), queue, attributes, moment)
    if found is None:
        return None
    opens, closes = (at and at.astimezone(UTC).strftime("%m-%d %H:%M") for at in found)
    assert opens is not None
    return opens, closes


class TestTheCustomersHours:
    def test_are_those_of_the_tenants_zone_where_theirs_is_not_known(self) -> None:
        assert window("always", "11-30 04:00") == ("11-30 04:00", "11-30 13:00")
        assert window("always", "11-30 18:00") == ("12-01 00:00", "12-01 13:00")

    def test_are_their_own_where_their_zone_is_known(self) -> None:
        assert window("always", "11-30 04:00", "Europe/Berlin") == ("11-30 07:00", "11-30 20:00")

    @pytest.mark.parametrize("zone", ["Mars/Olympus", "", 7, "../etc/passwd", ["UTC"]])
    def test_a_zone_that_is_none_is_not_known(self, zone: Any) -> None:
        assert window("always", "11-30 18:00", zone) == ("12-01 00:00", "12-01 13:00")

    def test_are_a_setting(self) -> None:
        found = window("always", "11-30 18:00", calling_hours="10:00-12:00")
        assert found == ("12-01 02:00", "12-01 04:00")

    def test_the_end_of_the_hours_is_not_in_them(self) -> None:
        assert window("always", "11-30 13:00") == ("12-01 00:00", "12-01 13:00")


class TestTheQueuesHours:
    def test_hold_as_well(self) -> None:
        assert window("billing", "11-30 04:00") == ("11-30 05:00", "11-30 10:00")
        assert window("billing", "12-04 10:00") == ("12-07 01:00", "12-07 04:00"), "after the weekend"

    def test_and_the_customers_are_both_kept(self) -> None:
        assert window("billing", "11-30 02:00", "Europe/Berlin") == ("11-30 07:00", "11-30 10:00")

    def test_a_queue_that_never_opens_calls_nobody(self) -> None:
        assert window("shut", "11-30 04:00") is None

    def test_hours_that_never_meet_call_nobody(self) -> None:
        assert window("owls", "11-30 04:00") is None


class TestAWrongSetting:
    @pytest.mark.parametrize("hours", ["always", "25:00-26:00", "08:00-08:00", 8, ["08:00-21:00"]])
    def test_is_refused(self, hours: Any) -> None:
        with pytest.raises(ValueError, match="calling_hours"):
            Document.model_validate({**SETUP, "calling_hours": hours})

    @pytest.mark.parametrize("offer", [{"digits": ""}, {"digits": "press"}, {"key": "1"}, True])
    def test_of_the_keys_is_refused(self, offer: Any) -> None:
        queue = {"key": "q", "teams": [{"key": "support"}], "callback": offer}
        with pytest.raises(ValueError, match="callback"):
            Document.model_validate({**SETUP, "queues": [queue]})
