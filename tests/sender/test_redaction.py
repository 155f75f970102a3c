"""What of an exchange may be kept."""

import pytest

from channels import redaction
from channels.base import MailEnvelope, WireRequest, WireResponse

CARD = "4111 1111 1111 1111"

URLS = {
    "https://api.test/send?to=1&access_token=abc": "https://api.test/send?to=1&access_token=…",
    "https://user:pass@api.test/x": "https://api.test/x",
    f"https://api.test/x?q={'a' * 80}": "https://api.test/x?q=…",
    "https://api.test/x?sig=abc&status=sent": "https://api.test/x?sig=…&status=sent",
    "http://[broken/x": "…",
}

BODIES = {
    '{"client_secret":"s\\"x","to":"1"}': '{"client_secret":"…","to":"1"}',
    '{"expires_in":7200,"access_token":"abc"}': '{"expires_in":7200,"access_token":"…"}',
    '{"PassWord" : "abc': '{"PassWord" : "…"',
    "<xml><Token><![CDATA[abc]]></Token><To>1</To></xml>": "<xml><Token>…</Token><To>1</To></xml>",
    f'{{"text":"pay {CARD}"}}': '{"text":"pay **** **** **** 1111"}',
    '{"code":21610,"message":"unsubscribed"}': '{"code":21610,"message":"unsubscribed"}',
}


def request(body: bytes, content_type: str = "application/json") -> WireRequest:
    return WireRequest("POST", "https://api.test/", {"content-type": content_type}, body)


class TestRedaction:
    @pytest.mark.parametrize(("url", "kept"), URLS.items())
    def test_of_addresses(self, url: str, kept: str) -> None:
        assert redaction.url_without_secrets(url) == kept

    @pytest.mark.parametrize(("body", "kept"), BODIES.items())
    def test_of_bodies(self, body: str, kept: str) -> None:
        assert redaction.request_beginning(request(body.encode())) == kept
        assert redaction.response_beginning(WireResponse(200, {}, body.encode())) == kept

    def test_of_forms(self) -> None:
        body = b"Body=pay+4111+1111+1111+1111&AuthToken=abc&To=%2B8613800138000"
        kept = redaction.request_beginning(request(body, "application/x-www-form-urlencoded"))
        assert kept == "Body=pay **** **** **** 1111\nAuthToken=…\nTo=+8613800138000"

    def test_of_a_token_wherever_it_stands(self) -> None:
        assert redaction.request_beginning(request(b'{"x":"t-0815"}'), "t-0815") == '{"x":"…"}'

    def test_of_what_is_no_text(self) -> None:
        assert redaction.request_beginning(request(b"\x89PNG\x00\xff" * 10)) == "(60 bytes)"

    def test_of_what_is_long(self) -> None:
        assert len(redaction.request_beginning(request(b"x " * 9000))) == redaction.KEPT_CHARACTERS

    def test_of_a_mail_keeps_the_header(self) -> None:
        mail = MailEnvelope(
            "mx.test", 25, "a@x.test", ["b@x.test"], b"Subject: hi\r\n\r\nthe text", password="p"
        )
        assert redaction.request_beginning(mail) == "Subject: hi"
