"""What a call's touch says of it in the end: whether it was answered, how long it lasted, its recordings.
All from the merged facts of the call, so the order in which they were told does not matter."""

from collections.abc import Iterable
from typing import Any

from app.bus.outbox import write_rows
from interactions.calls.call_facts import happened
from interactions.intake.intake_context import IntakeContext
from interactions.life.work import Work
from interactions.touches.touches import agents_of, tell_update
from models.call import Call
from models.customer import ContactAddress
from models.interaction import State
from models.touch import Touch


async def complete(context: IntakeContext, calls: Iterable[Call]) -> None:
    """Three statements for all calls of a batch that have ended; none where none has."""
    works = context.desk.works
    told = {
        (call.interaction_id, call.call_id): _told(call, works[call.interaction_id])
        for call in calls
        if call.interaction_id is not None
    }
    ended = {call: facts for call, facts in told.items() if facts}
    if not ended:
        return
    await write_rows(context.session)  # the call may have come in the same batch
    touches = await Touch.of_calls(context.session, {interaction_id for interaction_id, _ in ended})
    rows = await ContactAddress.known(context.session, {t.address_id for t in touches if t.address_id})
    for touch in touches:
        assert touch.interaction_id is not None
        facts = ended.get((touch.interaction_id, touch.payload.get("call_id", "")), {})
        if facts.items() <= touch.payload.items():
            continue
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
    recordings = call.facts.get("recordings")
    return {
        "outcome": _outcome(call, work),
        "duration_seconds": round(max(0.0, talked), 3),
        "ended_by": ended.get("by", "platform"),
        "end_cause": ended.get("cause", "lost"),
        **({"recordings": recordings} if recordings else {}),
    }


def _outcome(call: Call, work: Work) -> str:
    """`closed`: turned away at a door, or ended by us while it waited; `callback`: who called is called back.
    A call of ours that nobody answered has the reason: busy, no_answer, unreachable, rejected, cancelled,
    agent_no_answer…."""
    if call.bridged_at is not None:
        return "answered"
    if call.call_id != work.interaction.conversation and "incoming" in call.facts:
        return "callback"
    if "incoming" not in call.facts and work.interaction.direction == "inbound":
        cause = call.facts.get("ended", {}).get("cause", "lost")
        return "cancelled" if cause == "normal" else cause
    if work.interaction.direction == "outbound":
        cause = work.interaction.end_cause
        return "cancelled" if cause in (None, "normal") else cause
    return "abandoned" if work.state == State.ABANDONED else "closed"
