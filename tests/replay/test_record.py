"""What the journal keeps of an input is all of it."""

import orjson
import pytest

from routing.policy import Policy
from routing.record import Unreadable, input_from_json, input_to_json
from routing.state import (
    AgentRemoved,
    AgentSnapshot,
    InteractionSnapshot,
    LegSnapshot,
    PolicyReplaced,
    QueueMeasured,
)

POLICIES = {7: Policy({}, {}, {}, version=7)}
WORK = InteractionSnapshot(
    "x", 3, "offered", "billing", "voice", tier="gold", entered_at=5, excluded=(("han", 9),),
    account_team=("li", "han"), last_agent="li",
    legs=(LegSnapshot("leg", "li", "offered", 100, deadline=20),),
)  # fmt: skip
AGENT = AgentSnapshot(
    "li", 2, "li@acme.test", "available", lease=True, teams=("support",), skills={"billing": 5},
    channels=("voice",), channel_max={"chat": 2}, shift="office", phones=("hotline",),
)  # fmt: skip


@pytest.mark.parametrize(
    "event",
    [
        WORK,
        AGENT,
        AgentRemoved("li", 4),
        PolicyReplaced(POLICIES[7]),
        QueueMeasured("billing", 800_000, {"voice": 180_000_000}),
    ],
    ids=lambda event: type(event).__name__,
)
def test_every_input_comes_back_as_it_was(event: object) -> None:
    kept = orjson.loads(orjson.dumps(input_to_json(event)))  # type: ignore[arg-type]
    assert input_from_json(kept, POLICIES.__getitem__) == event


def test_an_input_of_a_later_version_is_refused() -> None:
    with pytest.raises(Unreadable, match="'weather'"):
        input_from_json({"weather": {}}, POLICIES.__getitem__)
