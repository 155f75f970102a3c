"""XML from outside: fields, or MalformedPayload; nothing expands and nothing is fetched."""

import tracemalloc

import pytest

from app.errors import MalformedPayload
from channels.weixin.xml import DEPTH_MAX, parse_xml, required, text_of

LAUGHS = b"""<?xml version="1.0"?>
<!DOCTYPE lolz [ <!ENTITY lol "lol">
%s
]><xml><MsgType>&lol9;</MsgType></xml>""" % b"\n".join(
    b'<!ENTITY lol%d "%s">' % (n, b"&lol%d;" % (n - 1) * 10 if n > 1 else b"&lol;" * 10) for n in range(1, 10)
)
HOSTILE = {
    "a billion laughs": LAUGHS,
    "one long entity": b'<!DOCTYPE x [<!ENTITY a "'
    + b"a" * 50_000
    + b'">]><xml>'
    + b"&a;" * 1000
    + b"</xml>",
    "a file": b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><xml><a>&f;</a></xml>',
    "an address": b'<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd"><xml><a>1</a></xml>',
    "parameter entities": b'<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:1"> %p;]><xml><a>1</a></xml>',
    "an empty document type": b"<!DOCTYPE xml><xml><a>1</a></xml>",
    "an undeclared entity": b"<xml><a>&nbsp;</a></xml>",
    "too deep": b"<xml>" + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</xml>",
}
MALFORMED = {
    "nothing": b"",
    "blank": b" ",
    "text": b"success",
    "json": b'{"MsgType": "text"}',
    "cut": b"<xml><a>1</a>",
    "two documents": b"<xml><a>1</a></xml><xml/>",
    "another root": b"<html><a>1</a></html>",
    "no fields": b"<xml>text</xml>",
    "empty": b"<xml/>",
    "not utf-8": b"<xml><a>\xff\xfe</a></xml>",
    "gbk, and says so": '<?xml version="1.0" encoding="gbk"?><xml><a>您好</a></xml>'.encode("gbk"),
    "NUL": b"<xml><a>\x00</a></xml>",
    "a surrogate": b"<xml><a>&#xD800;</a></xml>",
}


class TestParse:
    def test_fields_are_texts(self) -> None:
        body = "<xml><A><![CDATA[您好 <b>]]></A><B>1</B><C/><D>a&amp;b</D></xml>".encode()
        assert parse_xml(body) == {"A": "您好 <b>", "B": "1", "C": "", "D": "a&b"}

    def test_fields_within_fields(self) -> None:
        body = b"<xml><Info><Count>2</Count><item><a>1</a></item><item><a>2</a></item></Info></xml>"
        assert parse_xml(body) == {"Info": {"Count": "2", "item": [{"a": "1"}, {"a": "2"}]}}

    def test_a_field_three_times_is_a_list(self) -> None:
        assert parse_xml(b"<xml><a>1</a><a>2</a><a>3</a></xml>") == {"a": ["1", "2", "3"]}

    def test_a_declaration_and_blanks_are_welcome(self) -> None:
        body = b"\n<xml>\n <a>1</a>\n</xml>\n"
        assert parse_xml(body.strip()) == {"a": "1"}
        assert parse_xml(b'<?xml version="1.0" encoding="UTF-8"?>' + body) == {"a": "1"}

    @pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
    def test_what_is_hostile_is_refused_and_costs_nothing(self, body: bytes) -> None:
        tracemalloc.start()
        with pytest.raises(MalformedPayload):
            parse_xml(body)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 5_000_000

    @pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
    def test_what_cannot_be_read_is_refused(self, body: bytes) -> None:
        with pytest.raises(MalformedPayload):
            parse_xml(body)

    def test_depth_has_an_end(self) -> None:
        fits = DEPTH_MAX - 1
        parse_xml(b"<xml>" + b"<a>" * fits + b"</a>" * fits + b"</xml>")
        with pytest.raises(MalformedPayload):
            parse_xml(b"<xml>" + b"<a>" * (fits + 1) + b"</a>" * (fits + 1) + b"</xml>")


class TestFields:
    def test_what_is_missing_is_named(self) -> None:
        with pytest.raises(MalformedPayload, match="/MsgId"):
            required({"MsgId": " "}, "MsgId")

    def test_fields_within_are_no_text(self) -> None:
        with pytest.raises(MalformedPayload, match="/Content"):
            text_of({"Content": {"a": "1"}}, "Content")
