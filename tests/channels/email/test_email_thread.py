"""Which interaction a mail continues, and that nobody can forge it."""

from uuid import UUID

import pytest

from channels.email.parsed import Mailbox, ParsedMail
from channels.email.thread import (
    ThreadKeys,
    base_address,
    make_token,
    read_token,
    reply_address,
    thread_keys,
    thread_of,
)

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
INTERACTION = UUID("019364a0-0000-7000-8000-000000000001")
WANG = "Wang@example.test"
TO_US = reply_address("support@acme.test", KEY, INTERACTION, WANG)


def mail_from(sender: str | None, **members: object) -> ParsedMail:
    mailbox = None if sender is None else Mailbox(address=sender)
    return ParsedMail.model_validate({"delivery_key": "k", "sender": mailbox, **members})


class TestToken:
    def test_is_short_and_case_blind(self) -> None:
        token = make_token(KEY, INTERACTION, WANG)
        assert len(token) == 39
        assert read_token(KEY, token.upper(), "wang@EXAMPLE.test") == INTERACTION

    @pytest.mark.parametrize("token", ["", "a", "é" * 39, "a" * 39, "1" * 39, "a" * 38, "a" * 400])
    def test_rubbish(self, token: str) -> None:
        assert read_token(KEY, token, WANG) is None

    def test_of_another_installation(self) -> None:
        assert read_token(OTHER_KEY, make_token(KEY, INTERACTION, WANG), WANG) is None

    def test_from_somebody_it_was_not_made_for(self) -> None:
        assert read_token(KEY, make_token(KEY, INTERACTION, WANG), "li@example.test") is None

    def test_of_another_interaction(self) -> None:
        token = make_token(KEY, INTERACTION, WANG)
        assert read_token(KEY, ("b" if token[0] == "a" else "a") + token[1:], WANG) is None


class TestReplyAddress:
    def test_leads_back(self) -> None:
        assert TO_US.startswith("support+r.")
        assert base_address(TO_US) == "support@acme.test"

    @pytest.mark.parametrize(
        ("mailbox", "key"), [("support@acme.test", None), ("s" * 30 + "@acme.test", KEY)]
    )
    def test_bare_mailbox(self, mailbox: str, key: bytes | None) -> None:
        assert reply_address(mailbox, key, INTERACTION, WANG) == mailbox


class TestThreadKeys:
    @pytest.mark.parametrize(
        "members",
        [
            {"to": [{"address": TO_US}]},
            {"cc": [{"address": "other@x.test"}, {"address": TO_US.upper()}]},
            {"delivered_to": [TO_US]},
        ],
    )
    def test_token_in_a_header(self, members: dict[str, object]) -> None:
        assert thread_keys(mail_from(WANG, **members), KEY) == ThreadKeys(INTERACTION, ())

    def test_token_in_the_envelope(self) -> None:
        assert thread_keys(mail_from(WANG), KEY, [TO_US]).interaction_id == INTERACTION

    def test_forwarded_to_a_colleague_who_answers(self) -> None:
        assert thread_keys(mail_from("han@example.test"), KEY, [TO_US]).interaction_id is None

    @pytest.mark.parametrize("sender", [None, WANG])
    def test_without_sender_or_key(self, sender: str | None) -> None:
        key = KEY if sender is None else None
        assert thread_keys(mail_from(sender), key, [TO_US]).interaction_id is None

    def test_nearest_reference_first(self) -> None:
        mail = mail_from(WANG, in_reply_to=["c"], references=["a", "b", "c"])
        assert thread_keys(mail).message_ids == ("c", "b", "a")


class TestThreadOf:
    def test_what_a_reply_needs(self) -> None:
        mail = mail_from(
            WANG, message_id="m", subject="订单", references=[str(number) for number in range(50)]
        )
        assert thread_of(mail) == {
            "message_id": "m",
            "references": [str(number) for number in range(40, 50)],
            "subject": "订单",
        }
