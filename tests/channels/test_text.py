"""What comes in is stored and shown exactly, but for what cannot be stored."""

import json
from pathlib import Path

import pytest

from app.hiding.cards import mask_cards
from app.text import clean_line, clean_text, clean_value

OURS = [
    "你好，😀",
    "'; DROP TABLE touch; --",
    "<script>alert(1)</script>",
    "  blanks  ",
    "\u202eesrever",
    "Ω≈ç√",
    "\ufeff",
    "undefined",
    "1/0",
    "é e\u0301",
    "\x01\x7f",
    "ﷺ",
    "\u200b",
]
CARDS = {
    "4111 1111 1111 1111": "**** **** **** 1111",
    "card 5500-0000-0000-0004!": "card ****-****-****-0004!",
    "6222021234567890128": "***************0128",
    "6222021234567890129": "6222021234567890129",
    "378282246310005": "***********0005",
    "a 4111111111111111 b 4012888888881881": "a ************1111 b ************1881",
    "4111111111111112": "4111111111111112",
    "+8613800138000": "+8613800138000",
    "20241122105912345": "20241122105912345",
    "41111111111111111111111": "41111111111111111111111",
    "你好": "你好",
}


class TestCleanText:
    @pytest.mark.parametrize("text", OURS)
    def test_kept(self, text: str) -> None:
        assert clean_text(text) == text

    @pytest.mark.parametrize(
        ("text", "cleaned"),
        [("a\x00b", "ab"), ("a\ud800b", "a\ufffdb"), ("a\r\nb\rc\n", "a\nb\nc\n"), ("\udc00\x00", "\ufffd")],
    )
    def test_normalised(self, text: str, cleaned: str) -> None:
        assert clean_text(text) == cleaned

    def test_corpus(self, shared_data: Path) -> None:
        for text in json.loads((shared_data / "naughty_strings.json").read_text()):
            expected = text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")
            assert clean_text(text) == expected
            assert mask_cards(text) == text


class TestCleanLine:
    def test_one_line(self) -> None:
        assert clean_line(" a\r\n\tb\u2028c\x00 ") == "a b c"


class TestCleanValue:
    def test_every_text_in_it(self) -> None:
        assert clean_value({"a\x00": ["\ud800", 1, None, {"b": "c\x00"}]}) == {
            "a": ["\ufffd", 1, None, {"b": "c"}]
        }


class TestMaskCards:
    @pytest.mark.parametrize(("text", "masked"), CARDS.items())
    def test_numbers(self, text: str, masked: str) -> None:
        assert mask_cards(text) == masked

    def test_long_rows_of_digits(self) -> None:
        text = "4 " * 100_000
        assert mask_cards(text) == text
