"""Cursors of the PostgreSQL log: a reader's snapshots as one opaque word that any process can resume from."""

import base64
import re
import time
from binascii import Error
from typing import Final

from app.bus.port import Position
from app.errors import CursorGone

KEPT_SECONDS: Final = 7 * 86_400
_SNAPSHOT: Final = re.compile(r"[0-9]{1,19}:[0-9]{1,19}:(?:[0-9]{1,19}(?:,[0-9]{1,19})*)?")


def dump(position: Position) -> str:
    """Made with the time of day, so that what is older than the log is told apart."""
    parts = [f"{int(time.time()):x}", position.snapshot_old or ""]
    if position.snapshot_new is not None:
        parts += [position.snapshot_new, str(position.position)]
    return base64.urlsafe_b64encode("/".join(parts).encode()).decode().rstrip("=")


def load(cursor: str) -> Position:
    """Raises CursorGone for what is too old or not ours."""
    try:
        made, *parts = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().split("/")
        age = time.time() - int(made, 16)
        old, new, position = parts if len(parts) == 3 else (parts[0], None, None)
        number = None if position is None else int(position)
    except (Error, ValueError, IndexError):
        raise CursorGone("This is not a cursor of this log.") from None
    if age > KEPT_SECONDS:
        raise CursorGone("This cursor is older than what the log keeps.")
    if not all(_SNAPSHOT.fullmatch(snapshot) for snapshot in (old, new) if snapshot is not None):
        raise CursorGone("This is not a cursor of this log.")
    return Position(old, new, number)
