"""Offers as others see them: who may get one, where it is accepted, what a desktop is told of it."""

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from interactions.life.policies import Decline
from interactions.life.views import callback_summary, instant
from interactions.life.work import Work
from models.agent import Agent, Presence
from models.offer import Offer


def may_get(agent: Agent, units: int, on_top: int = 0) -> bool:
    """Whether they are there and have room for so many units, `on_top` of so many that it interrupts."""
    if agent.presence != Presence.AVAILABLE or not agent.signed_in or agent.disabled_at is not None:
        return False
    return agent.units_held + units - max(agent.units_excess, on_top) <= agent.units_max


def accepted_on(route_command_id: UUID | None) -> Literal["desktop", "device"]:
    """Where an offer is accepted: the device if it rings, else the desktop, never both."""
    return "desktop" if route_command_id is None else "device"


def offer_summary(
    offer: Offer, work: Work, reason: str | None, decline: Decline, pop: Mapping[str, Any]
) -> dict[str, Any]:
    """As the desktop gets it (API §3). `expires_in_seconds` counts from `work.now`."""
    x = work.interaction
    return {
        "offer_id": str(offer.id),
        "interaction_id": str(x.id),
        "interaction_version": x.version,
        "queue": offer.queue,
        "channel": offer.channel,
        "tier": offer.tier,
        "subject": x.subject,
        "preview": x.preview,
        "due_at": instant(x.due_at),
        "callback": callback_summary(x),
        "waited_seconds": offer.waited_us / 1_000_000,
        "expires_in_seconds": max(0.0, (offer.deadline_at - work.now).total_seconds()),
        "expires_at": instant(offer.deadline_at),
        "reason": reason,
        "decline": decline,
        "auto_accept": bool(offer.auto_accept),
        **pop,
    }
