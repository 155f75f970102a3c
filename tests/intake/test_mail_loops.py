"""Machines that write to machines: two autoresponders wired to each other, and a storm of bounces."""

import pytest

from models.mail_reference import hashed
from tests.intake.house import House
from tests.intake.test_mails import ADAPTER, BOUNCE, mail

ROUNDS = 1_000
STORM = 10_000
AT_ONCE = 500
ANSWERS = "SELECT count(*) FROM touch WHERE direction = 'outbound'"
MACHINE = "machine@example.test"


async def _answering(house: House) -> None:
    """Our mailbox answers each new conversation by itself, because nobody is there."""
    await house.execute("UPDATE endpoint SET queue = 'empty' WHERE key = 'support-mail'")


async def _our_mails(house: House) -> list[str]:
    """Message-IDs of what we sent."""
    touches = await house.rows("SELECT id FROM touch WHERE direction = 'outbound' ORDER BY at")
    ids = [ADAPTER.message_id(str(touch["id"])) for touch in touches]
    known = await house.rows("SELECT message_id FROM mail_reference")
    assert {hashed(message_id) for message_id in ids} == {row["message_id"] for row in known}
    return ids


@pytest.mark.timeout(600)
class TestTwoAutoresponders:
    @pytest.mark.parametrize("owns_up", [True, False], ids=["that says so", "that does not say so"])
    async def test_a_thousand_rounds_give_one_answer_at_most(self, house: House, owns_up: bool) -> None:
        """The other side answers all that we send, and writes again even when we are silent."""
        await _answering(house)
        header = {"Auto_Submitted": "auto-replied"} if owns_up else {}
        await house.feed(await house.mail(mail(sender=MACHINE), sender=MACHINE))
        assert await house.value(ANSWERS) == 1
        for start in range(0, ROUNDS, 50):
            references = {"References": f"<{(await _our_mails(house))[-1]}>"} if start % 100 == 0 else {}
            rounds = [
                await house.mail(
                    mail("Re: Invoice", f"I am away ({number}).", sender=MACHINE, **references, **header),
                    sender=MACHINE,
                )
                for number in range(start, start + 50)
            ]
            await house.feed(*rounds)
        assert await house.value(ANSWERS) == 1
        assert await house.value("SELECT count(*) FROM touch WHERE direction = 'inbound'") == ROUNDS + 1
        assert await house.value("SELECT count(*) FROM interaction") <= 10

    async def test_our_own_automatic_mail_that_comes_back_is_not_answered(self, house: House) -> None:
        await _answering(house)
        loop = {"X_Touchpoint_Loop": "other@acme.test"}
        await house.feed(await house.mail(mail(sender=MACHINE, **loop), sender=MACHINE))
        assert await house.value(ANSWERS) == 0
        assert await house.value("SELECT count(*) FROM interaction") == 0


class TestAPerson:
    @pytest.mark.parametrize(("days", "answers"), [(6, 1), (8, 2)])
    async def test_is_answered_once_in_seven_days(self, house: House, days: int, answers: int) -> None:
        await _answering(house)
        await house.feed(await house.mail(mail("Invoice")))
        await house.execute("UPDATE touch SET at = at - make_interval(days => :days)", days=days)
        await house.feed(await house.mail(mail("Another thing", "And one more.")))
        assert await house.value(ANSWERS) == answers
        assert await house.value("SELECT count(*) FROM touch WHERE direction = 'inbound'") == 2


@pytest.mark.timeout(600)
class TestABounceStorm:
    async def test_opens_nothing(self, house: House) -> None:
        await _answering(house)
        for start in range(0, STORM, AT_ONCE):
            await house.feed(
                *[
                    await house.mail(_bounce(number), sender="" if number % 3 else "postmaster@mx.test")
                    for number in range(start, start + AT_ONCE)
                ]
            )
        assert await house.value("SELECT count(*) FROM touch") == STORM
        assert await house.value("SELECT count(*) FROM interaction") <= 1
        assert await house.value(ANSWERS) == 0


def _bounce(number: int) -> bytes:
    """A report as RFC 3464 has it, or words of a mail server."""
    if number % 2:
        return BOUNCE.replace("{message_id}", f"{number}@elsewhere.test").encode()
    return mail("Undeliverable", f"It did not arrive ({number}).", sender="postmaster@mx.test")
