"""Customers of WeCom's customer service and an agent talk through the whole running service: callbacks that
are lost, repeated or late, colleagues in WeCom itself, sessions that are not ours."""

import asyncio

import pytest

from channels.wecom.message_ids import message_id
from demo.messengers.wecom import WecomPlatform
from tests.channels.conftest import GREETING, Place, World
from tests.channels.weixin.answers import SECONDS, failed, file, reply, sent
from tests.platforms.talk import Talk
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(300)

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64
PDF = b"%PDF-1.4\n" + b"\x00" * 64
WANG = "wmAJ2GCAAAme1XQRC-NI-q0_ZM9ukoAw"


@pytest.fixture
def place(world: World) -> Place[WecomPlatform]:
    return world.wecom.pop()


async def test_the_console_accepts_our_address(place: Place[WecomPlatform]) -> None:
    assert await place.platform.checks_address()
    place.platform.token = "anotherToken"
    assert not await place.platform.checks_address()


async def test_both_directions_with_callbacks_lost_and_repeated(place: Place[WecomPlatform]) -> None:
    platform = place.platform
    async with place.lane.desktop() as desk:
        platform.silent = True
        wanted = [f"第{n}条" for n in range(3)]
        for text in wanted:
            await platform.says(WANG, text)
        platform.silent = False
        wanted.append("在吗")
        await platform.says(WANG, "在吗", rings=3)
        talk = await Talk.taken(desk)
        await talk.said(*wanted, seconds=SECONDS)
        assert (await desk.interaction(talk.interaction_id))["replies_left"] == 5
        for n in range(4):
            await sent(talk, f"回答{n}")
        wang = platform.customers[WANG]
        assert (wang.texts, wang.state) == ([f"回答{n}" for n in range(4)], 1)
        assert {touch["author"]["name"] for touch in await talk.touches()} == {
            "张三",
            "Agent " + str(place.lane.number),
        }
        assert platform.calls["gettoken"] == 1


async def test_many_messages_in_pages(place: Place[WecomPlatform]) -> None:
    platform = place.platform
    platform.silent = True
    for n in range(250):
        await platform.says(WANG, f"{n}")
    platform.silent = False
    async with place.lane.desktop() as desk:
        await asyncio.gather(*(platform.ring() for _ in range(5)))
        talk = await Talk.taken(desk)

        async def last_there() -> bool:
            return (await talk.texts("inbound"))[-1:] == ["249"]

        await eventually(last_there, seconds=SECONDS)
        assert await talk.texts("inbound") == [f"{n}" for n in range(50, 250)], "the newest 200, each once"


async def test_files_in_both_directions(place: Place[WecomPlatform]) -> None:
    platform = place.platform
    async with place.lane.desktop() as desk:
        bill = platform.keep("file", "bill.pdf", "application/pdf", PDF)
        await platform.message(WANG, "file", {"media_id": bill})
        talk = await Talk.taken(desk)
        assert await file(talk, "bill.pdf") == PDF
        await sent(talk, "见附件", ("图.png", "image/png", PNG), ("a.pdf", "application/pdf", PDF))
        (_, text), (_, picture), (_, paper) = platform.customers[WANG].shown
        assert (text, picture.content, paper.content) == ("见附件", PNG, PDF)
        assert (picture.kind, picture.name, paper.kind, paper.name) == ("image", "图.png", "file", "a.pdf")


async def test_ready_answers_in_both_directions(place: Place[WecomPlatform]) -> None:
    platform = place.platform
    async with place.lane.desktop() as desk:
        await platform.says(WANG, "在吗")
        talk = await Talk.taken(desk)
        buttons = [{"id": "yes", "title": "可以"}, {"id": "no", "title": "不行"}]
        answer = await talk.reply("现在打给您可以吗？", buttons=buttons)
        await talk.becomes("sent", answer["id"], seconds=SECONDS)
        assert platform.customers[WANG].shown == [
            ("msgmenu", ("现在打给您可以吗？", {"yes": "可以", "no": "不行"}))
        ]
        await platform.message(WANG, "text", {"content": "可以", "menu_id": "yes"})
        await talk.said("在吗", "可以", seconds=SECONDS)
        assert (await talk.touches("inbound"))[1]["payload"]["menu_id"] == "yes"
        problem = await talk.refused("哪一条？", quotes=answer["id"])
        assert [error["pointer"] for error in problem["errors"]] == ["/quotes"]


async def test_an_answer_that_is_lost_reaches_the_customer_once(place: Place[WecomPlatform]) -> None:
    platform = place.platform
    async with place.lane.desktop() as desk:
        await platform.says(WANG, "在吗")
        talk = await Talk.taken(desk)
        await sent(talk, "零")
        platform.moods.extend(["well", "lost"])  # the state is told, the message is taken unheard
        await sent(talk, "一")
        await sent(talk, "二")
        assert platform.customers[WANG].texts == ["零", "一", "二"]


async def test_an_outage_in_the_middle(place: Place[WecomPlatform]) -> None:
    platform = place.platform
    async with place.lane.desktop() as desk:
        await platform.says(WANG, "在吗")
        talk = await Talk.taken(desk)
        platform.away = True
        touches = [await reply(talk, text) for text in ("一", "二", "三")]
        await platform.says(WANG, "喂？")
        platform.away = False
        await talk.said("在吗", "喂？", seconds=SECONDS)
        await talk.becomes("sent", *touches, seconds=SECONDS)
        assert platform.customers[WANG].texts == ["一", "二", "三"]


async def test_throttled_busy_and_logged_out(place: Place[WecomPlatform]) -> None:
    platform = place.platform
    async with place.lane.desktop() as desk:
        platform.moods.extend([45009, -1])
        await platform.says(WANG, "在吗")
        talk = await Talk.taken(desk)
        platform.tokens.clear()
        await sent(talk, "一")
        platform.forward += 7300
        await sent(talk, "二")
        assert platform.customers[WANG].texts == ["一", "二"]
        assert platform.calls["gettoken"] == 3


async def test_a_colleague_answers_in_wecom(place: Place[WecomPlatform]) -> None:
    platform, lane = place.platform, place.lane
    async with (
        lane.desktop(available=False) as desk,
        lane.desktop(available=False, email="boss@acme.test") as boss,
    ):

        async def closed() -> bool:
            answer = await boss.client.http.get(
                "/v1/interactions", params={"queue": lane.queue, "state": "closed"}
            )
            return bool(answer.json()["items"])

        await platform.says(WANG, "在吗")
        await platform.colleague_says(WANG, "在的")
        await eventually(closed, seconds=SECONDS)
        await desk.client.be("available")
        await platform.says(WANG, "谢谢")
        talk = await Talk.taken(desk)
        await talk.said("谢谢", seconds=SECONDS)  # what came before was answered
        assert platform.customers[WANG].shown == []


async def test_sessions_that_a_colleague_has(place: Place[WecomPlatform]) -> None:
    platform = place.platform
    platform.pool_takes = True
    async with place.lane.desktop() as desk:
        await platform.says(WANG, "在吗")
        talk = await Talk.taken(desk)
        assert "colleague" in await failed(talk, "您好")
        assert platform.customers[WANG].texts == []


async def test_a_message_that_turns_out_not_to_have_arrived(place: Place[WecomPlatform]) -> None:
    platform = place.platform
    async with place.lane.desktop() as desk:
        await platform.says(WANG, "在吗")
        talk = await Talk.taken(desk)
        touch = await sent(talk, "您好")
        await platform.fails(WANG, message_id(touch["id"], 0), 10)
        (touch,) = await talk.becomes("failed", touch["id"], seconds=SECONDS)
        assert touch["delivery"]["hops"][-1]["reason"] == "the customer refuses messages"


async def test_who_comes_is_greeted_once(place: Place[WecomPlatform]) -> None:
    platform = place.platform
    await platform.enters(WANG)
    await eventually(lambda: platform.customers[WANG].texts, seconds=SECONDS)
    assert platform.customers[WANG].texts == [GREETING]
