"""The half of the published policy that the engine does not read: wrap-up, doors, hours, handling, texts."""

from typing import Any

from app.setup.model import ChannelRules, Document, Door, Queue, Template


def published_policy(routing: dict[str, Any], document: Document) -> dict[str, Any]:
    """`routing` (`Setup.policy_document`) with what `interactions.life.policies` and the doors read besides.
    Equal set-ups give equal documents."""
    mine = {queue.key: _queue(queue) for queue in document.queues}
    names = {tier.key: tier.name or tier.key for tier in document.tiers}
    return {
        **routing,
        "tiers": [{**tier, "name": names[tier["key"]]} for tier in routing["tiers"]],
        "queues": [{**queue, **mine[queue["key"]]} for queue in routing["queues"]],
        "time_zone": document.tenant.time_zone if document.tenant else "UTC",
        "calling_hours": document.calling_hours,
        "skills": sorted(document.skills),
        "break_codes": list(document.break_codes),
        "address_book": [{"key": c.address, "name": c.name} for c in document.address_book],
    }


def _queue(queue: Queue) -> dict[str, Any]:
    wrap_up = queue.wrap_up
    return {
        "name": queue.name or queue.key,
        "wrap_up": {
            "mode": wrap_up.mode,
            "seconds": wrap_up.seconds,
            "dispositions": list(wrap_up.dispositions),
        },
        "handling": {channel: _handling(queue, channel) for channel in sorted(queue.channels)},
        "short_abandon_seconds": queue.short_abandon_seconds,
        "hours": queue.hours,
        "callback": None if queue.callback is None else queue.callback.model_dump(),
        "closed": _door(queue.closed),
        "nobody_signed_in": _door(queue.nobody_signed_in),
        "full": _door(queue.full),
        "drain_seconds": queue.drain_seconds,
        "signature": queue.signature,
        "templates": [_template(template) for template in queue.templates],
    }


def _template(template: Template) -> dict[str, Any]:
    return {**template.model_dump(), "name": template.name or template.key}


def _handling(queue: Queue, channel: str) -> dict[str, Any]:
    said, rules = queue.channels[channel], queue.rules(channel)  # type: ignore[index]
    handling: dict[str, Any] = {"accept": rules.accept, "decline": rules.decline}
    if rules.auto_accept:
        handling["auto_accept"] = True
    for member in ("service_level_seconds", "service_level_clock"):
        if _names(said, member):
            handling[member] = getattr(rules, member)
    return handling


def _names(said: ChannelRules, member: str) -> bool:
    """Where the file is silent, the channel's own default holds."""
    return member in said.model_fields_set


def _door(door: Door | None) -> dict[str, Any] | None:
    return None if door is None else door.model_dump(exclude_defaults=True)
