"""The published policy as the life of an interaction needs it: cached by tenant and version, never changed.

`routing.policy` reads its own half of the document. This module reads the rest, each with a default:
`queues[].wrap_up {mode, seconds, dispositions}`, `queues[].handling {<channel>: {accept, auto_accept,
decline, service_level_seconds, service_level_clock}}`, `queues[].short_abandon_seconds`,
`queues[].signature`, `queues[].templates [{key, name, language, text}]`, `break_codes [...]`, `address_book
[{key, name}]`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from interactions.life.work import WrapUp
from models.interaction import Interaction
from models.leg import Leg
from models.policy import Policy as PolicyRow
from routing.calendar import Calendar
from routing.policy import CONNECT_US, LIVE_CHANNELS, SECOND, SERVICE_LEVEL_SECONDS, ChannelRules, Policy

Decline = Literal["allowed", "reason_required", "not_allowed"]
Clock = Literal["wall", "business"]

SHORT_ABANDON_SECONDS: Final = 5.0
_NO_RULES: Final = ChannelRules(offer_us=20 * SECOND, live=True)


@dataclass(frozen=True, slots=True)
class QueueRules:
    """What a queue says about work of one channel. Times are seconds; `reassign_after_seconds` None: the work
    stays with an agent whose lease is gone; `wrap_up` None: there is none."""

    queue: str
    channel: str
    units: int
    offer_seconds: float
    connect_seconds: float
    reassign_after_seconds: float | None
    decline_cool_down_seconds: float
    decline: Decline
    accept: Literal["desktop", "device"]
    auto_accept: bool
    service_level_seconds: float
    service_level_clock: Clock
    short_abandon_seconds: float
    wrap_up: WrapUp | None


@dataclass(frozen=True)
class TenantPolicy:
    """One published version. `policy` is the engine's half."""

    version: int
    policy: Policy
    document: Mapping[str, Any]

    @cached_property
    def break_codes(self) -> tuple[str, ...]:
        return tuple(self.document.get("break_codes", ()))

    @cached_property
    def address_book(self) -> Sequence[Mapping[str, str]]:
        """{key, name} of those outside whom agents may dial: `key` is the number or SIP URI."""
        book: Sequence[Mapping[str, str]] = self.document.get("address_book", ())
        return book

    def hours(self, queue: str) -> Calendar | None:
        """When it is open; None: always."""
        known = self.policy.queues.get(queue)
        return self.policy.calendars.get(known.hours or "") if known else None

    def promise_seconds(self, queue: str, channel: str, tier: str) -> float | None:
        """How soon work of this tier is promised an answer, if at all."""
        known = self.policy.queues.get(queue)
        if known is None:
            return None
        promised = self.policy.tier(tier).promise(channel, known.channels[channel].live)
        return None if promised is None else promised / SECOND

    @cached_property
    def prefers(self) -> bool:
        """Whether any queue offers work first to agents whom the customer knows."""
        return any(queue.get("prefer") for queue in self.document["queues"])

    @cached_property
    def draining(self) -> tuple[tuple[str, Calendar, float], ...]:
        """The queues that turn away who waits after closing time: with their hours, and after how many
        seconds."""
        return tuple(
            (key, hours, queue["drain_seconds"])
            for key, queue in self._queues.items()
            if queue.get("drain_seconds") is not None and (hours := self.hours(key)) is not None
        )

    def callback(self, queue: str) -> Mapping[str, Any] | None:
        """{digits, announcement}: what a caller presses to be called back, and is told then."""
        offer: Mapping[str, Any] | None = self._queues.get(queue, {}).get("callback")
        return offer

    def name(self, queue: str) -> str:
        """What people call it."""
        return str(self._queues.get(queue, {}).get("name") or queue)

    def signature(self, queue: str) -> str | None:
        """What stands below its mails; None: what the mailbox says."""
        text: str | None = self._queues.get(queue, {}).get("signature")
        return text

    def templates(self, queue: str) -> Sequence[Mapping[str, Any]]:
        """{key, name, language, text}: what agents may begin a reply with."""
        return self._queues.get(queue, {}).get("templates") or ()

    def rules(self, queue: str, channel: str) -> QueueRules:
        """The rules of a queue; the defaults for one that the policy no longer has."""
        known = self._rules.get((queue, channel))
        if known is None:
            known = self._rules[queue, channel] = self._read(queue, channel)
        return known

    def is_live(self, queue: str, channel: str) -> bool:
        """Whether people wait for it then and there (service class `live`)."""
        routed = self.policy.queues.get(queue)
        rules = routed.channels.get(channel) if routed else None
        return channel in LIVE_CHANNELS if rules is None else rules.live

    def units(self, channel: str) -> int:
        """What a piece of the channel costs, of an agent's capacity of usually 100."""
        return self.policy.units.get(channel, 100)

    def head_start_seconds(self, x: Interaction) -> float:
        """Tier + queue + channel + boost (SEMANTICS §1.5)."""
        queue, tier = self.policy.queues.get(x.queue), self.policy.tier(x.tier)
        rules = queue.channels.get(x.channel) if queue else None
        parts = (queue, tier, rules)
        return sum(part.head_start_us for part in parts if part) / SECOND + x.boost_seconds

    def dispositions(self, queue: str) -> tuple[str, ...]:
        """What an agent may choose from at the end; empty: anything."""
        return tuple((self._queues.get(queue, {}).get("wrap_up") or {}).get("dispositions", ()))

    @cached_property
    def _rules(self) -> dict[tuple[str, str], QueueRules]:
        return {}

    @cached_property
    def _queues(self) -> Mapping[str, Mapping[str, Any]]:
        return {queue["key"]: queue for queue in self.document["queues"]}

    def _read(self, queue: str, channel: str) -> QueueRules:
        routed = self.policy.queues.get(queue)
        rules = routed.channels.get(channel, _NO_RULES) if routed else _NO_RULES
        document = self._queues.get(queue, {})
        handling = document.get("handling", {}).get(channel, {})
        reassign_us = rules.reassign_us
        return QueueRules(
            queue=queue,
            channel=channel,
            units=self.units(channel),
            offer_seconds=rules.offer_us / SECOND,
            connect_seconds=(rules.connect_us or CONNECT_US) / SECOND,
            reassign_after_seconds=None if reassign_us is None else reassign_us / SECOND,
            decline_cool_down_seconds=rules.cool_down_us / SECOND,
            decline=handling.get("decline", "not_allowed" if channel == "voice" else "allowed"),
            accept=handling.get("accept", "desktop"),
            auto_accept=handling.get("auto_accept", False),
            service_level_seconds=handling.get("service_level_seconds", SERVICE_LEVEL_SECONDS[channel]),
            service_level_clock=handling.get(
                "service_level_clock", "wall" if channel in LIVE_CHANNELS else "business"
            ),
            short_abandon_seconds=document.get("short_abandon_seconds", SHORT_ABANDON_SECONDS),
            wrap_up=_wrap_up(document.get("wrap_up")),
        )


@dataclass(frozen=True, slots=True)
class InForce:
    """What a tenant's arrivals meet: its newest policy and the emergency closures, by queue, in force or past
    `now`, the database's clock."""

    policy: TenantPolicy
    closures: Mapping[str, Mapping[str, Any]]
    now: datetime


class PolicyBook:
    """All policies that this process has read. A version is immutable, so only its number is asked for."""

    def __init__(self) -> None:
        self._known: dict[tuple[UUID, int], TenantPolicy] = {}

    async def current(self, session: AsyncSession, tenant_id: UUID) -> TenantPolicy:
        """The newest published version. The session acts for the tenant. Raises LookupError when nothing has
        been published yet."""
        return await self.version(session, tenant_id, await PolicyRow.current_version(session, tenant_id))

    async def in_force(self, session: AsyncSession, tenant_id: UUID) -> InForce:
        """As `current`, with all else that decides what becomes of an arrival."""
        now, version, closures = await PolicyRow.in_force(session, tenant_id)
        return InForce(await self.version(session, tenant_id, version), closures, now)

    async def rules(self, session: AsyncSession, interaction: Interaction) -> QueueRules:
        """What the interaction's queue says about it, by the version that the interaction runs under."""
        policy = await self.version(session, interaction.tenant_id, interaction.policy_version)
        return policy.rules(interaction.queue, interaction.channel)

    async def rules_of_leg(self, session: AsyncSession, interaction: Interaction, leg: Leg) -> QueueRules:
        """What the queue says in which this agent got the interaction."""
        policy = await self.version(session, interaction.tenant_id, interaction.policy_version)
        return policy.rules(leg.queue, interaction.channel)

    async def version(self, session: AsyncSession, tenant_id: UUID, version: int | None) -> TenantPolicy:
        """One version. Raises LookupError when there is none of that number."""
        if version is None:
            raise LookupError(f"tenant {tenant_id} has no policy: run `touchpoint apply`")
        known = self._known.get((tenant_id, version))
        if known is None:
            row = await session.get(PolicyRow, (tenant_id, version))
            if row is None:
                raise LookupError(f"tenant {tenant_id} has no policy version {version}")
            policy = Policy.from_document(row.document, version)
            known = self._known[tenant_id, version] = TenantPolicy(version, policy, row.document)
        return known


def _wrap_up(document: Mapping[str, Any] | None) -> WrapUp | None:
    if document is None or document.get("mode", "none") == "none":
        return None
    seconds = document.get("seconds") if document["mode"] == "timeboxed" else None
    return WrapUp(document["mode"], seconds, tuple(document.get("dispositions", ())))
