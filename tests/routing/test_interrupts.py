"""Interrupted work: held while the call lasts, whatever the ids, resumed when nothing interrupts it."""

import pytest

from routing.events import InteractionCompleted, InteractionTransferred, OfferAccepted
from tests.routing.center import Center

DEEP = {"interrupts": {"voice": ["chat", "email"], "chat": ["email"]}}


def interrupted_twice(mail: str, chat: str) -> Center:
    """An e-mail, interrupted by a chat, interrupted by the call `v`."""
    center = Center({"a": {}}, work=DEEP)
    center.available(0, "a")
    for at, (name, channel) in enumerate([(mail, "email"), (chat, "chat"), ("v", "voice")], start=1):
        center.queue(at, name, channel)
        center.tell(at + 0.5, OfferAccepted(name, "a"))
    return center


@pytest.mark.parametrize(("mail", "chat"), [("x1", "x2"), ("x2", "x1")])
class TestInterruptedTwice:
    def test_each_resumes_when_nothing_in_hand_interrupts_it(self, mail: str, chat: str) -> None:
        center = interrupted_twice(mail, chat)
        assert center.tell(7, InteractionCompleted("v", "a")) == [f"7 resume {chat} a"]
        assert center.tell(8, InteractionCompleted(chat, "a")) == [f"8 resume {mail} a"]

    def test_a_transfer_ends_the_interruption_as_well(self, mail: str, chat: str) -> None:
        center = interrupted_twice(mail, chat)
        assert center.tell(7, InteractionTransferred("v", "q"))[0] == f"7 resume {chat} a"

    def test_held_work_may_be_completed(self, mail: str, chat: str) -> None:
        center = interrupted_twice(mail, chat)
        assert center.tell(7, InteractionCompleted(chat, "a")) == []
        assert center.tell(8, InteractionCompleted("v", "a")) == [f"8 resume {mail} a"]


def test_what_is_accepted_during_the_call_is_not_held() -> None:
    center = Center({"a": {}}, work={"interrupts": {"voice": ["email"]}})
    center.available(0, "a")
    center.queue(1, "mail", "email")
    center.queue(2, "call")
    assert center.tell(3, OfferAccepted("call", "a")) == []
    assert center.tell(4, OfferAccepted("mail", "a")) == []
    assert center.tell(5, InteractionCompleted("call", "a")) == []
