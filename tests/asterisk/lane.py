"""One queue with one agent and their phone at the Asterisk."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from demo.asterisk.exchange import Channel
from demo.pbx.switch import Device
from tests.platforms.ari import Asterisk
from tests.platforms.ari.server import Server
from tests.running import Desktop, Lane
from tests.voice.test_races import accepted
from tests.waiting import eventually

OUR_NUMBER = "+862160000100"
NIGHT_LANE = 59
"""Whose agent works on what callers say at night; no test's own."""

PATIENT_LANE = 79
"""Whose phone may ring for long; no test's own."""


@dataclass
class AsteriskLane:
    """`phone` is how the exchange dials the agent's device."""

    lane: Lane
    exchange: Server

    @property
    def asterisk(self) -> Asterisk:
        return self.exchange.asterisk

    @property
    def phone(self) -> str:
        return self.phone_of(self.lane)

    def phone_of(self, lane: Lane) -> str:
        return f"PJSIP/{lane.device.removeprefix('sip:')}"

    def behaves(self, phone: Device) -> None:
        self.asterisk.phones[self.phone] = phone

    def call(self, number: str = "+8613800138000", *said: str) -> str:
        """A customer dials this lane's queue; the call's id. `said` is what else the dialplan tells."""
        return self.asterisk.call(number, f"queue={self.lane.queue}", *said)

    def desktop(self, *, available: bool = True) -> AbstractAsyncContextManager[Desktop]:
        return self.lane.desktop(available=available)

    async def rings(self, phone: str | None = None) -> Channel:
        """The channel at the agent's (or that) phone, once it rings or has been picked up."""

        def ringing() -> Channel | None:
            channel = self.asterisk.phone(phone or self.phone)
            return channel if channel is not None and channel.state in ("Ringing", "Up") else None

        channel = await eventually(ringing)
        assert channel is not None
        return channel

    async def hears(self, call: str, *others: str) -> None:
        """The customer hears music, or (named) exactly these."""
        wanted = sorted(others) if others else "music"
        await eventually(lambda: self.asterisk.hears(call) == wanted)

    async def over(self, call: str) -> None:
        """Nobody is on the line any more, and what was made for the call is gone."""

        def gone() -> bool:
            left = [id_ for id_ in (*self.asterisk.channels, *self.asterisk.bridges) if call in id_]
            return not left

        await eventually(gone)


async def talking(lane: AsteriskLane, desk: Desktop) -> tuple[str, str, str]:
    """A call that the agent has: interaction, call, the agent's channel."""
    call = lane.call()
    await lane.hears(call)
    x = await accepted(desk)
    leg = await lane.rings()
    await desk.becomes(x, "active")
    return x, call, leg.id


async def legs_become(desk: Desktop, interaction_id: str, *states: str) -> None:
    """The legs of the interaction that are not over, in order."""

    async def so() -> bool:
        legs = (await desk.interaction(interaction_id))["legs"]
        return [leg["state"] for leg in legs if leg["state"] != "ended"] == list(states)

    await eventually(so)
