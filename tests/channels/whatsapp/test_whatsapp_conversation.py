"""Conversations in both directions against the fake platform, through running api and worker processes."""

import os
import random
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.embedded import EmbeddedPostgres
from demo.messengers.whatsapp import WhatsApp
from tests.channels.whatsapp.build import CONFIG
from tests.conftest import clone
from tests.platforms.talk import Talk
from tests.running import Desktop, Lane, running
from tests.serving import serving
from tests.waiting import eventually

SEED = int(os.environ.get("TOUCHPOINT_WHATSAPP_SEED", "7"))
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
)


@dataclass
class Line:
    """The platform and the lane that its customers are served in."""

    platform: WhatsApp
    lane: Lane


@pytest.fixture(scope="module")
async def line(
    postgres: EmbeddedPostgres, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Line]:
    print(f"seed {SEED}: TOUCHPOINT_WHATSAPP_SEED={SEED}")
    secrets = (CONFIG["access_token"], CONFIG["app_secret"], CONFIG["verify_token"])
    platform = WhatsApp(CONFIG["phone_number_id"], *secrets, random.Random(SEED))
    async with clone(postgres, template_database) as url, serving(platform.app()) as api_url:
        order_ready = {"name": "order_ready", "language": "zh_CN", "body": "您好{{1}}，您的订单{{2}}已备好。"}
        config = CONFIG | {"api_url": api_url, "templates": [order_ready]}

        def shape(document: dict[str, Any]) -> None:
            whatsapp = {"key": "whatsapp", "adapter": "whatsapp", "queue": "lane-1", "config": config}
            document["endpoints"].append(whatsapp)

        folder: Path = tmp_path_factory.mktemp("whatsapp")
        async with running(url, folder, lanes=1, shape=shape) as service:
            platform.webhook = f"{service.url}{service.endpoints['whatsapp']['path']}"
            yield Line(platform, service.lane())


@pytest.fixture
async def desk(line: Line) -> AsyncIterator[Desktop]:
    async with line.lane.desktop() as desk:
        yield desk


async def begun(line: Line, desk: Desktop, customer: str, text: str = "hello") -> Talk:
    """A new customer has written, and the agent has taken it."""
    message = line.platform.customer_says(customer, type="text", text={"body": text})
    await line.platform.messages(message)
    return await Talk.taken(desk)


class TestTheAddress:
    async def test_is_checked_by_meta(self, line: Line) -> None:
        assert await line.platform.subscribe()

    async def test_is_not_ours_with_another_word(self, line: Line) -> None:
        ours, line.platform.verify_token = line.platform.verify_token, "another"
        assert not await line.platform.subscribe()
        line.platform.verify_token = ours

    async def test_takes_nothing_that_meta_did_not_sign(self, line: Line) -> None:
        ours, line.platform.app_secret = line.platform.app_secret, "another"
        assert await line.platform.post({"messages": []}) == [401]
        line.platform.app_secret = ours


class TestAConversation:
    async def test_with_repeats_disorder_throttling_and_an_outage(self, line: Line, desk: Desktop) -> None:
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
        self, line: Line, desk: Desktop
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
    async def test_in_both_directions(self, line: Line, desk: Desktop) -> None:
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
    async def test_closed_lets_templates_through(self, line: Line, desk: Desktop) -> None:
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
    async def test_with_words_that_help(self, line: Line, desk: Desktop) -> None:
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
