"""How much an agent can hold: units in all, and a maximum number of pieces per channel."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Capacity:
    units_max: int = 100
    channel_max: Mapping[str, int] = field(default_factory=dict)

    def has_room(self, load: "Load", channel: str, units: int) -> bool:
        """Whether one more piece of `channel`, costing `units`, fits on top of `load`."""
        if load.units + units > self.units_max:
            return False
        limit = self.channel_max.get(channel)
        return limit is None or load.pieces.get(channel, 0) < limit

    def channels_with_room(self, load: "Load", costs: Mapping[str, int]) -> tuple[str, ...]:
        """Those of `costs` (units by channel) of which one more piece fits."""
        room, limits, pieces = self.units_max - load.units, self.channel_max, load.pieces
        fitting = [channel for channel, units in costs.items() if units <= room]
        if limits:
            fitting = [name for name in fitting if name not in limits or pieces.get(name, 0) < limits[name]]
        return tuple(fitting)


@dataclass(slots=True)
class Load:
    """What an agent holds, from offer to the end of wrap-up: units, and pieces by channel."""

    units: int = 0
    pieces: dict[str, int] = field(default_factory=dict)

    def add(self, channel: str, units: int) -> None:
        self.units += units
        self.pieces[channel] = self.pieces.get(channel, 0) + 1

    def remove(self, channel: str, units: int) -> None:
        self.units -= units
        self.pieces[channel] -= 1
