"""What intake knows while it applies one batch of one tenant, and what the batch will have written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.events import Address
from customers.identity import Party
from interactions.intake.loop_guard import LoopGuard
from interactions.life.desk import Desk
from interactions.life.doors import Doors, Entry
from interactions.life.policies import TenantPolicy
from interactions.life.work import Work
from interactions.touches.outgoing import Directory
from interactions.touches.reply_windows import ReplyWindows
from interactions.touches.touches import Written
from models.attachment import Attachment
from models.delivery import Delivery
from models.endpoint import Endpoint
from models.interaction import Interaction, State
from models.mail_reference import MailReference

REOPEN = timedelta(hours=72)
"""How long after its end a conversation's next touch follows the closed interaction."""


@dataclass
class IntakeContext:
    """`policy` is the tenant's current one, `endpoints` all of the tenant's, `parties` who stands behind each
    address of the batch, `windows` the reply windows that it opens; `opened` is new work, `to_call` callbacks
    that are asked for. What is in the other lists is inserted at the end, after `desk.save`."""

    session: AsyncSession
    tenant_id: UUID
    policy: TenantPolicy
    endpoints: Mapping[UUID, Endpoint]
    parties: Mapping[Address, Party]
    desk: Desk
    doors: Doors
    directory: Directory
    guard: LoopGuard
    windows: ReplyWindows
    opened: list[Work] = field(default_factory=list)
    to_call: list[tuple[Work, datetime | None]] = field(default_factory=list)
    written: list[Written] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    references: list[MailReference] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        """The database's clock after the rows were locked."""
        return self.desk.now

    def new_work(
        self,
        *,
        interaction_id: UUID,
        endpoint: Endpoint,
        channel: str,
        party: Party,
        conversation: str | None,
        queue: str | None,
        follows: Interaction | None = None,
        **facts: Any,
    ) -> Work:
        """A new interaction, which waits nowhere yet: `admit` it. `facts`: further columns."""
        customer = party.customer
        interaction = Interaction(
            id=interaction_id,
            tenant_id=self.tenant_id,
            channel=channel,
            direction="inbound",
            endpoint_id=endpoint.id,
            address_id=party.address_id,
            customer_id=None if customer is None else customer.id,
            picked_customer_id=None if follows is None else follows.picked_customer_id,
            queue=self.known_queue(queue, endpoint),
            state=State.QUEUED,
            version=0,
            relevant_version=0,
            conversation=conversation,
            tier=self._tier(party, follows),
            policy_version=self.policy.version,
            preferred_agent_id=None if follows is None else follows.last_agent_id,
            follows_id=None if follows is None else follows.id,
            age_us=0,
            boost_seconds=0,
            created_at=self.now,
            cool_downs={},
            **facts,
        )
        work = self.desk.add(interaction)
        self.opened.append(work)
        return work

    def _tier(self, party: Party, follows: Interaction | None) -> str:
        """The customer's, else the policy's default. Who was picked before is still picked."""
        if follows is not None and follows.picked_customer_id is not None:
            return follows.tier
        return self.policy.policy.tier(None if party.customer is None else party.customer.tier).key

    def known_queue(self, wanted: str | None, endpoint: Endpoint) -> str:
        """The queue asked for if there is one of that name, else the endpoint's."""
        return wanted if wanted is not None and wanted in self.policy.policy.queues else endpoint.queue

    def admit(self, work: Work) -> Entry:
        """Through the doors of its queue: it waits, where they send it, or is turned away."""
        entry = self.doors.enter(work.interaction.queue, work.interaction.channel)
        let_in(work, entry)
        return entry


def let_in(work: Work, entry: Entry) -> None:
    """What the door said happens: it waits, or is turned away."""
    if entry.refused is not None:
        work.interaction.queue = entry.queues[-1]
        work.refuse(entry.refused)
        return
    for queue in entry.queues:
        work.enter_queue(queue, "new")


def may_follow(ended: Work, now: datetime) -> bool:
    """Whether a new touch of this conversation follows the work that ended."""
    x = ended.interaction
    if ended.state == State.WRAP_UP:
        return True
    return ended.state == State.CLOSED and x.ended_at is not None and now - x.ended_at <= REOPEN
