"""Customers of an official account and an agent talk through the whole running service, whatever the platform
does meanwhile: every message once, in order, and what became of it."""

import asyncio
import time

import pytest

from demo.messengers.wechat import WechatPlatform
from tests.channels.conftest import GREETING, Place, World
from tests.channels.weixin.answers import SECONDS, failed, file, reply, sent
from tests.platforms.talk import Talk
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(300)

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64
AMR = b"#!AMR\n" + b"\x00" * 64
MP4 = b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 64
LI = "oMgHVjngRipVsoxg6TuX3vz6glDg"


@pytest.fixture
def place(world: World) -> Place[WechatPlatform]:
    return world.wechat.pop()


async def test_the_console_accepts_our_address(place: Place[WechatPlatform]) -> None:
    assert await place.platform.checks_address()
    place.platform.token = "anotherToken"
    assert not await place.platform.checks_address()


async def test_both_directions_with_repeats_out_of_order(place: Place[WechatPlatform]) -> None:
    platform = place.platform
    li = platform.follower(LI)
    started = time.time() - 30
    async with place.lane.desktop() as desk:
        wanted = [f"第{n}条" for n in range(5)]
        order = list(range(5))
        platform.chance.shuffle(order)
        await asyncio.gather(*(platform.says(LI, wanted[n], times=3, at=started + n) for n in order))
        assert {tuple(record.statuses) for record in platform.delivered} == {(200,)}
        assert {record.body for record in platform.delivered} == {b"success"}
        talk = await Talk.taken(desk)
        await talk.said(*wanted, seconds=SECONDS)
        for n in range(4):
            await sent(talk, f"回答{n}")
        assert li.texts == [f"回答{n}" for n in range(4)]
        assert platform.calls["stable_token"] == 1


async def test_files_in_both_directions(place: Place[WechatPlatform]) -> None:
    platform = place.platform
    async with place.lane.desktop() as desk:
        picture = platform.keep("image", "p.png", "image/png", PNG)
        word = platform.keep("voice", "v.amr", "audio/amr", AMR)
        film = platform.keep("video", "f.mp4", "video/mp4", MP4)
        await platform.message(LI, "image", {"PicUrl": "x", "MediaId": picture})
        spoken = {"MediaId": word, "Format": "amr", "Recognition": "你们几点开门"}
        await platform.message(LI, "voice", spoken)
        await platform.message(LI, "video", {"MediaId": film, "ThumbMediaId": "t"})
        talk = await Talk.taken(desk)
        await talk.said("", "你们几点开门", "", seconds=SECONDS)
        files = [await file(talk, name) for name in ("p.png", "v.amr", "video.mp4")]
        assert files == [PNG, AMR, MP4]
        await sent(talk, "见图", ("门店.png", "image/png", PNG))
        (_, text), (_, shown) = platform.followers[LI].shown
        assert (text, shown.name, shown.content) == ("见图", "门店.png", PNG)


async def test_throttled_busy_and_logged_out(place: Place[WechatPlatform]) -> None:
    platform = place.platform
    async with place.lane.desktop() as desk:
        await platform.says(LI, "在吗")
        talk = await Talk.taken(desk)
        platform.moods.extend([45011, "429"])
        await sent(talk, "一")
        platform.tokens.clear()
        await sent(talk, "二")
        platform.forward += 7300  # the token has ended, the window has not
        await sent(talk, "三")
        assert platform.followers[LI].texts == ["一", "二", "三"]
        assert platform.calls["stable_token"] == 3


async def test_an_outage_in_the_middle(place: Place[WechatPlatform]) -> None:
    platform = place.platform
    async with place.lane.desktop() as desk:
        await platform.says(LI, "在吗")
        talk = await Talk.taken(desk)
        platform.away = True
        touches = [await reply(talk, text) for text in ("一", "二", "三")]
        await platform.says(LI, "喂？")
        await talk.said("在吗", "喂？", seconds=SECONDS)
        platform.away = False
        await talk.becomes("sent", *touches, seconds=SECONDS)
        assert platform.followers[LI].texts == ["一", "二", "三"]


async def test_a_refusal_is_told_to_the_agent(place: Place[WechatPlatform]) -> None:
    platform = place.platform
    async with place.lane.desktop() as desk:
        await platform.says(LI, "在吗")
        talk = await Talk.taken(desk)
        await platform.does(LI, "unsubscribe")
        assert "does not follow" in await failed(talk, "您好")
        assert platform.followers[LI].texts == []


async def test_five_answers_and_then_the_customer_has_to_write(place: Place[WechatPlatform]) -> None:
    platform = place.platform
    async with place.lane.desktop() as desk:
        await platform.says(LI, "在吗")
        talk = await Talk.taken(desk)
        assert (await desk.interaction(talk.interaction_id))["replies_left"] == 5
        for n in range(5):
            await sent(talk, f"回答{n}")
        assert (await talk.refused("第六条"))["type"] == "/problems/reply-window-closed"
        assert not platform.refusals, "the platform was not even asked"
        await platform.says(LI, "还有一事")
        await talk.said("在吗", "还有一事", seconds=SECONDS)
        await sent(talk, "请讲")


async def test_who_follows_is_greeted(place: Place[WechatPlatform]) -> None:
    platform = place.platform
    await platform.does(LI, "subscribe", EventKey="qrscene_shop")
    assert platform.followers[LI].texts == [GREETING]
    await platform.does(LI, "CLICK", times=3, EventKey="HOURS")
    assert [record.statuses for record in platform.delivered] == [[200]] * 4
    assert platform.delivered[-1].body == b"success"


async def test_signatures_that_are_wrong_get_nothing_in(place: Place[WechatPlatform]) -> None:
    platform = place.platform
    platform.token = "anotherToken"
    record = await platform.says(LI, "不是我")
    assert record.statuses == [401, 401, 401]


async def test_several_customers_at_once(place: Place[WechatPlatform]) -> None:
    platform = place.platform
    people = [f"o{n}" for n in range(4)]
    async with place.lane.desktop() as desk:
        await asyncio.gather(*(platform.says(who, f"我是{who}", times=2) for who in people))

        async def all_offered() -> bool:
            return (
                len({e["data"]["interaction_id"] for e in desk.events if e["name"] == "offer.created"}) == 4
            )

        await eventually(all_offered, seconds=SECONDS)
        offers = [e["data"] for e in desk.events if e["name"] == "offer.created"]
        talks = []
        for offer in offers:
            answer = await desk.client.post(f"/v1/offers/{offer['offer_id']}/accept")
            assert answer.status_code == 200
            talks.append(Talk(desk, offer["interaction_id"]))
        for talk in talks:
            (said,) = await talk.texts("inbound")
            await sent(talk, f"好的，{said}")
        assert {who: platform.followers[who].texts for who in people} == {
            who: [f"好的，我是{who}"] for who in people
        }
