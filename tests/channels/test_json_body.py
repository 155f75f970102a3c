"""Whatever the bytes: a value, or MalformedJson."""

from pathlib import Path

import pytest

from app.json_body import MalformedJson, parse_json, parse_json_object

REFUSED = {
    "nothing": b"",
    "two values": b"1 2",
    "invalid utf-8": b'"\xff"',
    "overlong": b'"\xc0\xaf"',
    "lone surrogate": b'"\\ud800"',
    "lone low surrogate": b'"\\udc00"',
    "surrogate in utf-8": b'"\xed\xa0\x80"',
    "byte order mark": b"\xef\xbb\xbf{}",
    "utf-16": '{"a":1}'.encode("utf-16"),
    "not a number": b"[NaN]",
    "infinity": b"[-Infinity]",
    "beyond a double": b"[1e400]",
    "beyond 64 bits": b"[9223372036854775808]",
    "below 64 bits": b"[-9223372036854775809]",
    "four thousand digits": b"9" * 5000,
    "a hundred thousand levels": b"[" * 100_000 + b"]" * 100_000,
    "a hundred thousand open": b"[" * 100_000,
    "a hundred thousand objects": b'{"a":' * 100_000,
    "65 levels": b"[" * 65 + b"]" * 65,
    "comment": b"{}//",
    "single quotes": b"{'a':1}",
    "trailing comma": b"[1,]",
}
ACCEPTED: dict[bytes, object] = {
    b"null": None,
    b'"\xe4\xbd\xa0\\u597d"': "你好",
    b'"\\ud83d\\ude00"': "😀",
    b"[9223372036854775807,-9223372036854775808]": [2**63 - 1, -(2**63)],
    b'{"id":"123456789012345678901234567890"}': {"id": "123456789012345678901234567890"},
    b"[1e-400]": [0.0],
    b"[" * 64 + b"]" * 64: None,
    b'["' + b"[" * 500 + b'"]': ["[" * 500],
    b"[" + b",".join([b"[]"] * 500) + b"]": [[]] * 500,
}


class TestParseJson:
    @pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED.keys())
    def test_refused(self, body: bytes) -> None:
        with pytest.raises(MalformedJson):
            parse_json(body)

    @pytest.mark.parametrize(("body", "value"), ACCEPTED.items(), ids=range(len(ACCEPTED)))
    def test_accepted(self, body: bytes, value: object) -> None:
        parsed = parse_json(body)
        assert value is None or parsed == value

    def test_corpus(self, shared_data: Path) -> None:
        wrong = []
        for file in sorted((shared_data / "json").glob("*.json")):
            try:
                parse_json(file.read_bytes())
                accepted = True
            except MalformedJson:
                accepted = False
            if file.name[0] != "i" and accepted != (file.name[0] == "y"):
                wrong.append(file.name)
        assert wrong == []


class TestParseJsonObject:
    def test_object(self) -> None:
        assert parse_json_object(b'{"a": 1}') == {"a": 1}

    @pytest.mark.parametrize("body", [b"[]", b"1", b"null", b'"x"'])
    def test_other(self, body: bytes) -> None:
        with pytest.raises(MalformedJson):
            parse_json_object(body)
