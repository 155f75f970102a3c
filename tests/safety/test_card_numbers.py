"""Card numbers in the ways that people write them are masked; numbers that only look like them stay."""

from collections import Counter
from random import Random

from app.hiding.cards import mask_cards, mask_cards_in_html, mask_cards_within
from tests.safety.numbers import SEED, card, look_alikes, sentence

CARDS = 2_000
OTHERS = 5_000


def _digits(text: str) -> str:
    return "".join(str(int(letter)) for letter in text if letter.isdecimal())


def _hidden(written: str, masked: str, number: str) -> bool:
    """Only the last four digits of the number are left, and all of what stands around it."""
    return len(masked) == len(written) and _digits(masked) == _digits(written).replace(number, number[-4:], 1)


class TestCardNumbers:
    def test_of_all_issuers_in_all_writings(self) -> None:
        random = Random(SEED)
        numbers = [card(random) for _ in range(CARDS)]
        written = [sentence(random, number) for number in numbers]
        missed = [w for w, n in zip(written, numbers, strict=True) if not _hidden(w, mask_cards(w), n)]
        assert len(missed) <= CARDS / 100, f"seed {SEED}: {missed[:10]}"

    def test_between_tags_and_within_them(self) -> None:
        random = Random(SEED)
        for number in (card(random) for _ in range(200)):
            html = f'<p title="{number}">{number[:4]}<b>{number[4:8]}</b>&nbsp;{number[8:]}</p>'
            masked = mask_cards_in_html(html)
            assert _digits(masked) == f"{number[-4:]}{number[-4:]}", f"seed {SEED}: {html}"
            assert masked.count("<") == html.count("<")

    def test_in_a_json_value(self) -> None:
        value = {"a": ["4111 1111 1111 1111", 1, None], "4111111111111111": True}
        assert mask_cards_within(value) == {"a": ["**** **** **** 1111", 1, None], "************1111": True}

    def test_twice_changes_nothing(self) -> None:
        random = Random(SEED)
        for _ in range(500):
            once = mask_cards(f"{sentence(random, card(random))} {sentence(random, card(random))}")
            assert mask_cards(once) == once, f"seed {SEED}: {once}"

    def test_long_rows_of_digits(self) -> None:
        for text in ("4 " * 50_000, "4" * 100_000, "4\u200b" * 50_000, "4111 " * 20_000):
            assert len(mask_cards(text)) == len(text)


class TestLookAlikes:
    def test_stay(self) -> None:
        masked = Counter(kind for kind, text in look_alikes(Random(SEED), OTHERS) if mask_cards(text) != text)
        assert masked.total() <= OTHERS / 50, f"seed {SEED}: {masked}"
        assert not {"iban", "imei", "chinese phone", "phone", "time"} & masked.keys(), f"seed {SEED}"
