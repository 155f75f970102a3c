"""The engine against the slow, obvious one, on random traces. A failure prints its seed."""

from random import Random

import pytest

from routing.engine import Engine
from routing.policy import Policy
from routing.trace import decisions
from tests.routing import worlds
from tests.routing.reference import Out, Reference, as_reference
from tests.routing.seeds import BLOCKS, of_block


def engine_says(
    document: dict[str, object], people: list[dict[str, object]], lines: list[worlds.Line]
) -> list[Out]:
    engine = Engine(Policy.from_document(document))
    events = [(line["at"], worlds.event(line)) for line in lines]
    return as_reference(decisions(engine, worlds.snapshots(people), events))


@pytest.mark.parametrize("block", range(BLOCKS))
def test_same_decisions_as_the_reference(block: int) -> None:
    for seed in of_block(block):
        random = Random(seed)
        document = worlds.policy(random)
        people = worlds.agents(random, document)
        lines = worlds.trace(random, document, people, 120)
        expected = Reference(document, people).run(lines)
        assert engine_says(document, people, lines) == expected, f"seed {seed}"
