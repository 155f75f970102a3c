"""The set-up as the routing engine's policy: canonical, every default written out, whole microseconds."""

from typing import Any

from app.setup.dates import written_out
from app.setup.model import Calendar, Document, Queue, Tier
from routing.policy import CHANNELS, REASSIGNED_CHANNELS
from routing.state import AgentSnapshot


def policy_document(document: Document) -> dict[str, Any]:
    """What `routing.policy.Policy.from_document` reads. Equal set-ups give equal documents."""
    return {
        "units": document.units(),
        "default_tier": document.default_tier,
        "tiers": [_tier(tier) for tier in document.tiers],
        "calendars": [
            _calendar(calendar) for calendar in sorted(document.calendars, key=lambda calendar: calendar.key)
        ],
        "queues": [_queue(queue) for queue in sorted(document.queues, key=lambda queue: queue.key)],
    }


def agent_snapshots(document: Document) -> list[AgentSnapshot]:
    return [
        AgentSnapshot(
            id=agent.email,
            version=0,
            key=agent.email,
            teams=tuple(sorted(agent.teams)),
            skills=dict(sorted(agent.skills.items())),
            channels=None if agent.channels is None else tuple(agent.channels),
            units_max=agent.capacity.units,
            channel_max=agent.capacity.channel_max(),
        )
        for agent in document.agents
    ]


def micros(seconds: float) -> int:
    """Whole microseconds: the set-up refuses finer ones."""
    return round(seconds * 1_000_000)


def _micros(seconds: float | None) -> int | None:
    return None if seconds is None else micros(seconds)


def _tier(tier: Tier) -> dict[str, Any]:
    promise = tier.max_wait_seconds
    return {
        "key": tier.key,
        "head_start_us": micros(tier.head_start_seconds),
        "promise_us": {channel: micros(limit) for channel, limit in sorted(promise.by_channel.items())},
        "promise_live_us": _micros(promise.live),
    }


def _calendar(calendar: Calendar) -> dict[str, Any]:
    return {
        "key": calendar.key,
        "time_zone": calendar.time_zone,
        "weekly": dict(sorted(calendar.weekly.items())),
        "dates": written_out(calendar),
    }


def _queue(queue: Queue) -> dict[str, Any]:
    prefer = queue.prefer
    return {
        "key": queue.key,
        "teams": [
            {"team": member.key, "rank": member.rank, "delay_us": micros(member.delay_seconds)}
            for member in sorted(queue.teams, key=lambda member: member.key)
        ],
        "requirement": queue.requirement or "anyone",
        "head_start_us": micros(queue.head_start_seconds),
        "prefer": None
        if prefer is None
        else {"last_agent": prefer.last_agent, "wait_us": micros(prefer.prefer_seconds)},
        "channels": {channel: _channel(queue, channel) for channel in CHANNELS},
    }


def _channel(queue: Queue, channel: str) -> dict[str, Any]:
    rules = queue.rules(channel)
    reassigned = channel in REASSIGNED_CHANNELS
    return {
        "offer_us": _micros(rules.offer_seconds),
        "live": rules.service_class == "live",
        "cool_down_us": micros(rules.decline_cool_down_seconds),
        "connect_us": _micros(rules.connect_seconds) if channel == "voice" else None,
        "reassign_us": _micros(rules.reassign_after_seconds) if reassigned else None,
        "head_start_us": micros(rules.head_start_seconds),
        "expected_handle_us": _micros(rules.expected_handle_seconds),
    }
