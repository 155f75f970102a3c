"""What a call's touch says of it in the end: whether it was answered, how long it lasted, its recordings.
All from the merged facts of the call, so the order in which they were told does not matter."""

from collections.abc import Iterable
from typing import Any

from app.bus.outbox import write_rows
from interactions.calls.call_facts import happened
from interactions.intake.intake_context import IntakeContext
from interactions.intake.voicemail import file_of
from interactions.life.work import Work
from interactions.touches import media
from interactions.touches.touches import agents_of, tell_update
from models.bulk import insert_rows
from models.call import Call
from models.customer import ContactAddress
from models.interaction import State
from models.touch import Touch


async def complete(context: IntakeContext, calls: Iterable[Call]) -> None:
    """Three statements for all calls of a batch that have ended; none where none has."""
    works = context.desk.works
    known = {(call.interaction_id, call.call_id): call for call in calls if call.interaction_id is not None}
    told = {key: _told(call, works[key[0]]) for key, call in known.items()}
    ended = {key: facts for key, facts in told.items() if facts}
    if not ended:
        return
    await write_rows(context.session)  # the call may have come in the same batch
    touches = await Touch.of_calls(context.session, {interaction_id for interaction_id, _ in ended})
    rows = await ContactAddress.known(context.session, {t.address_id for t in touches if t.address_id})
    for touch in touches:
        assert touch.interaction_id is not None
        key = (touch.interaction_id, touch.payload.get("call_id", ""))
        facts = ended.get(key, {})
        if facts.items() <= touch.payload.items():
            continue
        _fetch_recordings(context, known[key], touch)
        touch.payload = {**touch.payload, **facts}
        touch.version += 1
        row = rows.get(touch.address_id) if touch.address_id else None
        agents = agents_of(works[touch.interaction_id])
        tell_update(context.session, touch, None if row is None else row.address, agents, context.now)


def _told(call: Call, work: Work) -> dict[str, Any]:
    """Nothing while the call goes on."""
    ended_at = happened(call, "ended") or call.ended_at
    if ended_at is None:
        return {}
    ended = call.facts.get("ended", {})
    talked = (ended_at - call.bridged_at).total_seconds() if call.bridged_at is not None else 0.0
    recordings = [_shown(recording) for recording in call.facts.get("recordings", ())]
    return {
        "outcome": _outcome(call, work),
        "duration_seconds": round(max(0.0, talked), 3),
        "ended_by": ended.get("by", "platform"),
        "end_cause": ended.get("cause", "lost"),
        **({"recordings": recordings} if recordings else {}),
    }


def _shown(recording: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in recording.items() if name not in ("media", "copied")}


def _fetch_recordings(context: IntakeContext, call: Call, touch: Touch) -> None:
    """Those that the touch does not name yet hang on it, where the set-up wants them here. A caller's message
    hangs on its own."""
    if "message" in call.facts:
        return
    named, first = len(touch.payload.get("recordings", ())), len(touch.attachments)
    fresh = enumerate(call.facts.get("recordings", ()), 1)
    files = [file_of(r, n) for n, r in fresh if n > named and r.get("copied") and r.get("media")]
    touch.attachments = [*touch.attachments, *(media.shown(file) for file in files)]
    insert_rows(context.session, media.deliveries(touch, files, context.now, first))


def _outcome(call: Call, work: Work) -> str:
    """`closed`: turned away at a door, or ended by us while it waited; `voicemail`: they left a message;
    `callback`: who called is called back.
    A call of ours that nobody answered has the reason: busy, no_answer, unreachable, rejected, cancelled,
    agent_no_answer…."""
    if call.bridged_at is not None:
        return "answered"
    if "message" in call.facts:
        return "voicemail"
    if call.call_id != work.interaction.conversation and "incoming" in call.facts:
        return "callback"
    if "incoming" not in call.facts and work.interaction.direction == "inbound":
        cause = call.facts.get("ended", {}).get("cause", "lost")
        return "cancelled" if cause == "normal" else cause
    if work.interaction.direction == "outbound":
        cause = work.interaction.end_cause
        return "cancelled" if cause in (None, "normal") else cause
    return "abandoned" if work.state == State.ABANDONED else "closed"
