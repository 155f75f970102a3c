"""Mailboxes as companies use them: two in one mail, and colleagues who answer from their own program."""

from datetime import UTC, datetime, timedelta

import pytest

from app.clock import new_id
from app.events import Envelope, MailReceived
from channels.email import EmailAdapter, EmailConfig
from tests.intake.house import MAILBOX, House
from tests.intake.test_mails import ADAPTER, mail

WHERE_FROM = "SELECT e.key FROM interaction i JOIN endpoint e ON e.id = i.endpoint_id"


async def two_mailboxes(house: House) -> None:
    await house.execute("UPDATE endpoint SET address = 'support@acme.test' WHERE key = 'support-mail'")
    await house.execute(
        "INSERT INTO endpoint (id, tenant_id, key, adapter, channel, queue, address, config, version, "
        "controls_calls) "
        "SELECT :id, tenant_id, 'sales-mail', 'email', 'email', 'sales', 'sales@acme.test', '', 1, false "
        "FROM endpoint WHERE key = 'support-mail'",
        id=new_id(),
    )


async def in_sent(house: House, raw: bytes) -> Envelope:
    """A mail that lay in our mailbox's Sent folder."""
    event = MailReceived(sha256=await house.blobs.put(house.tenant_id, raw), size=len(raw), sent=True)
    return house.envelope("support-mail", event)


def ours(text: str = "We have sent it.", *, to: str = "wang@example.test", **headers: str) -> bytes:
    return mail("Re: Invoice", text, sender="support@acme.test", To=to, **headers)


class TestAMailToTwoOfOurMailboxes:
    async def test_is_one_touch_that_names_both(self, house: House) -> None:
        await two_mailboxes(house)
        raw = mail(To="Sales <Sales@acme.test>", Cc="support+1@acme.test")
        await house.feed(await house.mail(raw), await house.mail(raw))
        (touch,) = await house.rows("SELECT * FROM touch")
        assert touch["payload"]["mailboxes"] == ["sales@acme.test", "support@acme.test"]

    async def test_is_the_first_ones_work_whichever_copy_comes_first(self, house: House) -> None:
        await two_mailboxes(house)
        await house.feed(await house.mail(mail(To="sales@acme.test", Cc="support@acme.test")))
        assert await house.value(WHERE_FROM) == "sales-mail"
        assert await house.value("SELECT queue FROM interaction") == "sales"

    async def test_as_a_blind_copy_is_the_work_of_the_one_that_got_it(self, house: House) -> None:
        await two_mailboxes(house)
        await house.feed(await house.mail(mail(To="somebody@example.test")))
        assert await house.value(WHERE_FROM) == "support-mail"


class TestAMailThatAColleagueSentElsewhere:
    async def test_closes_the_work_that_waits_for_an_answer(self, house: House) -> None:
        await house.feed(await house.mail(mail(Message_ID="<1@example.test>")))
        await house.feed(
            await in_sent(house, ours(In_Reply_To="<1@example.test>", Message_ID="<2@acme.test>"))
        )
        assert await house.value("SELECT state FROM interaction") == "closed"
        (touch,) = await house.rows("SELECT * FROM touch WHERE direction = 'outbound'")
        assert (touch["subject"], touch["text"].strip()) == ("Re: Invoice", "We have sent it.")
        assert touch["interaction_id"] == await house.value("SELECT id FROM interaction")
        assert touch["author"] == {"type": "agent", "id": None, "name": "Wang"}
        files = await house.rows("SELECT name FROM attachment WHERE touch_id = :id", id=touch["id"])
        assert files == [{"name": "original.eml"}]

    async def test_again_is_one_touch(self, house: House) -> None:
        await house.feed(await house.mail(mail(Message_ID="<1@example.test>")))
        answer = ours(In_Reply_To="<1@example.test>", Message_ID="<2@acme.test>")
        await house.feed(await in_sent(house, answer), await in_sent(house, answer))
        await house.feed(await in_sent(house, answer))
        assert await house.value("SELECT count(*) FROM touch WHERE direction = 'outbound'") == 1

    async def test_by_a_machine_answers_nothing(self, house: House) -> None:
        await house.feed(await house.mail(mail(Message_ID="<1@example.test>")))
        away = ours("I am away.", In_Reply_To="<1@example.test>", Auto_Submitted="auto-replied")
        await house.feed(await in_sent(house, away))
        assert await house.value("SELECT state FROM interaction") == "queued"
        assert await house.value("SELECT count(*) FROM touch") == 2

    async def test_to_somebody_else_closes_nothing(self, house: House) -> None:
        await house.feed(await house.mail(mail(Message_ID="<1@example.test>")))
        forwarded = ours(to="warehouse@example.test", In_Reply_To="<1@example.test>")
        await house.feed(await in_sent(house, forwarded))
        assert await house.value("SELECT state FROM interaction") == "queued"

    async def test_that_we_sent_ourselves_is_not_a_second_touch(self, house: House) -> None:
        await house.execute("UPDATE endpoint SET queue = 'empty' WHERE key = 'support-mail'")
        await house.feed(await house.mail(mail(Message_ID="<1@example.test>")))
        sent = await house.value("SELECT id FROM touch WHERE direction = 'outbound'")
        copy = ours("Nobody is here.", Message_ID=f"<{ADAPTER.message_id(str(sent))}>")
        await house.feed(await in_sent(house, copy))
        assert await house.value("SELECT count(*) FROM touch WHERE direction = 'outbound'") == 1
        assert await house.value("SELECT state FROM interaction") == "queued"


class TestWhoAMailIsFrom:
    async def test_stands_on_the_touch_as_the_server_wrote_that_is_believed(self, house: House) -> None:
        config = MAILBOX.model_copy(update={"authentication_server": "mx.acme.test"})
        house.adapters[house.endpoints["support-mail"].id].adapter = EmailAdapter(config)
        results = {"Authentication_Results": "mx.acme.test; spf=pass; dkim=fail; dmarc=fail"}
        await house.feed(await house.mail(mail(**results)))
        (touch,) = await house.rows("SELECT payload FROM touch")
        assert touch["payload"]["authentication"] == {
            "by": "mx.acme.test",
            "spf": "pass",
            "dkim": "fail",
            "dmarc": "fail",
        }

    async def test_is_not_believed_of_anybody_else(self, house: House) -> None:
        await house.feed(await house.mail(mail(Authentication_Results="mx.acme.test; dmarc=pass")))
        (touch,) = await house.rows("SELECT payload FROM touch")
        assert "authentication" not in touch["payload"]


async def says(house: House, **words: str) -> None:
    config = MAILBOX.model_copy(update=words)
    house.adapters[house.endpoints["support-mail"].id].adapter = EmailAdapter(config)


class TestAnAcknowledgement:
    async def test_tells_the_reference_once(self, house: House) -> None:
        await says(house, acknowledge="We have got “{subject}”. Your reference is {reference}.")
        await house.feed(await house.mail(mail()))
        await house.feed(await house.mail(mail(text="And another thing.")))
        (touch,) = await house.rows("SELECT * FROM touch WHERE direction = 'outbound'")
        number = (await house.value("SELECT min(id::text) FROM interaction")).replace("-", "")
        assert touch["text"] == f"We have got “Invoice”. Your reference is {int(number, 16) % 10**9:09d}."
        (delivery,) = await house.rows("SELECT * FROM delivery")
        assert delivery["payload"]["automatic"] is True

    async def test_tells_when_the_queue_opens_next(self, house: House) -> None:
        tomorrow = datetime.now(UTC).date() + timedelta(days=1)
        calendar = {"key": "later", "weekly": {}, "dates": {tomorrow.isoformat(): ["09:00-17:00"]}}
        await house.publish({"key": "later", "hours": "later"}, calendars=[calendar])
        await house.execute("UPDATE endpoint SET queue = 'later' WHERE key = 'support-mail'")
        await says(house, acknowledge="Soon.", acknowledge_closed="We are back at {opens}.")
        await house.feed(await house.mail(mail()))
        (touch,) = await house.rows("SELECT * FROM touch WHERE direction = 'outbound'")
        assert touch["text"] == f"We are back at {tomorrow.isoformat()} 09:00."

    async def test_goes_to_no_machine(self, house: House) -> None:
        await says(house, acknowledge="Soon.")
        await house.feed(await house.mail(mail(Precedence="bulk")))
        assert not await house.rows("SELECT * FROM touch WHERE direction = 'outbound'")

    def test_with_a_word_that_nobody_fills_in_is_refused(self) -> None:
        with pytest.raises(ValueError, match=r"\{ticket\} is not known"):
            EmailConfig.model_validate({**MAILBOX.model_dump(), "acknowledge": "Your {ticket}"})


class TestAMailThatAMailboxWrote:
    @pytest.mark.parametrize("sent_first", [True, False])
    async def test_with_a_copy_to_itself_is_an_answer_all_the_same(
        self, house: House, sent_first: bool
    ) -> None:
        await two_mailboxes(house)
        await house.feed(await house.mail(mail(Message_ID="<1@example.test>")))
        answer = ours(Cc="support@acme.test", In_Reply_To="<1@example.test>", Message_ID="<2@acme.test>")
        copies = [await in_sent(house, answer), await house.mail(answer, sender="support@acme.test")]
        await house.feed_one_by_one(copies if sent_first else copies[::-1])
        assert [row["state"] for row in await house.rows("SELECT state FROM interaction")] == ["closed"]
        assert await house.value("SELECT count(*) FROM touch WHERE direction = 'outbound'") == 1

    async def test_to_another_of_ours_is_that_ones_work_wherever_it_is_read_first(self, house: House) -> None:
        await two_mailboxes(house)
        asked = ours("Do you know this one?", to="sales@acme.test")
        await house.feed(await in_sent(house, asked))
        await house.feed(await house.mail(asked, sender="support@acme.test"))
        assert await house.value(WHERE_FROM) == "sales-mail"

    async def test_as_a_form_does_is_work(self, house: House) -> None:
        await two_mailboxes(house)
        form = ours("Please call me.", to="support@acme.test")
        await house.feed(await house.mail(form, sender="support@acme.test"))
        assert await house.value("SELECT state FROM interaction") == "queued"
