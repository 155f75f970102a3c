"""An agent writes to a messenger's customer: freely while the reply window is open, by a template after."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import text

from app.clock import new_id
from interactions.life.desk import Desk
from models import ContactAddress, Endpoint, Interaction
from models.reply_window import ReplyWindow
from tests.interactions.office import Office

CONFIG = {
    "phone_number_id": "1",
    "access_token": "t",
    "app_secret": "s",
    "verify_token": "v",
    "templates": [{"name": "arrived", "language": "en", "body": "Order {{1}} has arrived."}],
}
ARRIVED = {"key": "arrived/en", "values": ["4711"]}
LISTED = {
    "key": "arrived/en", "name": "arrived/en", "language": None, "text": "Order {{1}} has arrived.",
    "gaps": ["1"], "approved": True,
}  # fmt: skip


class Chat:
    """A customer's conversation in li's hands; `left` None: any number of replies."""

    def __init__(self, office: Office) -> None:
        self.office, self.interaction_id = office, new_id()
        self.endpoint_id, self.address_id = new_id(), new_id()

    async def begin(self, until: timedelta | None, left: int | None = None) -> None:
        container, tenant_id = self.office.container, self.office.tenant.id
        sealed = container.cipher.seal(tenant_id, orjson.dumps(CONFIG))
        async with container.database.transaction(tenant_id) as session:
            session.add(
                Endpoint(
                    id=self.endpoint_id, tenant_id=tenant_id, key="messenger", adapter="whatsapp",
                    channel="messaging", queue="billing", config=sealed,
                )
            )  # fmt: skip
            session.add(
                ContactAddress(id=self.address_id, tenant_id=tenant_id, kind="phone", value="+8613800138000")
            )
            await session.flush()
            desk = await Desk.open(session, tenant_id, agent_ids=[self.office.agent_id("li")])
            work = desk.add(
                Interaction(
                    id=self.interaction_id, tenant_id=tenant_id, channel="messaging", queue="billing",
                    endpoint_id=self.endpoint_id, address_id=self.address_id, conversation="+8613800138000",
                    state="queued", version=0, relevant_version=0, tier="standard", policy_version=2,
                    age_us=0, boost_seconds=0, cool_downs={},
                )
            )  # fmt: skip
            work.enter_queue("billing", "new")
            work.take(desk.agents[self.office.agent_id("li")], 25)
            await desk.save()
            if until is not None:
                session.add(
                    ReplyWindow(
                        tenant_id=tenant_id, endpoint_id=self.endpoint_id, address_id=self.address_id,
                        seconds=86400, until=desk.now + until, messages_left=left,
                    )
                )  # fmt: skip
        await container.endpoints.refresh()

    async def say(self, key: str = "m1", **facts: Any) -> httpx.Response:
        body = {"text": "hello", "client_message_id": key, "version": 99, **facts}
        url = f"/v1/interactions/{self.interaction_id}/messages"
        return await self.office.client.post(url, json=body, headers=self.office.tenant.bearer("li"))

    async def get(self, path: str = "") -> Any:
        url = f"/v1/interactions/{self.interaction_id}{path}"
        return (await self.office.client.get(url, headers=self.office.tenant.bearer("li"))).json()

    async def deliveries(self) -> int:
        async with self.office.container.database.transaction(self.office.tenant.id) as session:
            found = await session.execute(
                text("SELECT count(*) FROM touch WHERE interaction_id = :id AND direction = 'outbound'"),
                {"id": self.interaction_id},
            )
            return int(found.scalar_one())


@pytest.fixture
def chat(office: Office) -> Chat:
    return Chat(office)


HOUR = timedelta(hours=1)


class TestOpenWindow:
    async def test_takes_a_message_and_counts_it(self, chat: Chat) -> None:
        await chat.begin(HOUR, 5)
        assert (await chat.say()).status_code == 202
        shown = await chat.get()
        assert shown["replies_left"] == 4 and shown["reply_until"] is not None

    async def test_the_same_message_again_is_not_counted(self, chat: Chat) -> None:
        await chat.begin(HOUR, 5)
        assert (await chat.say()).json()["id"] == (await chat.say()).json()["id"]
        assert (await chat.get())["replies_left"] == 4

    async def test_any_number(self, chat: Chat) -> None:
        await chat.begin(HOUR)
        for key in ("m1", "m2", "m3"):
            assert (await chat.say(key)).status_code == 202
        assert (await chat.get())["replies_left"] is None

    async def test_the_last_reply_is_not_used_twice(self, chat: Chat) -> None:
        await chat.begin(HOUR, 1)
        answers = await asyncio.gather(*(chat.say(f"m{number}") for number in range(6)))
        assert sorted(answer.status_code for answer in answers) == [202, 409, 409, 409, 409, 409]
        assert await chat.deliveries() == 1


class TestWhatThePlatformDoesNotTake:
    async def test_is_said_at_once(self, chat: Chat) -> None:
        await chat.begin(HOUR, 5)
        answer = await chat.say(text="x" * 4097)
        assert answer.status_code == 422
        assert answer.json()["errors"] == [
            {"pointer": "/text", "message": "4097 characters, and this channel takes 4096"}
        ]
        assert await chat.deliveries() == 0
        assert (await chat.say("m2", text="x" * 4096)).status_code == 202


class TestClosedWindow:
    async def test_is_a_problem_that_names_the_templates(self, chat: Chat) -> None:
        await chat.begin(-HOUR)
        answer = await chat.say()
        assert answer.status_code == 409
        problem = answer.json()
        assert problem["type"] == "/problems/reply-window-closed"
        assert problem["templates"] == [LISTED]
        assert await chat.deliveries() == 0

    async def test_of_a_customer_who_never_wrote(self, chat: Chat) -> None:
        await chat.begin(None)
        assert (await chat.say()).json()["type"] == "/problems/reply-window-closed"

    async def test_used_up(self, chat: Chat) -> None:
        await chat.begin(HOUR, 0)
        assert (await chat.say()).status_code == 409


class TestTemplate:
    async def test_goes_out_when_the_window_is_closed(self, chat: Chat) -> None:
        await chat.begin(-HOUR)
        answer = await chat.say(template=ARRIVED)
        assert answer.status_code == 202
        assert answer.json()["text"] == "Order 4711 has arrived."
        assert answer.json()["payload"]["template"] == ARRIVED

    async def test_uses_no_reply_up(self, chat: Chat) -> None:
        await chat.begin(HOUR, 1)
        await chat.say(template=ARRIVED)
        assert (await chat.say("m2")).status_code == 202

    @pytest.mark.parametrize(
        "template",
        [{"key": "unknown/en"}, {"key": "arrived/en"}, {"key": "arrived/en", "values": ["a", "b"]}],
    )
    async def test_unknown_or_filled_wrongly(self, chat: Chat, template: dict[str, Any]) -> None:
        await chat.begin(-HOUR)
        answer = await chat.say(template=template)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/template"

    async def test_are_listed(self, chat: Chat) -> None:
        await chat.begin(HOUR)
        (found,) = (await chat.get("/templates"))["items"]
        assert found == LISTED
