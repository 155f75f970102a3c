"""We turn to the customer: a call that rings at the agent first, a mail, or a messenger's template. The
interaction is the agent's from its first moment and never waited in a queue."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access import AgentPrincipal
from app.addresses import email_address, phone_address
from app.clock import new_id
from app.errors import ContactBlocked, Invalid, NoCallControl
from app.events import Address
from app.hiding.rules import Hiding
from app.text import clean_line, clean_text
from channels.base import ChosenTemplate
from customers import identity
from customers.identity import Party, Sighting
from interactions.agents.actions import check_room
from interactions.agents.files import hang_on, own_files
from interactions.agents.templates import Approved, signature_of
from interactions.calls import dialling
from interactions.life.desk import Desk
from interactions.life.policies import PolicyBook, TenantPolicy
from interactions.life.work import Work
from interactions.touches.outgoing import Directory, Draft, compose
from interactions.touches.touches import Written, write
from models.agent import Device
from models.bulk import insert_rows
from models.customer import Customer, CustomerAddress
from models.endpoint import Endpoint
from models.interaction import FINAL, Interaction, State
from models.touch import Touch

KINDS: Final = {
    "voice": ("phone", "sip", "extension", "short_code"),
    "email": ("email",),
    "messaging": ("phone",),
}
"""By channel: the addresses that it reaches."""


@dataclass(frozen=True, slots=True)
class NewContact:
    """`address` None: the customer's own, the oldest that the channel reaches. `purpose` is the tenant's
    word for why. `template`: all that a messenger takes."""

    endpoint: Endpoint
    address: Address | None
    customer_id: UUID | None
    purpose: str
    queue: str | None = None
    subject: str | None = None
    text: str | None = None
    attachments: Sequence[UUID] = ()
    template: ChosenTemplate | None = None


class Outbound:
    """One agent's contacts in one transaction."""

    def __init__(
        self, session: AsyncSession, agent: AgentPrincipal, policies: PolicyBook, directory: Directory
    ) -> None:
        self.session, self.agent = session, agent
        self.policies, self.directory = policies, directory

    async def open(self, wanted: NewContact) -> UUID:
        """Dial, or send; the new interaction's id. Raises Invalid naming the field, NoCallControl,
        NoRoom, ContactBlocked, IllegalTransition without phone."""
        channel = wanted.endpoint.channel
        if channel not in KINDS:
            raise _wrong("/endpoint", f"nobody can be called or written to from a {channel} endpoint")
        policy = await self.policies.current(self.session, self.agent.tenant_id)
        customer = await self._customer(wanted.customer_id)
        party = await self._party(wanted, channel)
        desk = await Desk.open(self.session, self.agent.tenant_id, agent_ids=[self.agent.id])
        tier = customer.tier if customer else party.customer.tier if party.customer else None
        work = desk.add(self._interaction(desk, policy, wanted, party, policy.policy.tier(tier).key))
        await check_room(self.session, work, desk.agents[self.agent.id], policy.units(channel))
        if channel == "voice":
            await self._dial(desk, work, wanted, party.address)
        elif channel == "email":
            draft = await self._mail(work, wanted)
            await self._send(desk, work, draft, party.address, wanted.attachments)
        else:
            work.interaction.conversation = await self._free_conversation(wanted.endpoint, party.address)
            await self._send(desk, work, self._message(wanted), party.address)
        return work.interaction.id

    async def _dial(self, desk: Desk, work: Work, wanted: NewContact, to: Address) -> None:
        endpoint, x = wanted.endpoint, work.interaction
        if not endpoint.controls_calls:
            raise NoCallControl()
        device = await Device.at_endpoint(self.session, self.agent.id, endpoint.id)
        if device is None:
            raise work.illegal("would ring at your phone first, but you have none there")
        rules = await self.policies.rules(self.session, x)
        leg = work.take_call(desk.agents[self.agent.id], rules.units, rules.connect_seconds)
        dialling.dial_out(desk, work, leg, device, to.value, endpoint.address)
        await desk.save()
        self.session.add(dialling.call_of(x))
        payload = {"call_id": x.conversation, "to": to.value, "purpose": wanted.purpose}
        hiding = self._hiding(wanted)
        touch = _touch(work, self.agent, hiding.text(clean_text(wanted.text or "")), payload, desk)
        touch.sealed_numbers = hiding.sealed
        await write(self.session, [Written(touch, to, work)], desk.now)

    async def _mail(self, work: Work, wanted: NewContact) -> Draft:
        text, subject = clean_text(wanted.text or ""), clean_line(wanted.subject or "")
        if not text.strip() or not subject:
            raise _wrong("/text" if subject else "/subject", "say something")
        signature = await signature_of(self.session, self.policies, self.agent, work.interaction)
        return replace(self._draft(text, {"purpose": wanted.purpose, **signature}), subject=subject)

    def _message(self, wanted: NewContact) -> Draft:
        """Who has not written may be sent an approved text only."""
        if wanted.template is None:
            raise _wrong("/template", "who has not written first can only be sent a template")
        text, template = Approved(self.directory, wanted.endpoint.id).said(wanted.template)
        return self._draft(text, {"purpose": wanted.purpose, **template})

    def _draft(self, text: str, payload: dict[str, Any]) -> Draft:
        return Draft(text=text, author=self.agent.author, payload=payload)

    async def _free_conversation(self, endpoint: Endpoint, to: Address) -> str:
        """A messenger has one conversation with each customer: two agents must not both lead it."""
        place = (endpoint.id, to.value)
        latest = (await Interaction.latest(self.session, [place])).get(place)
        if latest is not None and latest.state not in (*FINAL, State.WRAP_UP):
            said = "There is a conversation with this customer already."
            raise ContactBlocked(said, reason="conversation_open", interaction_id=str(latest.id))
        return to.value

    async def _send(
        self, desk: Desk, work: Work, draft: Draft, to: Address, attachments: Sequence[UUID] = ()
    ) -> None:
        work.take(
            desk.agents[self.agent.id], (await self.policies.rules(self.session, work.interaction)).units
        )
        work.touched(desk.now, by_customer=False)
        files = await own_files(self.session, self.agent, attachments)
        draft = replace(draft, attachments=[file.item() for file in files])
        assert work.interaction.address_id is not None
        out = compose(work, work.interaction.address_id, draft, self.directory, desk.now)
        await desk.save()
        await write(self.session, [Written(out.touch, to, work)], desk.now)
        insert_rows(self.session, out.rows)
        await hang_on(self.session, self.agent, files, out.touch)

    def _hiding(self, wanted: NewContact) -> Hiding:
        return self.directory.hiding(self.agent.tenant_id, wanted.endpoint.id)

    async def _customer(self, customer_id: UUID | None) -> Customer | None:
        found = await self.session.get(Customer, customer_id) if customer_id else None
        if customer_id is not None and found is None:  # nobody of another tenant either
            raise _wrong("/customer_id", "unknown customer")
        return found

    async def _party(self, wanted: NewContact, channel: str) -> Party:
        address = wanted.address or await self._own_address(wanted.customer_id, channel)
        readable = _readable(address, channel)
        sighting = Sighting(readable, known_only=True)  # they have not told us who they are: no new customer
        return (await identity.resolve(self.session, self.agent.tenant_id, [sighting]))[readable]

    async def _own_address(self, customer_id: UUID | None, channel: str) -> Address:
        links = await CustomerAddress.of_customers(self.session, [customer_id] if customer_id else [])
        return _first_reached([row.address for _, row in links], channel)

    def _interaction(
        self, desk: Desk, policy: TenantPolicy, wanted: NewContact, party: Party, tier: str
    ) -> Interaction:
        queue = wanted.queue or wanted.endpoint.queue
        if queue not in policy.policy.queues:
            raise _wrong("/queue", "unknown queue")
        id_, customer, hiding = new_id(), party.customer, self._hiding(wanted)
        return Interaction(
            id=id_,
            tenant_id=desk.tenant_id,
            channel=wanted.endpoint.channel,
            direction="outbound",
            endpoint_id=wanted.endpoint.id,
            address_id=party.address_id,
            customer_id=None if customer is None else customer.id,
            picked_customer_id=wanted.customer_id,
            queue=queue,
            state=State.QUEUED,
            version=0,
            relevant_version=0,
            conversation=str(id_),
            subject=hiding.text(clean_line(wanted.subject or wanted.purpose)),
            thread={"subject": hiding.text(clean_line(wanted.subject))} if wanted.subject else {},
            tier=tier,
            policy_version=policy.version,
            age_us=0,
            boost_seconds=0,
            created_at=desk.now,
            cool_downs={},
        )


def _readable(address: Address, channel: str) -> Address:
    if channel == "email":
        mail = email_address(address.value)
        found = None if mail is None or address.kind != "email" else Address(kind="email", value=mail)
    else:
        found = phone_address(address.value) if address.kind in KINDS["voice"] else None
    if found is None:
        raise _wrong("/address", f"nothing that {channel} reaches")
    return found


def _first_reached(addresses: Sequence[Address], channel: str) -> Address:
    for address in addresses:
        if address.kind in KINDS[channel]:
            return address
    raise _wrong("/customer_id", f"this customer has no address that {channel} reaches")


def _touch(work: Work, agent: AgentPrincipal, text: str, payload: dict[str, Any], desk: Desk) -> Touch:
    x = work.interaction
    return Touch(
        tenant_id=x.tenant_id,
        id=new_id(),
        address_id=x.address_id,
        endpoint_id=x.endpoint_id,
        at=desk.now,
        direction="outbound",
        kind="call",
        channel="voice",
        text=text,
        payload=payload,
        author=agent.author,
        attachments=[],
        delivery_hops=[],
        version=1,
    )


def _wrong(pointer: str, message: str) -> Invalid:
    return Invalid(message, errors=[{"pointer": pointer, "message": message}])
