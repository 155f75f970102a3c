"""How much an agent can hold: units in all, and a maximum number of pieces per channel."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from routing.estimate import pieces_at_once

Interrupts = Mapping[str, Collection[str]]
"""By channel, the channels whose work it may be offered on top of."""


@dataclass(frozen=True, slots=True)
class Capacity:
    units_max: int = 100
    channel_max: Mapping[str, int] = field(default_factory=dict)

    def has_room(self, load: "Load", channel: str, units: int, interrupts: Interrupts) -> bool:
        """Whether one more piece of `channel`, costing `units`, fits on top of `load`."""
        if load.without(interrupts.get(channel, ())) + units > self.units_max:
            return False
        limit = self.channel_max.get(channel)
        return limit is None or load.pieces.get(channel, 0) < limit

    def channels_with_room(
        self, load: "Load", costs: Mapping[str, int], interrupts: Interrupts
    ) -> tuple[str, ...]:
        """Those of `costs` (units by channel) of which one more piece fits."""
        if interrupts and load.units:
            return tuple([name for name in costs if self.has_room(load, name, costs[name], interrupts)])
        room, limits, pieces = self.units_max - load.units, self.channel_max, load.pieces
        fitting = [channel for channel, units in costs.items() if units <= room]
        if limits:
            fitting = [name for name in fitting if name not in limits or pieces.get(name, 0) < limits[name]]
        return tuple(fitting)

    def at_once(self, channel: str, units: int) -> int:
        """How many pieces of `channel`, costing `units` each, can be held."""
        return pieces_at_once(self.units_max, units, self.channel_max.get(channel))


@dataclass(slots=True)
class Load:
    """What an agent holds, from offer to the end of wrap-up: units, and pieces and units by channel."""

    units: int = 0
    pieces: dict[str, int] = field(default_factory=dict)
    units_of: dict[str, int] = field(default_factory=dict)

    def add(self, channel: str, units: int) -> None:
        self.units += units
        self.pieces[channel] = self.pieces.get(channel, 0) + 1
        self.units_of[channel] = self.units_of.get(channel, 0) + units

    def remove(self, channel: str, units: int) -> None:
        self.units -= units
        self.pieces[channel] -= 1
        self.units_of[channel] -= units

    def copy(self) -> "Load":
        return Load(self.units, dict(self.pieces), dict(self.units_of))

    def without(self, channels: Collection[str]) -> int:
        """The units that all but these channels take."""
        if not channels:
            return self.units
        return self.units - sum([self.units_of.get(channel, 0) for channel in channels])
