"""The ids that we give to what we make in Asterisk. They say whose leg a channel is and to which call a
bridge belongs, so that events and commands need no memory in common."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import quote, unquote
from uuid import UUID

ID_MAX: Final = 149
"""Asterisk's own limit for the id of a channel."""

_LEG: Final = re.compile(r"tp-([a-z]+)(-key)?-([0-9a-f]{32})-([^;]+)")
_TALK: Final = re.compile(r"tp-talk-([^;]+)")
_LAST_WORD: Final = re.compile(r"tp-last-[0-9a-f]{32}-([^;]+)")
_INVITATION: Final = re.compile(r"tp-invite-[0-9a-f]{32}-([^;]+)")
_MESSAGE: Final = re.compile(r"touchpoint-message-([^;]+)")
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Part(StrEnum):
    """What a leg is in its call. `dialling`: the agent's, of a call of ours, rung before the customer;
    `aside`: somebody outside who is consulted; `away`: whom the customer is sent to."""

    AGENT = "agent"
    CONSULT = "consult"
    DIALLING = "dialling"
    ASIDE = "aside"
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class LegName:
    """The id of a channel that we dialled. `needs_key`: whoever picks up presses 1 first. The other half of a
    Local channel (`<id>;2`) is no leg."""

    part: Part
    command_id: UUID
    call_id: str
    needs_key: bool = False

    def __str__(self) -> str:
        key = "-key" if self.needs_key else ""
        return f"tp-{self.part}{key}-{self.command_id.hex}-{_quoted(self.call_id)}"

    @property
    def outside(self) -> bool:
        """Nobody of ours."""
        return self.part in (Part.ASIDE, Part.AWAY)


def leg_name(channel_id: str) -> LegName | None:
    """None: not a channel that we dialled for an agent or for somebody beside the customer."""
    found = _LEG.fullmatch(channel_id)
    if found is None or found[1] not in Part.__members__.values():
        return None
    return LegName(Part(found[1]), UUID(found[3]), unquote(found[4]), found[2] is not None)


def is_call_of_ours(channel_id: str) -> bool:
    """The customer's channel of a call that we began bears the call's own id, which is a UUID of ours."""
    return _UUID.fullmatch(channel_id) is not None


def talk_bridge(call_id: str) -> str:
    """Where customer and agents of this call hear each other."""
    return f"tp-talk-{_quoted(call_id)}"


def call_of_bridge(bridge_id: str) -> str | None:
    found = _TALK.fullmatch(bridge_id)
    return None if found is None else unquote(found[1])


def last_word(command_id: UUID, call_id: str) -> str:
    """A playback after which the customer is hung up on."""
    return f"tp-last-{command_id.hex}-{_quoted(call_id)}"


def call_of_last_word(playback_id: str) -> str | None:
    found = _LAST_WORD.fullmatch(playback_id)
    return None if found is None else unquote(found[1])


def invitation(command_id: UUID, call_id: str) -> str:
    """A playback after which the caller may speak."""
    return f"tp-invite-{command_id.hex}-{_quoted(call_id)}"


def call_of_invitation(playback_id: str) -> str | None:
    found = _INVITATION.fullmatch(playback_id)
    return None if found is None else unquote(found[1])


def message_name(call_id: str) -> str:
    """The recording of what a caller says who reached nobody."""
    return f"touchpoint-message-{_quoted(call_id)}"


def call_of_message(recording: str) -> str | None:
    found = _MESSAGE.fullmatch(recording)
    return None if found is None else unquote(found[1])


def recording_name(call_id: str) -> str:
    """All that is recorded of a call is one file."""
    return f"touchpoint-{_quoted(call_id)}"


def waiting_bridge(app: str) -> str:
    """Where all callers wait who talk with nobody yet."""
    return f"{app}-waiting"


def held_bridge(app: str) -> str:
    """Where all those are who are on hold."""
    return f"{app}-held"


def _quoted(call_id: str) -> str:
    """Without `;`, `,` and `/`, which mean something to Asterisk or in an address."""
    return quote(call_id, safe="")
