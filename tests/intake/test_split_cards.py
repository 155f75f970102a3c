"""A card number over several messages of a conversation is masked in all of them, wherever they are kept."""

import re
from random import Random
from uuid import UUID

import pytest

from app.bus.outbox import INSERTION, columns_of
from app.hiding.cards import mask_cards
from interactions.intake.split_cards import masked
from tests.intake.house import House
from tests.safety.numbers import SEED, digits

SPLIT = {
    "two": ["4111 1111", "1111 1111"],
    "three": ["My card: 4111", "1111 1111", "1111, thanks"],
    "four": ["4111", "1111", "1111", "1111"],
}


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
    return "\n".join(str(value) for row in (*touches, *previews, *events) for value in row.values())


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("texts", SPLIT.values(), ids=SPLIT)
async def test_is_masked_in_all_of_them(house: House, texts: list[str], together: bool) -> None:
    await _say(house, await house.visitor(), texts, together=together)
    touches = await house.rows("SELECT text FROM touch ORDER BY at, id")
    left = "".join(re.sub(r"\D", "", touch["text"]) for touch in touches)
    assert left == "1111"
    shown = await _shown(house)
    assert "4111" not in shown and "1111 1111" not in shown


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


def test_numbers_that_join_by_chance_are_few() -> None:
    random = Random(SEED)
    pairs = [[digits(random, random.choice((4, 6, 8, 10))) for _ in range(2)] for _ in range(5_000)]
    joined = sum(masked(pair) != [mask_cards(piece) for piece in pair] for pair in pairs)
    assert joined <= len(pairs) / 50, f"seed {SEED}: {joined}"
