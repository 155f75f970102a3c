"""What has to be done when something happened, without anybody's order: a switch would do it by itself."""

from collections.abc import Sequence
from typing import Final

from app.events import CallEnded, InboundEvent, LegEnded
from channels.abilities import Steps
from channels.ari.dialling import Dialling
from channels.ari.lines import Line, Moment, Party
from channels.ari.moves import Moves
from channels.ari.names import message_name, recording_name, talk_bridge
from channels.ari.wire import EXISTS
from channels.base import WireResponse

Reaction = Steps[Sequence[InboundEvent]]
"""What it tells besides is what could not be done."""

MESSAGE_SECONDS: Final = "180"
SILENCE_SECONDS: Final = "5"


class Reactions:
    """`confirm_prompt` asks for the key; `recording_notice` is played before a recording begins. None:
    whoever is recorded has agreed before."""

    def __init__(
        self, moves: Moves, dialling: Dialling, confirm_prompt: str, recording_notice: str | None
    ) -> None:
        self._moves, self._ari, self._dialling = moves, moves.ari, dialling
        self._confirm_prompt, self._recording_notice = confirm_prompt, recording_notice

    def wait(self, customer: Party) -> Reaction:
        return _quietly(self._moves.wait(customer.id, answer=not customer.up))

    def join(self, line: Line, *parties: Party) -> Reaction:
        return _quietly(self._moves.talk(line.id, *(party.id for party in parties)))

    def ask_for_key(self, leg: Party) -> Reaction:
        yield self._ari.post("channels", leg.id, "play", media=self._confirm_prompt)
        return ()

    def hand_over(self, line: Line, away: Party, others: Sequence[Party]) -> Reaction:
        """The customer talks with whom they were sent to; the agent is out of it."""
        assert line.customer is not None
        yield from self._moves.talk(line.id, line.customer.id, away.id)
        return (yield from self.hang_up(*others))

    def dial_customer(self, line: Line, leg: Party, moment: Moment) -> Reaction:
        """The agent hears ringing meanwhile."""
        wanted = yield from self._dialling.whom(leg.id)
        if wanted is not None:
            dialled = yield from self._dialling.customer(line.id, wanted)
            if dialled.status < 300:
                yield self._ari.post("channels", leg.id, "ring")
                return ()
        yield from self._moves.hang_up(leg.id)
        customer = Party(line.id)
        return (
            line.told(LegEnded, moment, customer, cause="failed", by="platform"),
            line.told(CallEnded, moment, cause="failed", by="platform"),
        )

    def join_customer(self, line: Line, leg: Party) -> Reaction:
        yield self._ari.delete("channels", leg.id, "ring")
        return (yield from self.join(line, Party(line.id), leg))

    def record(self, line: Line) -> Reaction:
        """What is said from now on."""
        bridge = talk_bridge(line.id)
        if self._recording_notice is not None:
            yield self._ari.post("bridges", bridge, "play", media=self._recording_notice)
        query = {"name": recording_name(line.id), "format": "wav", "ifExists": "append"}
        yield self._ari.post("bridges", bridge, "record", **query)
        return ()

    def take_message(self, call_id: str) -> Reaction:
        """A tone, then what the caller says until they are silent, press # or hang up. A channel in a bridge
        is not recorded: they leave the music."""
        yield from self._moves.out_of_waiting(call_id)
        query = {"name": message_name(call_id), "format": "wav", "ifExists": "fail", "beep": "true"}
        query |= {
            "terminateOn": "#",
            "maxDurationSeconds": MESSAGE_SECONDS,
            "maxSilenceSeconds": SILENCE_SECONDS,
        }
        answer = yield self._ari.post("channels", call_id, "record", **query)
        if answer.status >= 300 and answer.status != EXISTS:
            yield from self._moves.hang_up(call_id)
        return ()

    def hang_up(self, *parties: Party) -> Reaction:
        yield from self._moves.hang_up(*(party.id for party in parties))
        return ()

    def clear(self, line: Line) -> Reaction:
        """The call is over: who is still in it is hung up on, and its bridge goes."""
        yield from self._moves.hang_up(*(party.id for party in line.parties))
        yield self._ari.delete("bridges", talk_bridge(line.id))
        return ()


def _quietly(steps: Steps[WireResponse]) -> Reaction:
    """Refused, its channel is gone, and an event says so."""
    yield from steps
    return ()
