"""Delivery states of a touch: per hop they only go forward, whatever order they are told in."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from app.clock import new_id
from models.touch import DELIVERY_STATES, Touch

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
TOLD = [("provider", "sent"), ("recipient", "sent"), ("recipient", "delivered"), ("recipient", "read")]


def touch() -> Touch:
    return Touch(id=new_id(), tenant_id=new_id(), delivery_state="pending", delivery_hops=[], version=1)


class TestStates:
    @pytest.mark.parametrize("order", list(permutations(range(len(TOLD)))))
    def test_never_go_back_in_any_order(self, order: tuple[int, ...]) -> None:
        told, ranks = touch(), [0]
        for place in order:
            hop, state = TOLD[place]
            told.advance(hop, state, NOON + timedelta(seconds=place))
            assert told.delivery_state is not None
            ranks.append(DELIVERY_STATES.index(told.delivery_state))
        assert ranks == sorted(ranks)
        assert told.delivery_state == "read"
        assert {hop["hop"]: hop["state"] for hop in told.delivery_hops} == {
            "provider": "sent",
            "recipient": "read",
        }

    def test_told_twice_change_nothing(self) -> None:
        told = touch()
        assert told.advance("recipient", "delivered", NOON)
        assert not told.advance("recipient", "delivered", NOON + timedelta(seconds=5))
        assert not told.advance("recipient", "sent", NOON)
        assert told.version == 2

    def test_of_the_same_state_the_earlier_time_counts(self) -> None:
        told = touch()
        told.advance("recipient", "delivered", NOON)
        assert told.advance("recipient", "delivered", NOON - timedelta(seconds=5))
        assert told.delivery_hops[0]["at"] == "2026-11-29T11:59:55.000Z"
