"""Card and identity numbers that come in pieces, over messages that follow each other: each piece is masked
in its touch, in what lists show, and in the rows of the log (decision 0150)."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from app.hiding.cards import mask_cards
from app.hiding.rules import Hiding, sealed_together
from customers import words
from interactions.intake.arrival import preview_of
from interactions.intake.intake_context import IntakeContext
from interactions.touches.touches import Written, agents_of, tell_update
from models.log import EventLog
from models.touch import Touch

WITHIN: Final = timedelta(minutes=10)
BETWEEN: Final = "\x1e"
"""Reads as a blank, and nobody types it."""

_BEGINS: Final = re.compile(r"\W*\d(?:\W?\d){2}\W?[\dXxＸｘ*]")
"""Four digits that may go on with what was written before; the last may be an identity number's X."""


async def redact(context: IntakeContext) -> None:
    """Before anything of the batch is saved. No statement where no message begins with digits."""
    new = [written for written in context.written if _is_message(written.touch)]
    latest = {w.touch.address_id: w for w in new if w.touch.address_id and _BEGINS.match(w.touch.text)}
    if not latest:
        return
    since = min(written.touch.at for written in latest.values()) - WITHIN
    earlier = await Touch.messages_since(context.session, latest, since)
    for address_id, written in latest.items():
        stored = [touch for touch in earlier if touch.address_id == address_id]
        told = [w.touch for w in new if w.touch.address_id == address_id]
        pieces = sorted([*stored, *told], key=lambda touch: (touch.at, touch.id))
        await _read_as_one(context, pieces, written, since)


async def _read_as_one(
    context: IntakeContext, pieces: Sequence[Touch], latest: Written, since: datetime
) -> None:
    """What is sealed goes with the last touch that shows it masked."""
    hiding = context.directory.hiding(context.tenant_id, latest.touch.endpoint_id)
    texts = masked([touch.text for touch in pieces], hiding)
    changed = [(touch, text) for touch, text in zip(pieces, texts, strict=True) if text != touch.text]
    if changed:
        last = changed[-1][0]
        last.sealed_numbers = sealed_together(last.sealed_numbers, hiding.sealed)
    for touch, text in changed:
        await _replace(context, touch, text, latest, since)


def masked(texts: Sequence[str], hiding: Hiding) -> list[str]:
    """Read as one. What stands whole in one of them was hidden, or kept, when it came."""
    together, pieces, at = hiding.text(mask_cards(BETWEEN.join(texts)), BETWEEN), [], 0
    for text in texts:
        pieces.append(together[at : at + len(text)])
        at += len(text) + 1
    return pieces


def _is_message(touch: Touch) -> bool:
    return touch.kind == "message" and touch.direction == "inbound" and touch.channel != "email"


async def _replace(context: IntakeContext, touch: Touch, text: str, latest: Written, since: datetime) -> None:
    """`latest` is the newest message of the same customer."""
    before, touch.text = touch.text, text
    work = latest.work
    if work is not None and work.interaction.preview == preview_of(before):
        work.interaction.preview = preview_of(text)
    keys = _keys(touch, latest)
    for old, new in {before: text, preview_of(before): preview_of(text)}.items():
        await EventLog.replace_text(context.session, keys, since, old, new)
    if any(touch is written.touch for written in context.written):
        return
    touch.version += 1
    await touch.index_anew(context.session, words.of_text(f"{touch.subject or ''} {text}"))
    agents = () if work is None else agents_of(work)
    tell_update(context.session, touch, latest.address, agents, context.now, latest.visitor_id)


def _keys(touch: Touch, latest: Written) -> set[str]:
    """What tells of it in the log: what came from the channel, and what we told of it and its work."""
    keys = {str(touch.id)}
    if touch.interaction_id is not None:
        keys.add(str(touch.interaction_id))
    if latest.work is not None:
        interaction = latest.work.interaction
        keys |= {str(interaction.id), f"{touch.endpoint_id}/{interaction.conversation}"}
    return keys
