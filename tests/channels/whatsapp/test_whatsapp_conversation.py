"""Conversations in both directions against the fake platform, through running api and worker processes."""

import time
from collections.abc import AsyncIterator
from uuid import uuid4

import orjson
import pytest

from demo.messengers.whatsapp import WhatsApp
from tests.channels.conftest import Place, World
from tests.platforms.talk import Talk
from tests.running import Desktop
from tests.waiting import eventually

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
)


@pytest.fixture
def line(world: World) -> Place[WhatsApp]:
    return world.whatsapp.pop()


@pytest.fixture
async def desk(line: Place[WhatsApp]) -> AsyncIterator[Desktop]:
    async with line.lane.desktop() as desk:
        yield desk


async def begun(line: Place[WhatsApp], desk: Desktop, customer: str, text: str = "hello") -> Talk:
    """A new customer has written, and the agent has taken it."""
    message = line.platform.customer_says(customer, type="text", text={"body": text})
    await line.platform.messages(message)
    return await Talk.taken(desk)


class TestTheAddress:
    async def test_is_checked_by_meta(self, line: Place[WhatsApp]) -> None:
        assert await line.platform.subscribe()

    async def test_is_not_ours_with_another_word(self, line: Place[WhatsApp]) -> None:
        line.platform.verify_token = "another"
        assert not await line.platform.subscribe()

    async def test_takes_nothing_that_meta_did_not_sign(self, line: Place[WhatsApp]) -> None:
        line.platform.app_secret = "another"
        assert await line.platform.post({"messages": []}) == [401]


class TestAConversation:
    async def test_with_repeats_disorder_throttling_and_an_outage(
        self, line: Place[WhatsApp], desk: Desktop
    ) -> None:
        platform, customer = line.platform, "8613800138001"
        now = int(time.time()) - 60
        first, second, third = (
            platform.customer_says(customer, at=now + n, type="text", text={"body": f"question {n}"})
            for n in (1, 2, 3)
        )
        await platform.messages(second, first, times=3)
        talk = await Talk.taken(desk)
        await talk.said("question 1", "question 2")
        platform.moods.extend([(429, 130429), (500, 131016)])
        answers = [await talk.reply(f"answer {n}") for n in (1, 2)]
        await talk.becomes("sent", *[answer["id"] for answer in answers], seconds=40)
        platform.away = True
        answers.append(await talk.reply("answer 3"))
        asked = platform.asked["messages"]
        await eventually(lambda: platform.asked["messages"] > asked, seconds=30)
        await platform.messages(third, first, times=2)
        await talk.said("question 1", "question 2", "question 3")
        platform.away = False
        ids = [answer["id"] for answer in answers]
        await talk.becomes("sent", *ids, seconds=40)
        assert [taken.text for taken in platform.taken if taken.to == customer] == [
            "answer 1",
            "answer 2",
            "answer 3",
        ]
        await platform.post_receipts(times=3)
        await talk.becomes("read", *ids)
        await talk.said("answer 1", "answer 2", "answer 3", direction="outbound")
        await talk.said("question 1", "question 2", "question 3")
        await talk.finish()

    async def test_receipts_that_come_before_the_answer_of_the_platform(
        self, line: Place[WhatsApp], desk: Desktop
    ) -> None:
        """A lost answer is sent once more with the same key; receipts of either never move a state back."""
        platform, customer = line.platform, "8613800138002"
        talk = await begun(line, desk, customer)
        platform.lose = 1
        answer = await talk.reply("twice, if it must be")
        await eventually(lambda: [taken for taken in platform.taken if taken.to == customer])
        await platform.post_receipts()
        await talk.becomes("sent", answer["id"], seconds=30)
        mine = [taken for taken in platform.taken if taken.to == customer]
        assert len(mine) == 2
        assert len({taken.key for taken in mine}) == 1
        await platform.post_receipts()
        await talk.becomes("read", answer["id"])
        await talk.said("twice, if it must be", direction="outbound")
        await talk.finish()


class TestFiles:
    async def test_in_both_directions(self, line: Place[WhatsApp], desk: Desktop) -> None:
        platform, customer = line.platform, "8613800138003"
        talk = await begun(line, desk, customer)
        await platform.messages(platform.customer_sends_file(customer, "image", "image/png", PNG), times=2)
        await talk.said("hello", "")
        sent = (await talk.touches("inbound"))[1]
        shown = await talk.touch(sent["id"], lambda touch: bool(touch["attachments"][0].get("id")))
        (attachment,) = shown["attachments"]
        file = await desk.client.http.get(f"/v1/attachments/{attachment['id']}")
        assert (file.status_code, file.content) == (200, PNG)
        ours = await talk.upload("receipt.png", "image/png", PNG)
        answer = await talk.reply("your receipt", attachments=[ours])
        await talk.becomes("sent", answer["id"])
        (taken,) = [each for each in platform.taken if each.to == customer]
        assert (taken.body["type"], taken.text) == ("image", "your receipt")
        assert platform.files[taken.body["image"]["id"]][1] == PNG
        await talk.finish()


class TestAnswering:
    async def test_with_buttons_and_quotes(self, line: Place[WhatsApp], desk: Desktop) -> None:
        platform, customer = line.platform, "8613800138006"
        talk = await begun(line, desk, customer, "which colours are there?")
        (asked,) = await talk.touches("inbound")
        buttons = [{"id": str(n), "title": title} for n, title in enumerate(("red", "green", "blue", "grey"))]
        ours = await talk.reply("These four:", buttons=buttons, quotes=asked["id"])
        await talk.becomes("sent", ours["id"])
        again = await talk.reply("or none of them", quotes=ours["id"])
        await talk.becomes("sent", again["id"])
        first, second = [each for each in platform.taken if each.to == customer]
        rows = first.body["interactive"]["action"]["sections"][0]["rows"]
        assert [row["title"] for row in rows] == ["red", "green", "blue", "grey"]
        assert first.body["context"]["message_id"].startswith("wamid.in")
        assert second.body["context"] == {"message_id": first.id}
        tapped = {"type": "list_reply", "list_reply": {"id": "1", "title": "green"}}
        context = {"from": "15550783881", "id": first.id}
        said = platform.customer_says(customer, type="interactive", interactive=tapped, context=context)
        await platform.messages(said)
        await talk.said("which colours are there?", "green")
        payload = (await talk.touches("inbound"))[1]["payload"]
        assert (payload["button"]["id"], payload["reply_to"]) == ("1", first.id)
        await talk.finish()

    async def test_refused_by_field(self, line: Place[WhatsApp], desk: Desktop) -> None:
        talk = await begun(line, desk, "8613800138007")
        many = [{"id": str(n), "title": f"title {n}"} for n in range(11)]
        note = await desk.client.post(f"{talk.path}/notes", {"text": "not for the customer"})
        for pointer, wrong in (
            ("/buttons", {"text": "which?", "buttons": many}),
            ("/buttons/0/title", {"text": "which?", "buttons": [{"id": "1", "title": "x" * 25}]}),
            ("/text", {"text": "", "buttons": many[:1]}),
            ("/text", {"text": "x" * 1025, "buttons": many[:1]}),
            ("/buttons", {"text": "which?", "buttons": [many[0], many[0]]}),
            ("/quotes", {"text": "this one", "quotes": note.json()["id"]}),
            ("/quotes", {"text": "this one", "quotes": str(uuid4())}),
        ):
            problem = await talk.refused(**wrong)
            assert [error["pointer"] for error in problem["errors"]] == [pointer], wrong
        await talk.finish()


class TestReadMarks:
    async def test_the_customer_sees_what_was_read_and_that_somebody_writes(
        self, line: Place[WhatsApp], desk: Desktop
    ) -> None:
        platform, customer = line.platform, "8613800138008"
        message = platform.customer_says(customer, type="text", text={"body": "hello"})
        await platform.messages(message)
        talk = await Talk.taken(desk)
        (touch,) = await talk.touches("inbound")
        for _ in range(2):
            answer = await desk.client.http.post(f"{talk.path}/read", json={"touch_id": touch["id"]})
            assert answer.status_code == 204, answer.text
        read = (message["id"], False)
        await eventually(lambda: read in platform.read, seconds=20)
        await talk.touch(touch["id"], lambda shown: shown["delivery"]["state"] == "read")
        typing = {"type": "typing", "interaction_id": talk.interaction_id}
        await desk.client.socket.send(orjson.dumps(typing).decode())
        await eventually(lambda: (message["id"], True) in platform.read, seconds=20)
        assert platform.read.count(read) == 1
        ours = await talk.reply("hello!")
        wrong = await desk.client.http.post(f"{talk.path}/read", json={"touch_id": ours["id"]})
        assert wrong.status_code == 404
        await talk.finish()


class TestWritingFirst:
    async def test_with_a_template_which_the_customer_answers(
        self, line: Place[WhatsApp], desk: Desktop
    ) -> None:
        platform, customer = line.platform, "8613800138009"
        key = f"account-{line.lane.number - 1}"
        offered = (await desk.client.http.get("/v1/me/messengers")).json()["items"]
        assert {one["key"]: one["templates"][0]["gaps"] for one in offered}[key] == ["1", "2"]
        wish = {
            "channel": "messaging",
            "endpoint": key,
            "address": {"kind": "phone", "value": f"+{customer}"},
            "queue": line.lane.queue,
            "purpose": "service",
        }
        for pointer, more in (
            ("/template", {"text": "hello"}),
            ("/template", {"template": {"key": "order_ready/zh_CN", "values": ["王芳"]}}),
            ("/address", {"address": {"kind": "email", "value": "wang@example.test"}}),
        ):
            refused = await desk.client.post("/v1/interactions", wish | more)
            assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer), more
        template = {"key": "order_ready/zh_CN", "values": ["王芳", "A-17"]}
        opened = await desk.client.post("/v1/interactions", wish | {"template": template})
        assert opened.status_code == 201, opened.text
        talk = Talk(desk, opened.json()["id"])
        (touch,) = await talk.touches("outbound")
        assert touch["text"] == "您好王芳，您的订单A-17已备好。"
        await talk.becomes("sent", touch["id"])
        again = await desk.client.post("/v1/interactions", wish | {"template": template})
        assert (again.status_code, again.json()["type"]) == (409, "/problems/contact-blocked")
        assert again.json()["interaction_id"] == talk.interaction_id
        assert (await talk.refused("and then?"))["type"] == "/problems/reply-window-closed"
        await platform.messages(platform.customer_says(customer, type="text", text={"body": "thanks"}))
        await talk.said("thanks")
        await talk.becomes("sent", (await talk.reply("you are welcome"))["id"])
        assert [taken.body["type"] for taken in platform.taken if taken.to == customer] == [
            "template",
            "text",
        ]
        await talk.finish()


class TestTheWindow:
    async def test_closed_lets_templates_through(self, line: Place[WhatsApp], desk: Desktop) -> None:
        platform, customer = line.platform, "8613800138005"
        yesterday = int(time.time()) - 25 * 3600
        late = platform.customer_says(customer, at=yesterday, type="text", text={"body": "anybody there?"})
        await platform.messages(late)
        platform.day_passes(customer)
        talk = await Talk.taken(desk)
        problem = await talk.refused("sorry, we were busy")
        assert (problem["status"], problem["type"]) == (409, "/problems/reply-window-closed")
        (template,) = problem["templates"]
        assert (template["key"], template["gaps"]) == ("order_ready/zh_CN", ["1", "2"])
        wrong = await talk.refused(template={"key": template["key"], "values": ["王芳"]})
        assert (wrong["status"], wrong["errors"][0]["pointer"]) == (422, "/template")
        sent = await talk.reply(template={"key": template["key"], "values": ["王芳", "A-17"]})
        assert sent["text"] == "您好王芳，您的订单A-17已备好。"
        await talk.becomes("sent", sent["id"])
        (taken,) = [each for each in platform.taken if each.to == customer]
        assert taken.body["template"]["components"][0]["parameters"][1]["text"] == "A-17"
        await platform.messages(platform.customer_says(customer, type="text", text={"body": "thanks"}))
        await talk.said("anybody there?", "thanks")
        answer = await talk.reply("you are welcome")
        await talk.becomes("sent", answer["id"])
        await talk.finish()


class TestRefused:
    async def test_with_words_that_help(self, line: Place[WhatsApp], desk: Desktop) -> None:
        platform, customer = line.platform, "8613800138004"
        talk = await begun(line, desk, customer)
        platform.day_passes(customer)
        answer = await talk.reply("too late")
        (failed,) = await talk.becomes("failed", answer["id"])
        reasons = [hop["reason"] for hop in failed["delivery"]["hops"]]
        assert reasons == [
            "WhatsApp 131047: the customer wrote last more than 24 hours ago: only a template may be sent"
        ]
        await talk.finish()
