"""Conversations in both directions against the fake platform, through running api and worker processes."""

import time
from collections.abc import AsyncIterator

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
