"""An agent arranges a callback: for a caller who waits, or later for somebody with whom there was contact."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import AgentPrincipal
from app.addresses import phone_address
from app.clock import new_id
from app.errors import Invalid, NoCallControl
from app.events import Address
from customers import identity
from customers.identity import Sighting
from interactions.calls import call_commands, callbacks
from interactions.intake.acquaintance import introduce
from interactions.life.desk import Desk
from interactions.life.policies import PolicyBook
from interactions.life.work import Work
from models.customer import CustomerAddress
from models.endpoint import Endpoint
from models.interaction import Interaction, State


class CallbackRequests:
    """One agent's requests in one transaction."""

    def __init__(self, session: AsyncSession, agent: AgentPrincipal, policies: PolicyBook) -> None:
        self.session, self.agent, self.policies = session, agent, policies

    async def arrange(self, interaction_id: UUID, at: datetime | None, address: Address | None) -> UUID:
        """The interaction that will be the callback: this one while its caller waits or while it is one
        already, else a new one that follows it. `address` None: where they called from, else the customer's
        first number. Raises NotFound, Invalid naming the field, NoCallControl, IllegalTransition."""
        desk, work = await Desk.one(self.session, self.agent.tenant_id, interaction_id)
        if work.state == State.CONNECTING:
            raise work.illegal("rings already")
        to = await self._number(work, address)
        if work.may_be_moved:
            work.interaction.callback_to = to
        elif work.may_be_promised and work.interaction.channel == "voice":
            await self._check_control(work.interaction.endpoint_id)
            await callbacks.promise(desk, work, to, None)
        else:
            work = await self._follow_up(desk, work, to, address)
        await self._plan(desk, work, at)
        await desk.save()
        return work.interaction.id

    async def _plan(self, desk: Desk, work: Work, at: datetime | None) -> None:
        if not await callbacks.arrange(desk, self.policies, work, at):
            raise Invalid(
                "There are no calling hours within a year.",
                errors=[{"pointer": "/at", "message": "no calling hours from then on"}],
            )

    async def _follow_up(self, desk: Desk, before: Work, to: str, address: Address | None) -> Work:
        x, policy = before.interaction, await self.policies.current(self.session, desk.tenant_id)
        customer_id = x.picked_customer_id or x.customer_id
        work = desk.add(
            Interaction(
                id=new_id(),
                tenant_id=desk.tenant_id,
                channel="voice",
                direction="inbound",
                endpoint_id=await self._endpoint(x),
                address_id=await self._address_id(x, to, address),
                customer_id=x.customer_id,
                picked_customer_id=customer_id,
                queue=x.queue if x.queue in policy.policy.queues else next(iter(policy.policy.queues)),
                state=State.SCHEDULED,
                version=0,
                relevant_version=0,
                subject=x.subject,
                preview=x.preview,
                tier=x.tier,
                policy_version=policy.version,
                preferred_agent_id=self.agent.id,
                follows_id=x.id,
                callback_to=to,
                callback_attempts=0,
                age_us=0,
                boost_seconds=0,
                cool_downs={},
            )
        )
        await introduce(self.session, policy, [work])
        return work

    async def _number(self, work: Work, address: Address | None) -> str:
        """Raises Invalid for what nobody could dial."""
        if address is not None:
            found = phone_address(address.value) if address.kind in callbacks.DIALLED else None
            if found is None:
                raise _no_number("nothing that could be dialled")
            return found.value
        x = work.interaction
        own = x.callback_to or await callbacks.number_of(self.session, x)
        own = own or await self._number_of_customer(x.picked_customer_id or x.customer_id)
        if own is None:
            raise _no_number("say which number: none is known")
        return own

    async def _number_of_customer(self, customer_id: UUID | None) -> str | None:
        if customer_id is None:
            return None
        links = await CustomerAddress.of_customers(self.session, [customer_id])
        return next((row.value for _, row in links if row.kind in callbacks.DIALLED), None)

    async def _address_id(self, x: Interaction, to: str, address: Address | None) -> UUID:
        """The row of the number that is dialled: what is said stands on its timeline."""
        if address is None and x.address_id is not None and await callbacks.number_of(self.session, x) == to:
            return x.address_id
        dialled = phone_address(to) or Address(kind="phone", value=to)
        sighting = Sighting(dialled, known_only=True)
        return (await identity.resolve(self.session, x.tenant_id, [sighting]))[dialled].address_id

    async def _endpoint(self, x: Interaction) -> UUID:
        """The hotline that the call came by; of other channels the first that takes commands."""
        if x.channel == "voice" and x.endpoint_id is not None:
            await self._check_control(x.endpoint_id)
            return x.endpoint_id
        query = select(Endpoint.id).where(Endpoint.controls_calls, Endpoint.retired_at.is_(None))
        found: UUID | None = await self.session.scalar(query.order_by(Endpoint.key).limit(1))
        if found is None:
            raise NoCallControl()
        return found

    async def _check_control(self, endpoint_id: UUID | None) -> None:
        if not await call_commands.controls_calls(self.session, endpoint_id):
            raise NoCallControl()


def _no_number(message: str) -> Invalid:
    return Invalid(errors=[{"pointer": "/address", "message": message}])
