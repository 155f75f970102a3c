"""What is never answered, and how much is too much."""

from datetime import UTC, datetime, timedelta

import pytest

from channels.email.loops import CEILINGS, ceiling_passed, why_not_answer
from tests.channels.email.mails import captured, mail, parse

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
PERSON = "From: li@example.test"
MACHINES = {
    "Auto-Submitted: auto-generated": "auto_submitted",
    "Auto-Submitted: Auto-Replied; x=y": "auto_submitted",
    "X-Autoreply: yes": "auto_submitted",
    "Precedence: bulk": "precedence",
    "Precedence: JUNK": "precedence",
    "precedence:  list": "precedence",
    "List-Id: <news.example.test>": "list",
    "Return-Path: <>": "return_path",
    "X-Touchpoint-Loop: support@acme.test": "loop",
    "X-Failed-Recipients: a@b.test": "bounce",
}
SENDERS = {
    "no-reply@x.test": "sender",
    "noreply+123@x.test": "sender",
    "NoReply@x.test": "sender",
    "do-not-reply@x.test": "sender",
    "postmaster@x.test": "bounce",
    "Mailer-Daemon@x.test": "bounce",
}


def minutes_ago(*minutes: float) -> list[datetime]:
    return [NOW - timedelta(minutes=each) for each in minutes]


class TestWhyNotAnswer:
    @pytest.mark.parametrize(("header", "reason"), MACHINES.items())
    def test_header(self, header: str, reason: str) -> None:
        assert why_not_answer(parse(mail(PERSON, header)), "li@example.test") == reason

    @pytest.mark.parametrize(("sender", "reason"), SENDERS.items())
    def test_sender(self, sender: str, reason: str) -> None:
        assert why_not_answer(parse(mail(f"From: {sender}")), sender) == reason

    def test_null_return_path(self) -> None:
        assert why_not_answer(parse(mail(PERSON)), "") == "return_path"

    def test_nobody(self) -> None:
        assert why_not_answer(parse(mail("Subject: x")), "li@example.test") == "no_sender"

    @pytest.mark.parametrize(
        "header", ["Auto-Submitted: no", "Precedence: normal", "Return-Path: <li@example.test>"]
    )
    def test_person(self, header: str) -> None:
        assert why_not_answer(parse(mail(PERSON, header)), "li@example.test") is None

    def test_out_of_office(self) -> None:
        assert why_not_answer(parse(captured("out_of_office.eml")), None) == "auto_submitted"


class TestCeilingPassed:
    @pytest.mark.parametrize(("most", "minutes"), CEILINGS)
    def test_each(self, most: int, minutes: int) -> None:
        spread = minutes_ago(*(minutes * number / (most + 1) for number in range(most)))
        assert ceiling_passed(spread, NOW) is None
        assert ceiling_passed([*spread, NOW], NOW) == (most, minutes)

    def test_long_ago(self) -> None:
        assert ceiling_passed(minutes_ago(*[600] * 500), NOW) is None

    def test_none(self) -> None:
        assert ceiling_passed([], NOW) is None
