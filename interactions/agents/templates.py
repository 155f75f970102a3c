"""Templates: the approved texts of a messenger, which alone it takes when its reply window is closed, and a
queue's own, which an agent begins a reply with."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access import AgentPrincipal
from app.errors import Invalid, NotFound
from app.placeholders import filled
from channels.abilities import HasTemplates, Template
from channels.base import ChosenTemplate, Unsendable
from interactions.intake.acknowledgement import reference
from interactions.life.policies import PolicyBook
from interactions.touches.outgoing import Directory
from models.customer import Customer
from models.interaction import Interaction


class Approved:
    """Those of one endpoint; none where its platform knows no such thing."""

    def __init__(self, directory: Directory, endpoint_id: UUID | None) -> None:
        known = None if endpoint_id is None else directory.get(endpoint_id)
        adapter = None if known is None else known.adapter
        self._adapter = adapter if isinstance(adapter, HasTemplates) else None

    @property
    def needed(self) -> bool:
        """Nothing else may be sent to who has opened no window."""
        return self._adapter is not None

    def items(self) -> list[dict[str, Any]]:
        """As the API shows them."""
        found: Sequence[Template] = () if self._adapter is None else self._adapter.templates()
        return [_item(one.key, one.key, None, one.text, one.gaps, approved=True) for one in found]

    def said(self, chosen: ChosenTemplate) -> tuple[str, dict[str, Any]]:
        """What the customer will read, and what the touch's payload says of it. Raises Invalid."""
        if self._adapter is None:
            raise _wrong("this channel has no approved templates")
        payload = {"template": {"key": chosen.key, "values": list(chosen.values)}}
        try:
            return self._adapter.filled(chosen), payload
        except Unsendable as error:
            raise _wrong(str(error)) from None


async def templates_of(
    session: AsyncSession,
    directory: Directory,
    policies: PolicyBook,
    agent: AgentPrincipal,
    interaction_id: UUID,
) -> list[dict[str, Any]]:
    """Those for this interaction, in this agent's words: its queue's, then the approved ones of its
    endpoint. Raises NotFound."""
    interaction = await session.get(Interaction, interaction_id)
    if interaction is None:
        raise NotFound("There is no such interaction.")
    approved = Approved(directory, interaction.endpoint_id)
    return await _own(session, policies, agent, interaction) + approved.items()


async def signature_of(
    session: AsyncSession, policies: PolicyBook, agent: AgentPrincipal, x: Interaction
) -> dict[str, str]:
    """What the payload of this agent's mail says of it: the queue's `signature`; nothing: the mailbox's
    stands below it."""
    if x.channel != "email":
        return {}
    policy = await policies.current(session, agent.tenant_id)
    text = policy.signature(x.queue)
    if text is None:
        return {}
    return {"signature": filled(text, {"agent": agent.name, "queue": policy.name(x.queue)})}


async def _own(
    session: AsyncSession, policies: PolicyBook, agent: AgentPrincipal, x: Interaction
) -> list[dict[str, Any]]:
    """Filled, but for the name of a customer who has none: the agent is asked for it."""
    policy = await policies.current(session, agent.tenant_id)
    customer_id = x.picked_customer_id or x.customer_id
    customer = await session.get(Customer, customer_id) if customer_id else None
    name = customer.name.strip() if customer else ""
    words = {
        "agent": agent.name,
        "customer": name or "{{customer}}",
        "queue": policy.name(x.queue),
        "reference": reference(x.id),
        "subject": x.subject or "",
    }
    return [
        _item(
            one["key"],
            one["name"],
            one["language"],
            filled(one["text"], words),
            () if name else ["customer"] * one["text"].count("{customer}"),
            approved=False,
        )
        for one in policy.templates(x.queue)
    ]


def _item(
    key: str, name: str, language: str | None, text: str, gaps: Sequence[str], *, approved: bool
) -> dict[str, Any]:
    return {
        "key": key,
        "name": name,
        "language": language,
        "text": text,
        "gaps": list(gaps),
        "approved": approved,
    }


def _wrong(message: str) -> Invalid:
    return Invalid(errors=[{"pointer": "/template", "message": message}])
