"""What Asterisk holds when it is asked, beside what a switchboard knows: after a gap nothing is told
again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from app.events import CallsSnapshot, LegAnswered, LegCause, LegEnded, LegRinging
from channels.abilities import Steps
from channels.ari.lines import Line, Moment, Party
from channels.ari.names import call_of_bridge, is_call_of_ours, leg_name, talk_bridge
from channels.ari.payload import Channel, channels_of
from channels.ari.switchboard import INNER, Switchboard, Told
from channels.ari.wire import Ari

UP: Final = "Up"
RINGING: Final = "Ringing"


@dataclass(frozen=True, slots=True)
class Seen:
    """`channels`: those of our application, by id; `bridges`: the bridge of each channel that is in one;
    `empty`: the ids of bridges that nobody is in."""

    channels: Mapping[str, Channel]
    bridges: Mapping[str, str]
    empty: Sequence[str] = ()


def look(ari: Ari, app: str) -> Steps[Seen]:
    """Three requests. Raises NotRead."""
    application = yield from ari.read("applications", app)
    ours = set(_texts(application, "channel_ids"))
    channels = channels_of((yield from ari.read("channels")))
    bridges = yield from ari.read("bridges")
    places = {channel: str(bridge["id"]) for bridge in bridges for channel in _texts(bridge, "channels")}
    empty = [str(bridge["id"]) for bridge in bridges if not _texts(bridge, "channels")]
    return Seen({channel.id: channel for channel in channels if channel.id in ours}, places, empty)


def compare(board: Switchboard, seen: Seen, at: datetime) -> Told:
    """Bring the switchboard up to date: what is gone has ended, what is new is taken, and all live calls are
    named, so that a call which ended while nobody listened is found."""
    reading = _Reading(board, seen, Moment(at), Told())
    reading.drop_gone()
    for channel in seen.channels.values():
        reading.take_customer(channel)
    for channel in seen.channels.values():
        reading.take_leg(channel)
    for line in list(board.lines.values()):
        reading.place(line)
    reading.clear_left_over()
    told = reading.told
    told.events.append(CallsSnapshot(occurred_at=at, call_ids=tuple(board.lines)))
    return told


class _Reading:
    """One comparison. `new`: calls that the switchboard did not know."""

    def __init__(self, board: Switchboard, seen: Seen, moment: Moment, told: Told) -> None:
        self._board, self._seen, self._moment, self.told = board, seen, moment, told
        self._new: set[str] = set()

    def drop_gone(self) -> None:
        for line in list(self._board.lines.values()):
            for party in list(line.parties):
                if party.id not in self._seen.channels and self._board.find(party.id) is not None:
                    why: LegCause = "normal" if party.up else "no_answer"
                    self._board.gone(line, party, why, self._moment, self.told)

    def take_customer(self, channel: Channel) -> None:
        board = self._board
        if channel.id in board.lines or leg_name(channel.id) is not None:
            return
        if _called(channel, board.exchange.app):
            args = channel.dialplan.app_data.split(",")[1:]
            line = board.incoming(channel, args, self._moment, self.told)
        elif is_call_of_ours(channel.id):
            line = board.lines[channel.id] = Line(channel.id, ours=True)
        else:
            return
        self._new.add(line.id)

    def take_leg(self, channel: Channel) -> None:
        name = leg_name(channel.id)
        if name is None:
            return
        if name.call_id not in self._board.lines:
            self._new.add(name.call_id)
        found = self._board.leg(name, self.told)
        if found is None:
            return
        line, leg = found
        if channel.state == RINGING and not leg.rang:
            leg.rang = True
            self.told.events.append(line.told(LegRinging, self._moment, leg))
        elif channel.state == UP and not leg.up and channel.id in self._seen.bridges:
            leg.up = leg.answered = True
            self.told.events.append(line.told(LegAnswered, self._moment, leg))
        elif channel.state == UP:
            self._board.leg_up(name, self._moment, self.told)

    def place(self, line: Line) -> None:
        """Who hears whom. Of a call that is new here it is told again, for it may have changed unheard."""
        channel = self._seen.channels.get(line.id)
        if line.ours and channel is not None:
            self._reach(line, channel)
        if line.id in self._new and self._seen.bridges.get(line.id) == talk_bridge(line.id):
            line.dialled().held = True  # perhaps: then it is told that they are back
            line.recorded = True  # by whoever listened before, if at all
        for party in line.parties:
            bridge = self._seen.bridges.get(party.id)
            if bridge is not None and bridge != party.bridge:
                self._board.moved(line, party, bridge, self._moment, self.told)
            party.bridge = bridge
        if not line.legs and (line.reached or not line.ours):
            self._alone(line, line.dialled())

    def clear_left_over(self) -> None:
        """The bridges of calls that are over: an order that crossed the end may have made one anew."""
        for bridge in self._seen.empty:
            call_id = call_of_bridge(bridge)
            if call_id is not None and call_id not in self._board.lines:
                self.told.reactions.append((call_id, self._board.reactions.clear(Line(call_id))))

    def _reach(self, line: Line, channel: Channel) -> None:
        """The customer whom we called."""
        if channel.state == UP and channel.id in self._seen.bridges:
            line.dialled().up = True
        elif channel.state == UP:
            self._board.customer_up(line, self._moment, self.told)
        else:
            line.dialled()

    def _alone(self, line: Line, customer: Party) -> None:
        """Whoever talked with them has hung up while nobody listened."""
        if line.id in self._new and customer.bridge in (talk_bridge(line.id), self._board.held):
            ended = line.told(LegEnded, self._moment, leg="agent", cause="normal", by="agent")
            self.told.events.append(ended)
        if customer.bridge != self._board.waiting:
            self._board.let_wait(line, self.told)


def _called(channel: Channel, app: str) -> bool:
    """A customer whom the dialplan gave to our application."""
    dialplan = channel.dialplan
    ours = dialplan.app_name == "Stasis" and dialplan.app_data.partition(",")[0] == app
    return ours and not channel.name.startswith(INNER)


def _texts(told: Any, member: str) -> list[str]:
    items = told.get(member) if isinstance(told, dict) else None
    return [item for item in items or () if isinstance(item, str)]
