"""Conversations through a bridge that was written from the channel's page, in both directions, through
running api and worker processes."""

from collections.abc import AsyncIterator

import pytest

from demo.messengers.bridge import Bridge
from tests.channels.conftest import Place, World
from tests.platforms.custom import OfficialPackage
from tests.platforms.talk import Talk
from tests.running import Desktop
from tests.waiting import eventually

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
)


@pytest.fixture
def line(world: World) -> Place[Bridge]:
    return world.custom.pop()


@pytest.fixture
async def desk(line: Place[Bridge]) -> AsyncIterator[Desktop]:
    async with line.lane.desktop() as desk:
        yield desk


class TestTheFormat:
    async def test_a_wrong_field_is_named(self, line: Place[Bridge]) -> None:
        (answer,) = await line.platform.post(line.platform.says("1", "", "hello"))
        assert answer.status_code == 422
        assert answer.json()["errors"] == [
            {"pointer": "/customer/id", "message": "String should have at least 1 character"}
        ]

    async def test_what_the_bridge_did_not_sign_is_not_taken(self, line: Place[Bridge]) -> None:
        line.platform.proof = OfficialPackage("whsec_b3RoZXItc2VjcmV0LW90aGVyLXNlY3JldA==")
        (answer,) = await line.platform.post(line.platform.says("1", "u1", "hello"))
        assert answer.status_code == 401

    async def test_what_is_unknown_is_taken(self, line: Place[Bridge]) -> None:
        (answer,) = await line.platform.post({"type": "typing", "customer": {"id": "u1"}})
        assert answer.status_code == 200


class TestAConversation:
    async def test_with_repeats_disorder_throttling_an_outage_and_lost_answers(
        self, line: Place[Bridge], desk: Desktop
    ) -> None:
        bridge, customer = line.platform, "U4af4980629"
        one, two, three = (bridge.says(f"q{n}", customer, f"question {n}") for n in (1, 2, 3))
        for event in (two, one):
            await bridge.post(event, times=3)
        talk = await Talk.taken(desk)
        await talk.said("question 1", "question 2")
        bridge.moods.extend([429, 500])
        bridge.lose = 1
        answers = [await talk.reply(f"answer {n}") for n in (1, 2)]
        await talk.becomes("sent", *[answer["id"] for answer in answers], seconds=40)
        bridge.away = True
        answers.append(await talk.reply("answer 3"))
        asked = bridge.asked["send"]
        await eventually(lambda: bridge.asked["send"] > asked, seconds=30)
        await bridge.post(three, times=2)
        await talk.said("question 1", "question 2", "question 3")
        bridge.away = False
        ids = [answer["id"] for answer in answers]
        await talk.becomes("sent", *ids, seconds=40)
        assert bridge.texts(customer) == ["answer 1", "answer 2", "answer 3"]
        await bridge.post_receipts(times=3)
        await talk.becomes("read", *ids)
        await talk.said("answer 1", "answer 2", "answer 3", direction="outbound")
        await talk.said("question 1", "question 2", "question 3")
        await talk.finish()

    async def test_files_in_both_directions_and_ids_of_ours(self, line: Place[Bridge], desk: Desktop) -> None:
        bridge, customer = line.platform, "U2"
        bridge.names_ids = False
        await bridge.post(bridge.says("f1", customer, "look", attachments=bridge.with_file("in.png", PNG)))
        talk = await Talk.taken(desk)
        await talk.said("look")
        (came,) = await talk.touches("inbound")
        shown = await talk.touch(came["id"], lambda touch: "id" in touch["attachments"][0])
        file = await desk.client.http.get(f"/v1/attachments/{shown['attachments'][0]['id']}")
        assert file.content == PNG
        answer = await talk.reply("and this", attachments=[await talk.upload("out.png", "image/png", PNG)])
        await talk.becomes("sent", answer["id"])
        assert bridge.files["out.png"] == PNG
        await bridge.post_receipts()
        await talk.becomes("read", answer["id"])
        bridge.names_ids = True
        await talk.finish()

    async def test_a_colleagues_answer_in_the_platforms_own_app(
        self, line: Place[Bridge], desk: Desktop
    ) -> None:
        bridge, customer = line.platform, "U3"
        await bridge.post(bridge.says("c1", customer, "anybody?"))
        talk = await Talk.taken(desk)
        elsewhere = bridge.says("c2", customer, "I did that already") | {"type": "message.sent_elsewhere"}
        await bridge.post(elsewhere | {"author": "Han"}, times=2)
        await talk.said("I did that already", direction="outbound")
        (touch,) = await talk.touches("outbound")
        assert touch["author"]["name"] == "Han"
        await talk.finish()


class TestTheWindow:
    async def test_five_answers_and_no_sixth(self, line: Place[Bridge], desk: Desktop) -> None:
        bridge, customer = line.platform, "U5"
        await bridge.post(bridge.says("w1", customer, "hello"))
        talk = await Talk.taken(desk)
        for n in range(5):
            await talk.reply(f"answer {n}")
        problem = await talk.refused("one too many")
        assert (problem["type"], problem["templates"]) == ("/problems/reply-window-closed", [])
        await bridge.post(bridge.says("w2", customer, "go on"))
        await talk.said("hello", "go on")
        answer = await talk.reply("answer 5")
        await talk.becomes("sent", answer["id"])
        assert bridge.texts(customer) == [f"answer {n}" for n in range(6)]
        await talk.finish()
