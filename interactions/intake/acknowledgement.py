"""What a mailbox answers by itself to who opens a conversation: the mail has come; when it will be read."""

from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from app.placeholders import filled
from channels.email.config import EmailConfig
from interactions.intake.intake_context import IntakeContext
from interactions.life.facts import microseconds
from interactions.life.work import Work
from interactions.touches.outgoing import email_adapter


def text_for(context: IntakeContext, work: Work) -> str | None:
    """The mailbox's words for new work of its; None: it says nothing."""
    adapter = email_adapter(context.directory, work.interaction.endpoint_id)
    if adapter is None:
        return None
    return _filled(adapter.config, context, work)


def _filled(config: EmailConfig, context: IntakeContext, work: Work) -> str | None:
    x = work.interaction
    hours, now = context.policy.hours(x.queue), microseconds(context.now)
    is_shut = hours is not None and not hours.is_open(now)
    text = (config.acknowledge_closed if is_shut else None) or config.acknowledge
    if not text:
        return None
    opening = hours.next_opening(now) if hours is not None and is_shut else None
    words = {
        "reference": reference(x.id),
        "subject": x.subject or "",
        "opens": "" if opening is None else _local(opening, context.policy.document["time_zone"]),
    }
    return filled(text, words)


def reference(interaction_id: UUID) -> str:
    """What a customer can read out; the touch that tells it is found by it."""
    return f"{interaction_id.int % 10**9:09d}"


def _local(at_us: int, zone: str) -> str:
    at = datetime.fromtimestamp(at_us / 1_000_000, UTC)
    return at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")
