"""What is read from mails as programs write them, and as nobody should."""

from datetime import UTC, datetime

import pytest

from channels.email.files import clean_name
from channels.email.limits import MailLimits
from channels.email.parsed import Bounce, Mailbox, MailRefused
from tests.channels.email.mails import captured, mail, parse

LONG_ID = "x" * 200 + "@example.test"
DATES = {
    "Fri, 2 Jan 2026 15:04:05 +0800": datetime(2026, 1, 2, 7, 4, 5, tzinfo=UTC),
    "2 Jan 2026 15:04 GMT": datetime(2026, 1, 2, 15, 4, tzinfo=UTC),
    "yesterday": None,
    "Fri, 99 Jan 2026 15:04:05 +0800": None,
    "Fri, 2 Jan 2026 15:04:05 +99999999999": None,
    "": None,
}
SENDERS = {
    "Li Lei <li@Acme.test>": Mailbox(name="Li Lei", address="li@acme.test"),
    '"Lei, Li" <li@acme.test>': Mailbox(name="Lei, Li", address="li@acme.test"),
    "li@acme.test (Li Lei)": Mailbox(name="Li Lei", address="li@acme.test"),
    "li@acme.test": Mailbox(address="li@acme.test"),
    "<li@acme.test>": Mailbox(address="li@acme.test"),
    "=?utf-8?B?5p2O6Zu3?= <li@acme.test>": Mailbox(name="李雷", address="li@acme.test"),
    '"=?utf-8?B?5p2O6Zu3?=" <li@acme.test>': Mailbox(name="李雷", address="li@acme.test"),
    '"a\\"b" <li@acme.test>': Mailbox(name='a"b', address="li@acme.test"),
    "Staff: li@acme.test, han@acme.test;": Mailbox(address="li@acme.test"),
    "li@acme.test <other@acme.test>": Mailbox(name="li@acme.test", address="other@acme.test"),
    "evil\r\n X: <li@acme.test>": Mailbox(name="evil X:", address="li@acme.test"),
    "Nobody": None,
    '"unclosed <li@acme.test>': None,
    "": None,
}
SUBJECTS = {
    "=?utf-8?B?5L2g?= =?utf-8?B?5aW9?=": "你好",
    "=?utf-8?B?5L2g5a==?= =?utf-8?B?pb0=?=": "你好",
    "=?gb2312?Q?=C4=E3=BA=C3?= bye": "你好 bye",
    "Re: =?UTF-8*EN?Q?a_b?=": "Re: a b",
    "=?utf-8?q?a=00b=0D=0ABcc:_x?=": "ab Bcc: x",
    "=?nonsense?Q?abc?=": "abc",
    "=?utf-8?X?abc?=": "=?utf-8?X?abc?=",
    "=?utf-8?Q?unclosed": "=?utf-8?Q?unclosed",
    "folded\r\n  subject": "folded subject",
    "card 4111111111111111": "card ************1111",
}
NAMES = {
    "../../etc/passwd": "passwd",
    "C:\\temp\\发票.pdf": "发票.pdf",
    "a\r\nb\x00.txt": "a b.txt",
    "evil\u202efdp.exe": "evil_fdp.exe",
    "...": "",
    "x" * 300 + ".pdf": "x" * 138 + ".pdf",
    'a<b>"c".txt': "a_b_c_.txt",
}


class TestPrograms:
    def test_qq(self) -> None:
        mail = parse(captured("qq_reply.eml"))
        assert mail.sender == Mailbox(name="王芳", address="10001@qq.example")
        assert mail.to == (Mailbox(name="客服", address="support@acme.test"),)
        assert mail.subject == "回复：您的订单"
        assert mail.date == datetime(2026, 1, 2, 7, 4, 5, tzinfo=UTC)
        assert mail.message_id == "tencent_1@qq.example"
        assert mail.references == ("first@acme.test", "tp.abc@acme.test")
        assert mail.in_reply_to == ("tp.abc@acme.test",)
        assert mail.reply == "好的，谢谢！"
        assert mail.text.startswith("好的，谢谢！\n")
        assert mail.html == "<div>好的，谢谢！</div><div></div>"

    def test_eight_bit_without_a_word_about_it(self) -> None:
        mail = parse(captured("raw_gbk.eml"))
        assert mail.sender == Mailbox(name="王芳", address="wang@example.test")
        assert (mail.subject, mail.text) == ("订单问题", "您好，订单没收到。")

    def test_images_and_an_attachment(self) -> None:
        mail = parse(captured("related_images.eml"))
        picture, invoice = mail.attachments
        assert mail.text == "see below"
        assert mail.html is not None
        assert 'src="cid:pic@1"' in mail.html
        assert "onclick" not in mail.html
        assert (picture.name, picture.content_id, picture.inline) == ("pic.png", "pic@1", True)
        assert picture.content == b"\x89PNG\r\n\x1a\n"
        assert (invoice.name, invoice.content_type, invoice.content) == (
            "发票 2026.pdf",
            "application/pdf",
            b"%PDF-",
        )

    def test_forwarded_alone(self) -> None:
        mail = parse(captured("forwarded_only.eml"))
        assert mail.text == "café"
        assert mail.attachments[0].name == "attachment.eml"
        assert b"Subject: inner" in mail.attachments[0].content

    def test_html_alone(self) -> None:
        raw = mail("Content-Type: text/html; charset=utf-8", body="<p>你好<br>bye</p><style>x</style>")
        assert parse(raw).text == "你好\nbye"

    def test_out_of_office(self) -> None:
        found = parse(captured("out_of_office.eml"))
        assert (found.subject, found.auto_submitted) == ("Automatic reply: 回复", "auto-replied")
        assert found.why_automatic == "auto_submitted"


class TestBounces:
    def test_failed(self) -> None:
        found = parse(captured("bounce.eml"))
        assert found.bounce == Bounce(
            original_message_id="tp.abc@acme.test",
            recipient="wang@example.test",
            state="failed",
            status="5.1.1",
        )
        assert found.is_automatic

    def test_delayed(self) -> None:
        found = parse(captured("bounce_delayed.eml"))
        assert found.bounce is not None
        assert (found.bounce.state, found.bounce.original_message_id) == ("delayed", "tp.def@acme.test")

    def test_by_its_sender_alone(self) -> None:
        found = parse(mail("From: MAILER-DAEMON@example.test", "X-Failed-Recipients: wang@example.test"))
        assert found.bounce == Bounce(recipient="wang@example.test")

    def test_a_person(self) -> None:
        assert parse(mail("From: li@example.test")).bounce is None


class TestHeaders:
    @pytest.mark.parametrize(("value", "expected"), DATES.items())
    def test_date(self, value: str, expected: datetime | None) -> None:
        assert parse(mail(f"Date: {value}")).date == expected

    @pytest.mark.parametrize(("value", "expected"), SENDERS.items())
    def test_sender(self, value: str, expected: Mailbox | None) -> None:
        assert parse(mail(f"From: {value}")).sender == expected

    @pytest.mark.parametrize(("value", "expected"), SUBJECTS.items())
    def test_subject(self, value: str, expected: str) -> None:
        assert parse(mail(f"Subject: {value}")).subject == expected

    def test_address_in_utf8(self) -> None:
        assert parse(mail("From: 李雷 <李雷@例子.test>")).sender == Mailbox(
            name="李雷", address="李雷@例子.test"
        )

    def test_address_in_bytes_that_are_no_text(self) -> None:
        head = b"From: =?utf-8?q?x?= <w\xffng@example.test>\r\nTo: \xff@b.test, a@b.test\r\n"
        found = parse(head + b"Message-ID: <\xff@x>\r\n\r\nhi")
        assert (found.sender, found.to) == (None, (Mailbox(address="a@b.test"),))
        assert found.model_dump_json()

    def test_message_ids(self) -> None:
        found = parse(mail("Message-ID: bare@x", f"References: <a@b>\r\n\t<{LONG_ID}> rubbish <c d> <e@f>"))
        assert found.message_id == "bare@x"
        assert found.references == ("a@b", LONG_ID, "e@f")

    def test_without_any(self) -> None:
        found = parse(b"just text")
        assert (found.sender, found.message_id, found.subject, found.date) == (None, None, "", None)

    def test_empty(self) -> None:
        assert parse(b"").text == ""

    def test_delivered_to(self) -> None:
        found = parse(mail("Delivered-To: support+r.x@acme.test", "X-Original-To: <a@b.test>"))
        assert found.delivered_to == ("support+r.x@acme.test", "a@b.test")


class TestBody:
    @pytest.mark.parametrize(
        ("charset", "codec"),
        [
            ("gb2312", "gb18030"),
            ("GBK", "gb18030"),
            ("big5", "big5hkscs"),
            ("shift_jis", "cp932"),
            ("iso-2022-jp", "iso-2022-jp"),
            ("utf-7", "utf-7"),
            ("x-unknown", "utf-8"),
            ("us-ascii", "utf-8"),
            ("punycode", "utf-8"),
            ("rot13", "utf-8"),
        ],
    )
    def test_charset(self, charset: str, codec: str) -> None:
        raw = f"Content-Type: text/plain; charset={charset}\r\n\r\n".encode() + "中文".encode(codec)
        assert parse(raw).text == "中文"

    def test_broken_bytes_are_replaced(self) -> None:
        raw = b"Content-Type: text/plain; charset=utf-8\r\n\r\nok \xff\xfe bye"
        assert parse(raw).text.startswith("ok ")

    def test_a_multipart_that_is_none(self) -> None:
        raw = mail('Content-Type: multipart/mixed; boundary="never"', body="the text")
        assert parse(raw).text == "the text"

    def test_a_broken_structure(self) -> None:
        raw = mail('Content-Type: multipart/mixed; boundary="a"', body="--a\r\n--a--\r\nthe text")
        assert "the text" in parse(raw).text

    def test_card_numbers(self) -> None:
        page = '<a href="https://x.test/4111111111111111">4111 1111 1111 1111</a>'
        found = parse(mail("Content-Type: text/html", body=page))
        assert found.text == "**** **** **** 1111"
        assert found.html is not None
        assert "https://x.test/************1111" in found.html
        assert "**** 1111" in found.html

    def test_long_text_is_cut(self) -> None:
        found = parse(mail(body="x" * 300_000))
        assert (len(found.text), found.truncated) == (200_000, True)

    @pytest.mark.parametrize(("name", "cleaned"), NAMES.items())
    def test_file_name(self, name: str, cleaned: str) -> None:
        assert clean_name(name) == cleaned


class TestDeliveryKey:
    RAW = mail("Message-ID: <a@b>", "From: li@example.test", "Date: Fri, 2 Jan 2026 15:04:05 +0800")

    def test_by_another_way(self) -> None:
        again = b"Received: from x by y\r\nDelivered-To: a@b.test\r\n" + self.RAW.replace(b"\r\n", b"\n")
        assert parse(again).delivery_key == parse(self.RAW).delivery_key

    @pytest.mark.parametrize(
        "change", [(b"a@b", b"c@d"), (b"li@", b"han@"), (b"15:04", b"15:05"), (b"hi", b"ho")]
    )
    def test_another_mail(self, change: tuple[bytes, bytes]) -> None:
        assert parse(self.RAW.replace(*change)).delivery_key != parse(self.RAW).delivery_key


class TestRefused:
    def test_too_many_parts(self) -> None:
        body = "--x\r\n\r\na\r\n" * 1001
        with pytest.raises(MailRefused, match="parts"):
            parse(mail("Content-Type: multipart/mixed; boundary=x", body=body))

    @pytest.mark.parametrize("depth", [32, 300, 2000])
    def test_too_deep(self, depth: int) -> None:
        levels = "".join(
            f"Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n"
            for level in range(depth)
        )
        with pytest.raises(MailRefused, match="deep"):
            parse(f"{levels}\r\nhi".encode())

    def test_mails_in_mails(self) -> None:
        with pytest.raises(MailRefused, match="deep"):
            parse(b"Content-Type: message/rfc822\r\n\r\n" * 900 + b"\r\nhi")

    def test_too_many_headers(self) -> None:
        with pytest.raises(MailRefused, match="headers"):
            parse(b"X: y\r\n" * 2001 + b"\r\nhi")

    def test_limits_can_be_set(self) -> None:
        with pytest.raises(MailRefused, match="more than 1 headers"):
            parse(mail("A: b", "C: d"), MailLimits(headers=1))
