"""The calls that are live at an exchange, as far as its events have told: who is in each, and where."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from app.events import CallEvent
from app.hiding.cards import mask_cards
from channels.ari.names import LegName, Part

Recording = Literal["off", "announced", "opt_in"]
"""Which calls are recorded: none, all, or those whose dialplan says that the caller has agreed."""


def said_in(args: Sequence[str]) -> dict[str, str]:
    """What the dialplan says with a call: `Stasis(touchpoint,queue=billing,…)`."""
    parts = (arg.partition("=") for arg in args)
    return {name: mask_cards(value) for name, is_, value in parts if is_ and value}


def agreed(said: Mapping[str, str]) -> bool:
    """The caller has pressed the key that means: record me."""
    return said.get("consent") == "yes"


@dataclass(frozen=True, slots=True)
class Moment:
    """When something was told. `key` makes a repeat a duplicate; None: it was not told but found."""

    at: datetime
    key: str | None = None


@dataclass
class Party:
    """One channel. `name` None: the customer's. `held`: put on hold and not back since; `taken_down`: hung up
    by us; `cause`: as the hang-up was asked for."""

    id: str
    name: LegName | None = None
    up: bool = False
    rang: bool = False
    answered: bool = False
    bridge: str | None = None
    held: bool = False
    dialstatus: str = ""
    cause: int | None = None
    taken_down: bool = False

    @property
    def waits_for_key(self) -> bool:
        return self.up and not self.answered and self.name is not None and self.name.needs_key


@dataclass
class Line:
    """One call. `customer` None: of a call of ours, not dialled yet. `agreed`: to be recorded."""

    id: str
    ours: bool = False
    customer: Party | None = None
    legs: dict[str, Party] = field(default_factory=dict)
    agreed: bool = False
    recorded: bool = False
    _sequence: int = 0

    @property
    def parties(self) -> Iterator[Party]:
        if self.customer is not None:
            yield self.customer
        yield from self.legs.values()

    @property
    def reached(self) -> bool:
        return self.customer is not None and self.customer.up

    def dialled(self) -> Party:
        """The customer of a call of ours, whose channel bears the call's id."""
        self.customer = self.customer or Party(self.id)
        return self.customer

    def talking(self, bridge: str) -> list[Party]:
        """The legs in that bridge."""
        return [leg for leg in self.legs.values() if leg.bridge == bridge]

    def told(
        self, model: type[CallEvent], moment: Moment, party: Party | None = None, **said: object
    ) -> CallEvent:
        """An event of this call, about `party`'s leg."""
        return model.model_validate(
            {
                "external_id": moment.key,
                "conversation": self.id,
                "occurred_at": moment.at,
                "sequence": None if moment.key is None else self._next(moment.at),
                **({} if party is None else _leg(party)),
                **said,
            }
        )

    def _next(self, at: datetime) -> int:
        """Of the exchange's own clock, so that whoever listens next goes on from there."""
        self._sequence = max(self._sequence + 1, int(at.timestamp() * 1000) * 1000)
        return self._sequence


def _leg(party: Party) -> dict[str, object]:
    if party.name is None:
        return {"leg": "customer", "leg_id": party.id}
    consulted = party.name.part in (Part.CONSULT, Part.ASIDE)
    leg = "consult" if consulted else "agent"
    return {"leg": leg, "leg_id": party.id, "command_id": party.name.command_id}
