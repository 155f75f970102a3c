"""Mails: threads, machines, reports about mails of ours, and what cannot be read."""

import base64
from itertools import permutations
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from channels.email import EmailAdapter
from models.mail_reference import hashed
from tests.intake.house import MAILBOX, House

ADAPTER = EmailAdapter(MAILBOX)
EVE = "eve@example.test"
KEPT = "SELECT (SELECT count(*) FROM touch) + (SELECT count(*) FROM dead_letter)"
IN_WORK = "SELECT count(*) FROM touch WHERE interaction_id IS NOT NULL"


def mail(
    subject: str = "Invoice", text: str = "Where is it?", *, sender: str = "wang@example.test", **headers: str
) -> bytes:
    named = {
        "From": f"Wang <{sender}>",
        "To": "support@acme.test",
        "Subject": subject,
        "Date": "Fri, 20 Nov 2026 12:00:00 +0000",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    lines = [f"{name}: {value}" for name, value in named.items()]
    return ("\r\n".join([*lines, "Content-Type: text/plain; charset=utf-8", "", text]) + "\r\n").encode()


BOUNCE = """From: MAILER-DAEMON@example.test
To: support@acme.test
Subject: Undelivered
Date: Fri, 20 Nov 2026 12:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

It did not arrive.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; example.test

Final-Recipient: rfc822; wang@example.test
Action: failed
Status: 5.1.1

--b
Content-Type: text/rfc822-headers

Message-ID: <{message_id}>
Subject: Re: Invoice

--b--
"""


class TestANewMail:
    async def test_opens_work_that_its_sender_stands_behind(self, house: House) -> None:
        await house.feed(await house.mail(mail(Message_ID="<1@example.test>")))
        (row,) = await house.rows("SELECT * FROM interaction")
        assert (row["channel"], row["state"], row["subject"]) == ("email", "queued", "Invoice")
        assert row["thread"]["message_id"] == "1@example.test"
        (touch,) = await house.rows("SELECT * FROM touch")
        assert touch["text"].strip() == "Where is it?"
        assert touch["author"] == {"type": "customer", "id": None, "name": "Wang"}
        assert await house.value("SELECT name FROM customer") == "Wang"

    async def test_is_kept_whole_beside_its_touch(self, house: House) -> None:
        raw = mail()
        await house.feed(await house.mail(raw))
        (file,) = await house.rows("SELECT * FROM attachment")
        assert (file["name"], file["content_type"]) == ("original.eml", "message/rfc822")
        assert house.blobs.kept[file["sha256"]] == raw
        assert await house.value("SELECT attachments FROM touch") == []

    async def test_again_to_another_mailbox_of_the_tenant_is_a_duplicate(self, house: House) -> None:
        raw = mail(Message_ID="<1@example.test>")
        await house.feed(await house.mail(raw))
        await house.feed(await house.mail(raw))
        assert await house.value("SELECT count(*) FROM touch") == 1

    async def test_with_a_card_number_is_masked(self, house: House) -> None:
        await house.feed(await house.mail(mail(text="My card is 4111 1111 1111 1111.")))
        assert "4111 1111" not in await house.value("SELECT text FROM touch")

    async def test_with_an_identity_number_is_masked_and_the_number_sealed(self, house: House) -> None:
        raw = mail("110101199003071233", "It is 110101 19900307 1233 or 11010119900307109X.")
        await house.feed(await house.mail(raw))
        (touch,) = await house.rows("SELECT * FROM touch")
        assert touch["subject"] == "110101********1233"
        assert "It is 110101 ******** 1233 or 110101********109X." in touch["text"]
        sealed = [base64.b64decode(one).decode() for one in touch["sealed_numbers"]]
        assert sealed == ["sealed:110101199003071233", "sealed:11010119900307109X"]

    async def test_without_a_sender_has_an_address_of_its_own(self, house: House) -> None:
        raw = b"Subject: hello\r\n\r\nWho am I?\r\n"
        await house.feed(await house.mail(raw, sender=""))
        assert await house.value("SELECT kind FROM address") == "anonymous"
        assert await house.value("SELECT count(*) FROM customer") == 0
        assert await house.value("SELECT state FROM interaction") == "queued"


class TestAnAnswerToOurMail:
    async def test_by_our_token_stands_in_the_conversation(self, house: House) -> None:
        await house.feed(await house.mail(mail()))
        (row,) = await house.rows("SELECT * FROM interaction")
        await house.hand_over()
        to = ADAPTER.reply_address(row["id"], "wang@example.test")
        await house.feed(await house.mail(mail("another subject", "Thanks", To=to)))
        (again,) = await house.rows("SELECT * FROM interaction")
        assert again["state"] == "active"
        assert await house.value("SELECT count(*) FROM touch") == 2

    async def test_by_a_token_made_for_somebody_else_opens_work(self, house: House) -> None:
        await house.feed(await house.mail(mail()))
        interaction_id = await house.value("SELECT id FROM interaction")
        to = ADAPTER.reply_address(interaction_id, "wang@example.test")
        await house.feed(await house.mail(mail(To=to, sender="eve@example.test"), sender="eve@example.test"))
        assert await house.value("SELECT count(*) FROM interaction") == 2

    async def test_by_references_only_from_whom_we_wrote_to(self, house: House) -> None:
        await house.feed(await house.mail(mail()))
        message_id = await _we_answered(house)
        reference = {"In_Reply_To": f"<{message_id}>", "References": f"<{message_id}>"}
        await house.feed(await house.mail(mail(text="Eve", sender=EVE, **reference), sender=EVE))
        assert await house.value("SELECT count(*) FROM interaction") == 2
        await house.feed(await house.mail(mail(text="It came", **reference)))
        assert await house.value("SELECT count(*) FROM interaction") == 2

    async def test_to_closed_work_follows_it_and_stays_one_conversation(self, house: House) -> None:
        await house.feed(await house.mail(mail()))
        message_id = await _we_answered(house)
        reference = {"References": f"<{message_id}>"}
        await house.execute("UPDATE interaction SET state = 'closed', ended_at = clock_timestamp()")
        await house.feed(await house.mail(mail(text="one", **reference)))
        await house.feed(await house.mail(mail(text="two", **reference)))
        (new,) = await house.rows("SELECT * FROM interaction WHERE state = 'queued'")
        assert new["follows_id"] is not None
        assert await house.value("SELECT count(*) FROM touch WHERE interaction_id = :id", id=new["id"]) == 2

    async def test_never_by_a_number_in_the_subject(self, house: House) -> None:
        await house.feed(await house.mail(mail("[#4711] Invoice")))
        await house.feed(await house.mail(mail("Re: [#4711] Invoice", "Where?")))
        assert await house.value("SELECT count(*) FROM interaction") == 2


class TestAutomaticMail:
    @pytest.mark.parametrize(
        "header",
        [{"Auto_Submitted": "auto-replied"}, {"Precedence": "bulk"}, {"List_Id": "<news.example.test>"}],
    )
    async def test_is_kept_but_opens_nothing(self, house: House, header: dict[str, str]) -> None:
        await house.feed(await house.mail(mail(**header)))
        assert await house.value("SELECT count(*) FROM interaction") == 0
        (touch,) = await house.rows("SELECT * FROM touch")
        assert touch["interaction_id"] is None
        assert await house.value("SELECT count(*) FROM customer") == 0

    async def test_does_not_wake_parked_work(self, house: House) -> None:
        await house.feed(await house.mail(mail()))
        interaction_id = await house.value("SELECT id FROM interaction")
        await house.hand_over(park=True)
        to = ADAPTER.reply_address(interaction_id, "wang@example.test")
        await house.feed(await house.mail(mail(text="I am away", To=to, Auto_Submitted="auto-replied")))
        assert await house.value("SELECT state FROM interaction") == "parked"
        assert await house.value(IN_WORK) == 2

    async def test_of_two_machines_ends_at_the_ceiling(self, house: House) -> None:
        for number in range(12):
            await house.feed(await house.mail(mail(text=f"number {number}")))
        assert await house.value("SELECT count(*) FROM touch") == 12
        assert await house.value("SELECT count(*) FROM interaction") == 10


class TestABounce:
    async def test_marks_the_mail_that_did_not_arrive(self, house: House) -> None:
        await house.feed(await house.mail(mail()))
        message_id = await _we_answered(house)
        await house.feed(await house.mail(BOUNCE.replace("{message_id}", message_id).encode()))
        (touch,) = await house.rows("SELECT * FROM touch WHERE direction = 'outbound'")
        assert touch["delivery_state"] == "failed"
        assert touch["delivery_hops"][0]["reason"] == "5.1.1"
        assert await house.value("SELECT count(*) FROM touch") == 2
        assert await house.value("SELECT count(*) FROM interaction") == 1

    @pytest.mark.parametrize("sender", ["PostMaster@qq.com", "postmaster@163.com"])
    async def test_in_free_words_marks_it_too(self, house: House, sender: str) -> None:
        await house.feed(await house.mail(mail()))
        message_id = await _we_answered(house)
        text = f"很抱歉，您的邮件未能送达。原因：550 5.1.1 收件人不存在。\r\nMessage-ID: <{message_id}>"
        await house.feed(await house.mail(mail("系统退信", text, sender=sender), sender=""))
        (touch,) = await house.rows("SELECT * FROM touch WHERE direction = 'outbound'")
        assert (touch["delivery_state"], touch["delivery_hops"][0]["reason"]) == ("failed", "5.1.1")
        assert await house.value("SELECT count(*) FROM touch") == 2

    async def test_of_a_mail_that_is_not_ours_is_kept(self, house: House) -> None:
        await house.feed(await house.mail(BOUNCE.replace("{message_id}", "x@example.test").encode()))
        assert await house.value("SELECT count(*) FROM touch") == 1
        assert await house.value("SELECT count(*) FROM interaction") == 0


class TestAnyOrder:
    async def test_of_an_answer_and_a_bounce_gives_the_same_rows(self, house: House) -> None:
        seen = []
        for number, order in enumerate(permutations(range(3))):
            sender = f"wang{number}@example.test"
            await house.feed(await house.mail(mail(sender=sender), sender=sender))
            message_id = await _we_answered(house, sender)
            reference = {"References": f"<{message_id}>"}
            events = [
                await house.mail(BOUNCE.replace("{message_id}", message_id).encode()),
                await house.mail(mail(text=f"one {number}", sender=sender, **reference), sender=sender),
                await house.mail(mail(text=f"away {number}", sender=sender, Precedence="bulk", **reference)),
            ]
            await house.feed_one_by_one([events[index] for index in order])
            seen.append(await _what_stands(house, sender))
        assert all(rows == seen[0] for rows in seen), seen


class TestAMailThatCannotBeRead:
    async def test_is_one_letter_with_its_raw_bytes_and_harms_no_other(self, house: House) -> None:
        head = b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        bomb = head + b"--b\r\n\r\n\r\n" * 20_000
        await house.feed(await house.mail(bomb), await house.mail(mail()))
        (letter,) = await house.rows("SELECT * FROM dead_letter")
        assert bytes(letter["raw"]) == b"sealed:" + bomb
        assert await house.value("SELECT count(*) FROM touch") == 1

    async def test_every_odd_one_is_one_touch_or_one_letter(self, house: House, shared_data: Path) -> None:
        kept: set[str] = set()
        for path in sorted((shared_data / "mail").rglob("*.eml")):
            envelope = await house.mail(path.read_bytes())
            (read,) = await house.intake.prepare([envelope])
            assert read is not None
            async with house.worker.transaction(house.tenant_id) as session:
                await house.intake.apply([envelope], [read], session)
            kept.add(read.delivery_key)
            assert await house.value(KEPT) == len(kept), path.name
        assert len(kept) > 90


async def _we_answered(house: House, to: str = "wang@example.test") -> str:
    """An agent's mail went out; its Message-ID."""
    (row,) = await house.rows(
        "SELECT i.* FROM interaction i JOIN address a ON a.id = i.address_id WHERE a.value = :to", to=to
    )
    touch: UUID = UUID(int=row["id"].int ^ 1)
    await house.execute(
        "INSERT INTO touch (tenant_id, id, interaction_id, address_id, endpoint_id, at, direction, kind, "
        "channel, text, payload, attachments, author, delivery_state, delivery_hops, version) "
        "VALUES (:tenant, :id, :interaction, :address, :endpoint, clock_timestamp(), 'outbound', 'message', "
        "'email', 'It is on its way.', '{}', '[]', '{}', 'sent', '[]', 1)",
        tenant=house.tenant_id,
        id=touch,
        interaction=row["id"],
        address=row["address_id"],
        endpoint=row["endpoint_id"],
    )
    message_id = ADAPTER.message_id(str(touch))
    await house.execute(
        "INSERT INTO mail_reference (tenant_id, message_id, interaction_id, address_id, touch_id) "
        "VALUES (:tenant, :message_id, :interaction, :address, :touch)",
        tenant=house.tenant_id,
        message_id=hashed(message_id),
        interaction=row["id"],
        address=row["address_id"],
        touch=touch,
    )
    return message_id


async def _what_stands(house: House, sender: str) -> list[dict[str, Any]]:
    rows = await house.rows(
        "SELECT i.state, i.preview, t.direction, t.text, t.delivery_state FROM interaction i "
        "JOIN address a ON a.id = i.address_id JOIN touch t ON t.interaction_id = i.id "
        "WHERE a.value = :sender ORDER BY t.text",
        sender=sender,
    )
    number = sender.removeprefix("wang").partition("@")[0]
    return [{name: str(value).replace(number, "N") for name, value in row.items()} for row in rows]


class TestAVeryLongMail:
    async def test_is_cut_in_its_event_and_whole_on_the_timeline(self, house: House) -> None:
        text = "长" * 150_000
        await house.feed(await house.mail(mail(text=text)))
        assert len((await house.value("SELECT text FROM touch")).strip()) == len(text)
        sizes = await house.rows("SELECT octet_length(data) AS size FROM event_log")
        assert max(row["size"] for row in sizes) < 256 * 1024
        (told,) = await house.rows("SELECT data FROM event_log WHERE type = 'touchpoint.touch.created.v1'")
        assert b'"cut":true' in told["data"]
