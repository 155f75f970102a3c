"""What others see of an interaction and an agent: the JSON that goes out in events, snapshots and answers."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from interactions.life.work import Work
from models.agent import Agent
from models.interaction import Interaction
from models.leg import Leg


def instant(at: datetime | None) -> str | None:
    """RFC 3339 in UTC with milliseconds."""
    return (
        None if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def interaction_summary(work: Work) -> dict[str, Any]:
    """Enough for lists, call bar and wallboard without asking again. `age_seconds` is as of
    `waiting_since`."""
    x = work.interaction
    return {
        "id": str(x.id),
        "version": x.version,
        "state": str(x.state),
        "channel": x.channel,
        "direction": x.direction,
        "queue": x.queue,
        "tier": x.tier,
        "subject": x.subject,
        "preview": x.preview,
        "customer_id": str(x.picked_customer_id or x.customer_id)
        if x.picked_customer_id or x.customer_id
        else None,
        "address_id": _text(x.address_id),
        "endpoint_id": _text(x.endpoint_id),
        "created_at": instant(x.created_at or work.now),
        "queued_at": instant(x.queue_entered_at),
        "waiting_since": instant(x.waiting_since),
        "age_seconds": x.age_us / 1_000_000,
        "answered_at": instant(x.answered_at),
        "ended_at": instant(x.ended_at),
        "parked_until": instant(x.parked_until),
        "parked_for": x.parked_for,
        "due_at": instant(x.due_at),
        "reply_until": instant(x.reply_until),
        "replies_left": x.replies_left,
        "callback": callback_summary(x),
        "pending": x.pending_command,
        "outside": x.outside,
        "disposition": x.disposition,
        "follows": _text(x.follows_id),
        "legs": [leg_summary(leg) for leg in work.legs],
    }


def callback_summary(x: Interaction) -> dict[str, Any] | None:
    """Whom to call back, from when on (null: now) and how often it was tried in vain; null once the customer
    is on the line."""
    if x.callback_to is None:
        return None
    return {"to": x.callback_to, "at": instant(x.callback_at), "attempts": x.callback_attempts or 0}


def leg_summary(leg: Leg) -> dict[str, Any]:
    return {
        "id": str(leg.id),
        "agent_id": str(leg.agent_id),
        "role": str(leg.role),
        "state": str(leg.state),
        "queue": leg.queue,
        "units": leg.units,
        "accepted_at": instant(leg.accepted_at),
        "connect_deadline_at": instant(leg.connect_deadline_at),
        "answered_at": instant(leg.answered_at),
        "held_at": instant(leg.held_at),
        "wrap_up_at": instant(leg.wrap_up_at),
        "wrap_up_due_at": instant(leg.wrap_up_due_at),
    }


def agent_summary(agent: Agent) -> dict[str, Any]:
    return {
        "id": str(agent.id),
        "email": agent.email,
        "name": agent.name,
        "teams": agent.teams,
        "skills": agent.skills,
        "channels": agent.channels,
        "presence": str(agent.presence),
        "presence_reason": agent.presence_reason,
        "presence_at": instant(agent.presence_at),
        "signed_in": agent.signed_in,
        "units_held": agent.units_held,
        "units_max": agent.units_max,
        "version": agent.version,
    }


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
