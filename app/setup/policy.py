"""The set-up as the routing engine's policy: canonical, every default written out, whole microseconds."""

import re
from typing import Any

from app.setup.dates import written_out
from app.setup.model import Calendar, Document, Lend, Prefer, Queue, Step, Tier
from routing.policy import CHANNELS, REASSIGNED_CHANNELS
from routing.state import AgentSnapshot


def policy_document(document: Document) -> dict[str, Any]:
    """What `routing.policy.Policy.from_document` reads. Equal set-ups give equal documents."""
    return {
        "units": document.units(),
        "interrupts": {name: sorted(others) for name, others in sorted(document.work.interrupts.items())},
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
    return {
        "key": queue.key,
        "teams": [
            {"team": member.key, "rank": member.rank, "delay_us": micros(member.delay_seconds)}
            for member in sorted(queue.teams, key=lambda member: member.key)
        ],
        "requirement": queue.requirement or "anyone",
        "steps": [_step(step) for step in sorted(queue.steps, key=lambda step: step.after_seconds)],
        "order": queue.order,
        "strategy": queue.strategy,
        "head_start_us": micros(queue.head_start_seconds),
        "prefer": None if queue.prefer is None else _prefer(queue.prefer),
        "lend": [_lend(lend) for lend in queue.lend],
        "reserve_deferred": queue.reserve_deferred or 0,
        "on_shift": queue.on_shift,
        "channels": {channel: _channel(queue, channel) for channel in CHANNELS},
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "after_us": micros(step.after_seconds),
        "requirement": step.requirement,
        "lend": sorted(step.lend_queues),
    }


def _prefer(prefer: Prefer) -> dict[str, Any]:
    return {
        "last_agent": prefer.last_agent,
        "account_team": prefer.account_team,
        "wait_us": micros(prefer.prefer_seconds),
    }


def _lend(lend: Lend) -> dict[str, Any]:
    """`estimated_wait_seconds > 120`, `service_level < 0.8`, `nobody_signed_in`."""
    subject, *limits = re.split(r"[\s<>]+", lend.when.strip())
    if subject == "nobody_signed_in":
        return {"when": subject, "than": None, "queues": sorted(lend.queues)}
    when = "estimated_wait" if subject == "estimated_wait_seconds" else subject
    return {"when": when, "than": round(float(limits[-1]) * 1_000_000), "queues": sorted(lend.queues)}


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
