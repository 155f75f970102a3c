"""What takes several requests to Asterisk, whoever wants it: an agent's order, or what happened by itself."""

from typing import Final

from channels.abilities import Steps
from channels.ari.names import held_bridge, talk_bridge, waiting_bridge
from channels.ari.wire import Ari
from channels.base import WireResponse

GONE: Final = 404


class Moves:
    """Who is put where. `music` is a class of Asterisk's musiconhold.conf."""

    def __init__(self, ari: Ari, app: str, music: str) -> None:
        self.ari, self.app, self.music = ari, app, music

    def make(self, bridge: str) -> Steps[WireResponse]:
        """The bridge, where there is none (409: it is there). The waiting and the held ones have music."""
        holding = bridge in (waiting_bridge(self.app), held_bridge(self.app))
        made = yield self.ari.post("bridges", bridge, type="holding" if holding else "mixing")
        if holding and made.status < 300:
            yield self.ari.post("bridges", bridge, "moh", mohClass=self.music)
        return made

    def put(self, bridge: str, *channels: str) -> Steps[WireResponse]:
        """Into the bridge; each leaves the one it was in by itself."""
        added = yield self.ari.post("bridges", bridge, "addChannel", channel=",".join(channels))
        if added.status == GONE:
            yield from self.make(bridge)
            added = yield self.ari.post("bridges", bridge, "addChannel", channel=",".join(channels))
        return added

    def wait(self, channel: str, *, answer: bool = False) -> Steps[WireResponse]:
        """The customer hears music until somebody is there."""
        if answer:
            yield self.ari.post("channels", channel, "answer")
        return (yield from self.put(waiting_bridge(self.app), channel))

    def out_of_waiting(self, channel: str) -> Steps[WireResponse]:
        """Refused, it was not there."""
        return (yield self.ari.post("bridges", waiting_bridge(self.app), "removeChannel", channel=channel))

    def hold(self, *channels: str) -> Steps[WireResponse]:
        return (yield from self.put(held_bridge(self.app), *channels))

    def talk(self, call_id: str, *channels: str) -> Steps[WireResponse]:
        return (yield from self.put(talk_bridge(call_id), *channels))

    def hang_up(self, *channels: str) -> Steps[int]:
        """How many were still there."""
        there = 0
        for channel in channels:
            there += (yield self.ari.delete("channels", channel)).status < 300
        return there
