"""Where a queue accepts for its agents: when the desktop shows the offer, and not before."""

from copy import deepcopy

from sqlalchemy import select

from app.setup.model import Document
from app.setup.policy import policy_document
from app.setup.service import published_policy
from models import Endpoint, Policy
from models.agent import Presence
from models.delivery import Delivery
from models.offer import OfferState
from tests.stream.desktops import Api
from tests.worker.center import SETUP, Center


async def accept_for_agents(center: Center) -> None:
    """Version 2: every chat and call is accepted for its agent."""
    setup = deepcopy(SETUP)
    for channel in ("voice", "chat"):
        setup["queues"][0]["channels"][channel]["auto_accept"] = True
    document = Document.model_validate(setup)
    published = published_policy(policy_document(document), document)
    async with center.api.transaction(center.tenant_id) as session:
        session.add(Policy(tenant_id=center.tenant_id, version=2, document=published, digest="2"))


async def test_a_chat_that_the_desktop_shows_is_in_the_agents_hands(center: Center, api: Api) -> None:
    await accept_for_agents(center)
    li = center.agents["li"]
    async with center.routed(), api.desktop(li) as desktop:
        await center.choose("li", Presence.AVAILABLE)
        waiting = await center.queue()
        offer = (await desktop.event("offer.created"))["data"]
        assert offer["auto_accept"] is True
        ended = (await desktop.event("offer.revoked"))["data"]
        assert (ended["offer_id"], ended["state"]) == (offer["offer_id"], "accepted")
    interaction = await center.interaction(waiting)
    assert (interaction.state, interaction.last_agent_id) == ("active", li.id)


async def test_a_call_then_rings_at_the_agents_device(center: Center, api: Api) -> None:
    await accept_for_agents(center)
    async with center.api.transaction(center.tenant_id) as session:
        (await session.get_one(Endpoint, center.voice.id)).controls_calls = True
    async with center.routed(), api.desktop(center.agents["li"]) as desktop:
        await center.choose("li", Presence.AVAILABLE)
        waiting = await center.queue("voice")
        await desktop.event("offer.created")
        await desktop.event("offer.revoked", state="accepted")
    assert (await center.interaction(waiting)).state == "connecting"
    async with center.worker.transaction(center.tenant_id) as session:
        [command] = await session.scalars(select(Delivery).where(Delivery.interaction_id == waiting))
    assert command.payload["command"] == "call.route"


async def test_what_no_desktop_shows_is_nobodys(center: Center, api: Api) -> None:
    center.limits = type(center.limits)(undelivered_seconds=0.3)
    await accept_for_agents(center)
    async with center.routed(), api.desktop(center.agents["li"], show=False) as desktop:
        await center.choose("li", Presence.AVAILABLE)
        await center.queue()
        offer = (await desktop.event("offer.created"))["data"]
        settled = await center.settled(offer["offer_id"])
        assert (settled.state, settled.cause) == (OfferState.REVOKED, "undelivered")


async def test_shown_twice_is_accepted_once(center: Center, api: Api) -> None:
    await accept_for_agents(center)
    async with center.routed(), api.desktop(center.agents["li"]) as desktop:
        await center.choose("li", Presence.AVAILABLE)
        waiting = await center.queue()
        offer = (await desktop.event("offer.created"))["data"]
        await desktop.send({"type": "offer_shown", "offer_id": offer["offer_id"]})
        await desktop.event("offer.revoked", state="accepted")
        await desktop.send({"type": "offer_shown", "offer_id": offer["offer_id"]})
    assert (await center.interaction(waiting)).state == "active"
    assert len(await center.offers_made(waiting, 1)) == 1
