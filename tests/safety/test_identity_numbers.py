"""Identity numbers in the ways that people write them are found and masked; others stay."""

from collections import Counter
from random import Random

from app.hiding.cards import mask_cards
from app.hiding.identity_numbers import Kind, find_identity_numbers, mask_identity_numbers
from app.hiding.masking import in_html
from tests.safety.identity import (
    OLD_LOOK_ALIKES,
    look_alikes,
    old_resident,
    old_sentence,
    sentence,
    social_security,
)
from tests.safety.numbers import SEED, in_turn, resident

NUMBERS = 5_000
OTHERS = 16_000


def _found(text: str, *kinds: Kind) -> list[str]:
    return [one.number for one in find_identity_numbers(text, kinds or tuple(Kind))]


class TestResidents:
    def test_in_all_writings(self) -> None:
        random = Random(SEED)
        numbers = [resident(random) for _ in range(NUMBERS)]
        written = [sentence(random, number) for number in numbers]
        missed = [w for w, n in zip(written, numbers, strict=True) if _found(w) != [n]]
        assert len(missed) <= NUMBERS / 100, f"seed {SEED}: {missed[:10]}"

    def test_are_not_taken_for_cards(self) -> None:
        random = Random(SEED)
        texts = [sentence(random, resident(random)) for _ in range(NUMBERS)]
        assert [text for text in texts if mask_cards(text) != text] == [], f"seed {SEED}"

    def test_keep_region_and_last_four(self) -> None:
        assert mask_identity_numbers("110101199003071233、11010119900307109X") == (
            "110101********1233、110101********109X"
        )
        assert mask_identity_numbers("110101 1990-0307 109x") == "110101 ****-**** 109x"

    def test_between_tags(self) -> None:
        html = '<p title="11010119900307109X">110101<b>19900307</b>&nbsp;109X</p>'
        assert in_html(html, mask_identity_numbers) == (
            '<p title="110101********109X">110101<b>********</b>\u00a0109X</p>'
        )

    def test_with_an_impossible_part_are_none(self) -> None:
        for number in (
            "990101199003071231",
            "110101199002301234",
            "110101218003071234",
            "11010119900307123X",
        ):
            assert _found(number) == [], number

    def test_twice_changes_nothing(self) -> None:
        random = Random(SEED)
        for _ in range(500):
            once = mask_identity_numbers(sentence(random, resident(random)))
            assert mask_identity_numbers(once) == once, f"seed {SEED}: {once}"


class TestResidentsUntil1999:
    def test_in_their_writings(self) -> None:
        random = Random(SEED)
        numbers = [old_resident(random) for _ in range(NUMBERS)]
        written = [old_sentence(random, number) for number in numbers]
        missed = [w for w, n in zip(written, numbers, strict=True) if _found(w, Kind.CN_RESIDENT) != [n]]
        assert len(missed) <= NUMBERS / 100, f"seed {SEED}: {missed[:10]}"

    def test_keep_all_but_the_birth(self) -> None:
        assert mask_identity_numbers("身份证110101900307123。") == "身份证110101******123。"
        assert mask_identity_numbers("110101-900307-123") == "110101-******-123"

    def test_with_an_impossible_part_are_none(self) -> None:
        for number in (
            "119901900307123",  # no such region
            "110100900307123",
            "110101900230123",
            "110101260307123",  # a day of today's orders
            "110101900307000",
            "110101900307123.5",
            "1101019003071234",
            "SF110101900307123",
        ):
            assert _found(number) == [], number

    def test_a_card_stays_a_card(self) -> None:
        card = "370102900307006"  # it would be both
        assert _found(card) == [card]
        assert mask_cards(card) == "***********7006"

    def test_twice_changes_nothing(self) -> None:
        random = Random(SEED)
        for _ in range(500):
            once = mask_identity_numbers(old_sentence(random, old_resident(random)))
            assert mask_identity_numbers(once) == once, f"seed {SEED}: {once}"

    def test_look_alikes_stay(self) -> None:
        texts = in_turn(Random(SEED), OTHERS, OLD_LOOK_ALIKES)
        hits = Counter(kind for kind, text in texts if _found(mask_cards(text)))
        assert hits.total() <= OTHERS / 100, f"seed {SEED}: {hits}"


class TestSocialSecurityNumbers:
    def test_in_their_written_forms(self) -> None:
        random = Random(SEED)
        for number in (social_security(random) for _ in range(NUMBERS)):
            for separator in "- –":
                text = f"SSN: {separator.join((number[:3], number[3:5], number[5:]))}."
                assert _found(text, Kind.US_SSN) == [number], f"seed {SEED}: {text}"

    def test_keep_the_last_four(self) -> None:
        assert mask_identity_numbers("my SSN is 219-45-6789.") == "my SSN is ***-**-6789."

    def test_that_were_never_given_are_none(self) -> None:
        for text in (
            "000-45-6789",
            "666-45-6789",
            "900-45-6789",
            "219-00-6789",
            "219-45-0000",
            "078-05-1120",
        ):
            assert _found(text, Kind.US_SSN) == [], text

    def test_are_only_looked_for_where_asked(self) -> None:
        assert _found("219-45-6789", Kind.CN_RESIDENT) == []
        assert _found("219456789", Kind.US_SSN) == []


class TestLookAlikes:
    def test_stay(self) -> None:
        hits = Counter(kind for kind, text in look_alikes(Random(SEED), OTHERS) if _found(text))
        assert hits.total() <= OTHERS / 100, f"seed {SEED}: {hits}"

    def test_long_rows_of_digits_take_little(self) -> None:
        for text in (
            "4 " * 50_000,
            "4" * 100_000,
            "4\u200b" * 50_000,
            "4111 " * 20_000,
            "1" + " \u200b" * 50_000,
        ):
            assert len(mask_identity_numbers(text)) == len(text)
