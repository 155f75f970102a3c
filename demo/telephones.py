"""The customers' telephones: whoever dials a number reaches the exchange that has it, and hears what that one
does. The page asks for nothing but what a person at the receiver knows."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Protocol

from fastapi import APIRouter, HTTPException, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, Field

from demo.asterisk import Asterisk
from demo.pbx.switch import CallState, Switch
from demo.twilio.calls import Exchange as TwilioExchange

LISTEN_SECONDS: Final = 0.2
ANONYMOUS: Final = "+266696687"
"""What Twilio says of who withholds their number."""

CAUSES: Final = {"completed": "normal", "no-answer": "no_answer", "canceled": "normal"}
"""Twilio's words for ends that the page has others for."""


@dataclass(frozen=True, slots=True)
class Heard:
    """`cause` of an end: normal, busy, no_answer, unreachable, rejected, failed."""

    state: CallState
    cause: str | None = None


class Line(Protocol):
    """One number at one exchange. `keys`: what a waiting caller presses is heard there."""

    number: str
    platform: str
    keys: bool

    def call(self, caller: str | None) -> str:
        """Somebody dials; None withholds the number. The call's id."""

    def hang_up(self, call_id: str) -> None: ...

    def press(self, call_id: str, digits: str) -> None: ...

    def heard(self, call_id: str) -> Heard | None:
        """None: no call of this line."""

    def called(self, phone: str) -> str | None:
        """The live call by which the company talks with this phone because it has dialled it."""


class CtiLine:
    platform, keys = "CTI", True

    def __init__(self, switch: Switch, number: str) -> None:
        self.switch, self.number = switch, number

    def call(self, caller: str | None) -> str:
        return self.switch.call(caller, self.number).id

    def hang_up(self, call_id: str) -> None:
        self.switch.hang_up(call_id)

    def press(self, call_id: str, digits: str) -> None:
        self.switch.press(call_id, digits)

    def heard(self, call_id: str) -> Heard | None:
        call = self.switch.calls.get(call_id)
        return None if call is None else Heard(call.state, call.cause)

    def called(self, phone: str) -> str | None:
        call = self.switch.call_to(phone)
        return None if call is None else call.id


class AsteriskLine:
    """`queue`: what the dialplan says with a call to this number. `outside` is how numbers are dialled."""

    platform, keys = "Asterisk", True

    def __init__(self, asterisk: Asterisk, number: str, queue: str, outside: str) -> None:
        self.asterisk, self.number, self.queue, self.outside = asterisk, number, queue, outside
        self._known: dict[str, Heard] = {}

    def call(self, caller: str | None) -> str:
        said = [f"queue={self.queue}", "presentation=allowed" if caller else "presentation=prohib"]
        call_id = self.asterisk.call(caller or "", *said, exten=self.number)
        self._known[call_id] = Heard(CallState.RINGING)
        return call_id

    def hang_up(self, call_id: str) -> None:
        if call_id in self.asterisk.channels:
            self.asterisk.hang_up(call_id, cause=16)

    def press(self, call_id: str, digits: str) -> None:
        for digit in digits if call_id in self.asterisk.channels else "":
            self.asterisk.press(call_id, digit)

    def heard(self, call_id: str) -> Heard | None:
        before = self._known.get(call_id)
        if before is not None:
            self._known[call_id] = self._now(call_id, before)
        return self._known.get(call_id)

    def _now(self, call_id: str, before: Heard) -> Heard:
        """Music after a talk is hold. Between two bridges nothing changes for the ear."""
        channel = self.asterisk.channels.get(call_id)
        if channel is None:
            return Heard(CallState.ENDED, "failed" if call_id in self.asterisk.failed_in_stasis else "normal")
        sound = self.asterisk.hears(call_id)
        if channel.state != "Up" or not sound or sound == "silence":
            return before
        if sound == "music":
            waited = before.state in (CallState.RINGING, CallState.MUSIC)
            return Heard(CallState.MUSIC if waited else CallState.HELD)
        return Heard(CallState.CONNECTED)

    def called(self, phone: str) -> str | None:
        channel = self.asterisk.phone(self.outside.format(number=phone))
        if channel is None or channel.state != "Up":
            return None
        self._known.setdefault(channel.id, Heard(CallState.RINGING))
        return channel.id


class TwilioLine:
    """Keys are heard in its menu alone, and the demo's line has none."""

    platform, keys = "Twilio", False

    def __init__(self, exchange: TwilioExchange) -> None:
        self.exchange, self.number = exchange, exchange.number

    def call(self, caller: str | None) -> str:
        return self.exchange.call(caller or ANONYMOUS).sid

    def hang_up(self, call_id: str) -> None:
        self.exchange.hang_up(self.exchange.calls[call_id])

    def press(self, call_id: str, digits: str) -> None: ...

    def heard(self, call_id: str) -> Heard | None:
        call = self.exchange.calls.get(call_id)
        if call is None:
            return None
        if call.over:
            return Heard(CallState.ENDED, CAUSES.get(call.status, call.status))
        if call.conference is None:
            return Heard(CallState.RINGING)
        waits = CallState.MUSIC if call.conference.status == "init" else CallState.CONNECTED
        return Heard(CallState.HELD if call.held else waits)

    def called(self, phone: str) -> str | None:
        call = self.exchange.talking(phone)
        return None if call is None else call.sid


class DialIn(BaseModel):
    """`from` None: withheld."""

    caller: str | None = Field(default=None, alias="from", max_length=50)
    to: str = Field(max_length=50)


class DigitsIn(BaseModel):
    digits: str = Field(pattern=r"^[0-9*#]{1,20}$")


class Telephones:
    """All lines together; the first one takes the numbers that no other has."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines

    def shown(self) -> list[dict[str, Any]]:
        return [{"number": li.number, "platform": li.platform, "keys": li.keys} for li in self.lines]

    def call(self, wish: DialIn) -> str:
        line = next((line for line in self.lines if line.number == wish.to), self.lines[0])
        return line.call(wish.caller)

    def of(self, call_id: str) -> Line:
        """Raises 404."""
        for line in self.lines:
            if line.heard(call_id) is not None:
                return line
        raise HTTPException(404, "no such call")

    def called(self, phone: str) -> str | None:
        return next((call for line in self.lines if (call := line.called(phone))), None)


def telephone_routes(phones: Telephones) -> APIRouter:
    router = APIRouter()

    @router.post("/calls", status_code=201)
    async def dial(wish: DialIn) -> dict[str, str]:
        return {"call_id": phones.call(wish)}

    @router.post("/calls/{call_id}/hangup", status_code=204)
    async def hang_up(call_id: str) -> None:
        phones.of(call_id).hang_up(call_id)

    @router.post("/calls/{call_id}/digits", status_code=204)
    async def press(call_id: str, wish: DigitsIn) -> None:
        phones.of(call_id).press(call_id, wish.digits)

    @router.get("/phones/{number}")
    async def phone(number: str) -> dict[str, str | None]:
        """The call that talks there because we dialled it."""
        return {"call_id": phones.called(number)}

    @router.websocket("/calls/{call_id}/heard")
    async def heard(socket: WebSocket, call_id: str) -> None:
        await socket.accept()
        await _tell(socket, phones.of(call_id), call_id)

    return router


async def _tell(socket: WebSocket, line: Line, call_id: str) -> None:
    """What the customer hears, whenever it changes, until the call has ended or they are gone."""
    before = None
    try:
        while before is None or before.state != CallState.ENDED:
            now = line.heard(call_id)
            if now is not None and now != before:
                await socket.send_json(asdict(now))
                before = now
            if await _leaves(socket):
                return
        await socket.close()
    except WebSocketDisconnect:
        return


async def _leaves(socket: WebSocket) -> bool:
    """Whether they go within LISTEN_SECONDS."""
    try:
        async with asyncio.timeout(LISTEN_SECONDS):
            return bool((await socket.receive())["type"] == "websocket.disconnect")
    except TimeoutError:
        return False
