"""A card number or an identity number over several messages of a conversation is masked in all of them,
wherever they are kept."""

import base64
import re
from collections.abc import Sequence
from random import Random
from uuid import UUID

import pytest

from app.bus.outbox import INSERTION, columns_of
from app.hiding.identity_numbers import Kind
from app.hiding.numbers import mask_numbers
from app.hiding.rules import Handling, Hiding, IdentityRule
from interactions.intake.split_numbers import masked
from tests.intake.house import House
from tests.safety.identity import look_alikes
from tests.safety.numbers import SEED, digits, resident

MADE_UP = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}|Visitor \w+|\d{4}-\d\d-\d\dT[\d:.]+")
"""Ids, names from ids, and times have digits of their own."""

SPLIT = {
    "two": ["4111 1111", "1111 1111"],
    "three": ["My card: 4111", "1111 1111", "1111, thanks"],
    "four": ["4111", "1111", "1111", "1111"],
}
RESIDENT = "11010119900307109X"
IDENTITY = {
    "two": ["身份证 110101", "19900307109X"],
    "the last four apart": ["11010119900307", "109x"],
    "three": ["110101", "1990 0307", "109X, thanks"],
    "four": ["my number: 110101", "1990", "0307", "109X"],
}


def _hiding(handling: Handling, *kinds: Kind) -> Hiding:
    return Hiding(IdentityRule(handling, kinds or (Kind.CN_RESIDENT,)), lambda number: b"sealed:" + number)


def _masked(texts: Sequence[str]) -> list[str]:
    return masked(texts, _hiding(Handling.MASK))


async def _say(house: House, visitor: UUID, texts: list[str], *, together: bool = False) -> None:
    said = [house.said(visitor, text) for text in texts]
    for batch in [said] if together else [[one] for one in said]:
        await house.worker.fetch(INSERTION, *columns_of(batch))
        await house.feed(*batch)


async def _shown(house: House) -> str:
    """The digits that are left, in all that is kept of the texts."""
    touches = await house.rows("SELECT text, search::text FROM touch ORDER BY at, id")
    previews = await house.rows("SELECT preview FROM interaction")
    events = await house.rows("SELECT convert_from(data, 'UTF8') FROM event_log")
    lines = (str(value) for row in (*touches, *previews, *events) for value in row.values())
    return MADE_UP.sub("", "\n".join(lines))


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("texts", SPLIT.values(), ids=SPLIT)
async def test_is_masked_in_all_of_them(house: House, texts: list[str], together: bool) -> None:
    await _say(house, await house.visitor(), texts, together=together)
    touches = await house.rows("SELECT text FROM touch ORDER BY at, id")
    left = "".join(re.sub(r"\D", "", touch["text"]) for touch in touches)
    assert left == "1111"
    shown = await _shown(house)
    assert "4111" not in shown and "1111 1111" not in shown


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("texts", IDENTITY.values(), ids=IDENTITY)
async def test_of_a_person_is_masked_and_sealed_once(house: House, texts: list[str], together: bool) -> None:
    await _say(house, await house.visitor(), texts, together=together)
    touches = await house.rows("SELECT text, sealed_numbers FROM touch ORDER BY at, id")
    left = "".join(re.sub(r"[^\dXx]", "", touch["text"]) for touch in touches)
    assert left.upper() == "110101109X"
    sealed = [base64.b64decode(one) for touch in touches for one in touch["sealed_numbers"] or ()]
    assert sealed == [b"sealed:" + RESIDENT.encode()]
    assert "*" in next(touch["text"] for touch in touches if touch["sealed_numbers"])
    shown = await _shown(house)
    assert "1990" not in shown and "0307" not in shown


async def test_desktops_know_that_it_can_be_revealed(house: House) -> None:
    await _say(house, await house.visitor(), IDENTITY["the last four apart"])
    updated = await house.rows("SELECT data FROM event_log WHERE type = 'touchpoint.touch.updated.v1'")
    assert len(updated) == 1 and b'"sealed_numbers":1' in updated[0]["data"]


async def test_desktops_are_told(house: House) -> None:
    visitor = await house.visitor()
    await _say(house, visitor, SPLIT["two"])
    updated = await house.rows("SELECT data FROM event_log WHERE type = 'touchpoint.touch.updated.v1'")
    assert len(updated) == 1 and b"**** ****" in updated[0]["data"]
    assert str(visitor).encode() in updated[0]["data"]
    assert await house.value("SELECT max(version) FROM touch") == 2


async def test_of_two_customers_is_none(house: House) -> None:
    for text in SPLIT["two"]:
        await _say(house, await house.visitor(), [text])
    assert {row["text"] for row in await house.rows("SELECT text FROM touch")} == set(SPLIT["two"])


async def test_an_hour_later_is_none(house: House) -> None:
    visitor = await house.visitor()
    await _say(house, visitor, SPLIT["two"][:1])
    await house.execute("UPDATE touch SET at = at - INTERVAL '1 hour'")
    await _say(house, visitor, SPLIT["two"][1:])
    assert not any("*" in row["text"] for row in await house.rows("SELECT text FROM touch"))


def test_as_the_endpoint_says() -> None:
    texts = IDENTITY["two"]
    keeping, masking = _hiding(Handling.KEEP), _hiding(Handling.MASK)
    assert masked(texts, keeping) == texts and keeping.sealed is None
    assert masked(texts, masking) == ["身份证 110101", "********109X"] and masking.sealed is None
    assert masked(["219", "45", "6789"], _hiding(Handling.MASK, Kind.US_SSN)) == ["***", "**", "6789"]
    assert masked(["219", "45", "6789"], masking) == ["219", "45", "6789"]


def test_in_any_two_pieces_none_is_missed() -> None:
    random = Random(SEED)
    for number in (resident(random) for _ in range(1_000)):
        at = random.randint(4, 14)
        left = "".join(_masked([number[:at], number[at:]]))
        assert left == f"{number[:6]}********{number[14:]}", f"seed {SEED}: {number}"


def test_numbers_that_join_by_chance_are_few() -> None:
    random = Random(SEED)
    pairs = [[digits(random, random.choice((4, 6, 8, 10))) for _ in range(2)] for _ in range(5_000)]
    joined = sum(_masked(pair) != pair for pair in pairs)
    assert joined <= len(pairs) / 50, f"seed {SEED}: {joined}"


def test_look_alikes_that_follow_each_other_join_seldom() -> None:
    random = Random(SEED)
    texts = [text for _, text in look_alikes(random, 10_000)]
    random.shuffle(texts)
    pairs = [
        [mask_numbers(first), mask_numbers(second)]
        for first, second in zip(texts[::2], texts[1::2], strict=True)
    ]
    joined = sum(_masked(pair) != pair for pair in pairs)
    assert joined <= len(pairs) / 50, f"seed {SEED}: {joined}"
