"""Ids that we give to our messages: WeCom takes each once, so a repeat of an attempt reaches nobody twice."""

import hashlib
import re
from typing import Final

_OURS: Final = re.compile(r"[0-9a-f]{29}-[0-9]{2}")


def message_id(provider_key: str, part: int) -> str:
    """Of one part of a message: 32 letters, digits and a hyphen, as the platform allows."""
    return f"{hashlib.sha256(provider_key.encode()).hexdigest()[:29]}-{part:02}"


def whole_message(part_id: str) -> str:
    """The id of the message's first part, which stands for the whole."""
    return part_id[:-2] + "00" if _OURS.fullmatch(part_id) else part_id
