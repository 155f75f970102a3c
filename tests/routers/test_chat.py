"""Chat visitors on two real api processes, with a real log and intake behind them."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from sqlalchemy import text
from websockets.asyncio.client import connect
from websockets.typing import Origin

from app.access import AgentPrincipal
from app.clock import new_id
from interactions.agents import reading
from interactions.life.desk import Desk
from tests.routers.chat_site import Site, Visitor
from tests.routers.test_attachments import PNG
from tests.waiting import eventually


async def only_visitor(site: Site) -> UUID:
    ((id_,),) = await site.rows("SELECT id FROM visitor")
    assert isinstance(id_, UUID)
    return id_


class TestHello:
    async def test_a_new_visitor(self, site: Site) -> None:
        async with site.visitor() as visitor:
            assert visitor.token.startswith("vt_") and visitor.welcome["history"] == []

    async def test_the_same_one_at_another_process(self, site: Site) -> None:
        async with site.visitor() as first:
            await first.say("hello")
            await eventually(lambda: site.rows("SELECT 1 FROM touch"))
        async with site.visitor(first.token, at=1) as again:
            assert again.token == first.token
            (touch,) = again.welcome["history"]
            assert (touch["text"], touch["direction"], touch["client_message_id"]) == (
                "hello",
                "inbound",
                "m1",
            )

    async def test_a_token_of_another_endpoint_is_none(self, site: Site) -> None:
        async with site.visitor() as first:
            pass
        async with site.visitor(first.token, endpoint=site.other_id) as second:
            assert second.token != first.token

    async def test_pages_that_may_not(self, site: Site) -> None:
        url = f"ws://127.0.0.1:{site.ports[0]}/chat/{site.endpoint_id}"
        async with connect(url, origin=Origin("https://evil.example")) as connection:
            assert await Visitor(connection).close_code() == 4003
        async with site.visitor(origin=Origin("https://shop.example")) as visitor:
            assert visitor.token

    @pytest.mark.parametrize("endpoint", ["nonsense", "01890000-0000-7000-8000-000000000000"])
    async def test_unknown_endpoint(self, site: Site, endpoint: str) -> None:
        async with connect(f"ws://127.0.0.1:{site.ports[0]}/chat/{endpoint}") as connection:
            assert await Visitor(connection).close_code() == 4003

    @pytest.mark.parametrize(
        "frame", ["", "{", "[]", '{"type": "message"}', '{"type":"hello","name":"\\ud800"}', b"\x00", None]
    )
    async def test_no_hello(self, site: Site, frame: Any) -> None:
        url = f"ws://127.0.0.1:{site.ports[0]}/chat/{site.endpoint_id}"
        async with connect(url) as connection:
            visitor = Visitor(connection)
            if frame is not None:
                await visitor.send(frame)
            assert await visitor.close_code() == 4009


class TestMessages:
    async def test_accepted_once_durable(self, site: Site) -> None:
        async with site.visitor() as visitor:
            answer = await visitor.say("hello")
            assert answer == {"type": "accepted", "client_message_id": "m1"}
            (logged,) = await site.rows(
                "SELECT data FROM event_log WHERE type = 'touchpoint.message.received.v1'"
            )
            assert orjson.loads(logged.data)["text"] == "hello"

    async def test_sent_again_is_one(self, site: Site) -> None:
        async with site.visitor() as visitor:
            for _ in range(3):
                assert (await visitor.say("hello"))["type"] == "accepted"
            await visitor.say("more", "m2")
            await eventually(lambda: _texts(site, ["hello", "more"]))

    async def test_twenty_first_messages_at_once(self, site: Site) -> None:
        async with site.visitor() as first, AsyncExitStack() as stack:
            windows = [
                await stack.enter_async_context(site.visitor(first.token, at=n % 2)) for n in range(20)
            ]
            answers = await asyncio.gather(*(w.say(f"text {n}", f"m{n}") for n, w in enumerate(windows)))
            assert all(answer["type"] == "accepted" for answer in answers)
            await eventually(lambda: _texts(site, sorted(f"text {n}" for n in range(20))))
            assert len(await site.rows("SELECT 1 FROM interaction")) == 1
            assert len(await site.rows("SELECT 1 FROM customer")) == 1

    @pytest.mark.parametrize(
        ("words", "code"),
        [("x" * 10_001, "too-large"), ("  ", "invalid")],
    )
    async def test_refused(self, site: Site, words: str, code: str) -> None:
        async with site.visitor() as visitor:
            assert (await visitor.say(words))["code"] == code

    async def test_too_fast(self, site: Site) -> None:
        async with site.visitor() as visitor:
            answers = [await visitor.say(f"text {n}", f"m{n}") for n in range(80)]
            assert answers[0]["type"] == "accepted"
            assert "too-many-requests" in {answer.get("code") for answer in answers}


async def _texts(site: Site, wanted: list[str]) -> bool:
    return sorted(row.text for row in await site.rows("SELECT text FROM touch")) == sorted(wanted)


class TestPushed:
    async def test_a_reply_reaches_every_window_and_is_acknowledged(self, site: Site) -> None:
        async with site.visitor() as here, site.visitor(here.token, at=1) as there:
            await here.say("hello")
            assert (await there.frame("message"))["touch"]["text"] == "hello"
            visitor_id = await only_visitor(site)
            await site.write_to(visitor_id, "internal", "internal")
            await site.write_to(visitor_id, "how can I help?")
            for window in (here, there):
                touch = (await window.frame("message"))["touch"]
                assert touch["text"] == "how can I help?"
                assert touch["author"] == {"type": "agent", "name": "李雷"}
            await here.send({"type": "received", "touch_id": touch["id"]})
            delivered = "SELECT 1 FROM touch WHERE delivery_state = 'delivered'"
            await eventually(lambda: site.rows(delivered))

    async def test_a_card_number_in_two_messages_is_masked_in_every_window(self, site: Site) -> None:
        async with site.visitor() as here, site.visitor(here.token, at=1) as there:
            await here.say("4111 1111")
            first = (await there.frame("message"))["touch"]
            assert (await here.frame("stored"))["touch_id"] == first["id"]
            await here.say("1111 1111", "m2")
            async with asyncio.timeout(1):
                shown = [(await there.frame("message"))["touch"] for _ in range(2)]
            assert {touch["id"]: touch["text"] for touch in shown}[first["id"]] == "**** ****"
            assert sorted(touch["text"] for touch in shown) == ["**** ****", "**** 1111"]
            assert (await here.frame("message"))["touch"]["text"] == "**** ****"
            logged = await site.rows("SELECT convert_from(data, 'UTF8') AS told FROM event_log")
            assert not [row.told for row in logged if "4111" in row.told or "1111 1111" in row.told]

    async def test_ready_answers_and_what_is_quoted(self, site: Site) -> None:
        async with site.visitor() as visitor:
            await visitor.say("which sizes are there?")
            asked = (await visitor.frame("stored"))["touch_id"]
            buttons = [{"id": "m", "title": "medium"}, {"id": "l", "title": "large"}]
            await site.write_to(await only_visitor(site), "these", buttons=buttons, quotes=asked)
            touch = (await visitor.frame("message"))["touch"]
            assert (touch["buttons"], touch["quotes"]) == (buttons, asked)
            assert (await visitor.say("large", "m2", button="l"))["type"] == "accepted"
            tapped = "SELECT 1 FROM touch WHERE text = 'large' AND payload -> 'button' = '{\"id\": \"l\"}'"
            await eventually(lambda: site.rows(tapped))

    async def test_what_was_missed_is_in_the_history(self, site: Site) -> None:
        async with site.visitor() as visitor:
            await visitor.say("hello")
            await eventually(lambda: site.rows("SELECT 1 FROM interaction"))
            (seen,) = await site.rows("SELECT id FROM touch")
        await site.write_to(await only_visitor(site), "are you there?")
        async with site.visitor(visitor.token, at=1, after=str(seen.id)) as again:
            assert [touch["text"] for touch in again.welcome["history"]] == ["are you there?"]

    async def test_place_in_the_queue(self, site: Site) -> None:
        async with site.visitor() as first, site.visitor() as second:
            await first.say("hello")
            assert (await first.frame("queue"))["position"] == 1
            await second.say("hello")
            assert (await second.frame("queue"))["position"] == 2

    async def test_a_told_wait_never_rises_at_whichever_process(self, site: Site) -> None:
        """Li does three chats at once, so the first in line waits for a third of a handling time, times ln 10
        in nine of ten cases."""
        await site.staff(60)
        async with site.visitor() as first:
            await first.say("hello")
            assert await first.hears_of_wait(47) == [47]
            await site.staff(600)
            async with site.visitor(first.token, at=1) as second:
                assert await second.hears_of_wait(47) == [47]
                await site.staff(30)
                assert set(await second.hears_of_wait(24)) <= {47, 24}
            assert await first.hears_of_wait(24) == [24]

    async def test_somebody_has_taken_it(self, site: Site) -> None:
        async with site.visitor() as visitor:
            await visitor.say("hello")
            await visitor.frame("queue")
            await _taken(site)
            await visitor.frame("answered")

    async def test_closed(self, site: Site) -> None:
        async with site.visitor() as visitor:
            await visitor.say("hello")
            await visitor.frame("queue")
            async with site.containers[1].database.transaction(site.tenant_id) as session:
                ((id_,),) = (await session.execute(text("SELECT id FROM interaction"))).all()
                desk, work = await Desk.one(session, site.tenant_id, id_)
                work.close("supervisor", "force_closed")
                await desk.save()
            await visitor.frame("closed")


class TestComingAndGoing:
    async def test_the_last_window_counts(self, site: Site) -> None:
        gone = "SELECT 1 FROM visitor WHERE gone_at IS NOT NULL"
        async with site.visitor() as here:
            async with site.visitor(here.token, at=1):
                pass
            await here.say("still here")
            await eventually(lambda: site.rows("SELECT 1 FROM visitor WHERE gone_at IS NULL"))
        await eventually(lambda: site.rows(gone))

    async def test_another_window_at_another_process_stays(self, site: Site) -> None:
        async with site.visitor() as here:
            async with site.visitor(here.token, at=1):
                pass
            said = (
                "SELECT type FROM event_log WHERE type LIKE 'touchpoint.visitor.%' "
                "ORDER BY position DESC LIMIT 1"
            )

            async def connected_again() -> bool:
                return [row.type for row in await site.rows(said)] == ["touchpoint.visitor.connected.v1"]

            await eventually(connected_again)


class TestTyping:
    async def test_both_ways(self, site: Site) -> None:
        container, url = site.containers[1], f"ws://127.0.0.1:{site.ports[1]}/v1/stream"
        async with site.visitor() as visitor:
            await visitor.say("hello")
            await eventually(lambda: site.rows("SELECT 1 FROM interaction WHERE state = 'queued'"))
            interaction_id, agent = await _taken(site), await _principal(site)
            async with connect(url) as socket_:
                desktop = Visitor(socket_)
                await desktop.send({"type": "authenticate", "token": container.tokens.issue(agent)})
                await desktop.frame("ready")
                typing = {"type": "typing"}
                await _until_seen(desktop, visitor, typing)
                await _until_seen(visitor, desktop, {**typing, "interaction_id": str(interaction_id)})


class TestReadMarks:
    async def test_what_the_agent_has_read_is_shown_in_every_window(self, site: Site) -> None:
        container = site.containers[1]
        async with site.visitor() as here, site.visitor(here.token, at=1) as there:
            await here.say("hello")
            touch_id = UUID((await here.frame("stored"))["touch_id"])
            assert not (await there.frame("message"))["touch"]["read"]
            interaction_id, agent = await _taken(site), await _principal(site)
            async with container.database.transaction(site.tenant_id) as session:
                await reading.read(session, agent, container.endpoints, interaction_id, touch_id)
            for window in (here, there):
                touch = (await window.frame("message"))["touch"]
                assert (touch["id"], touch["read"]) == (str(touch_id), True)
        async with site.visitor(here.token) as again:
            assert [touch["read"] for touch in again.welcome["history"]] == [True]


async def _until_seen(sees: "Visitor", types: "Visitor", frame: dict[str, Any]) -> None:
    """Notices may be lost while the listeners connect: type again, as people do."""
    async with asyncio.timeout(20):
        while True:
            await types.send(frame)
            try:
                await sees.frame("typing", seconds=2.1)
            except TimeoutError:
                continue
            return


async def _taken(site: Site) -> UUID:
    """The chat is in li's hands."""
    async with site.containers[1].database.transaction(site.tenant_id) as session:
        ((interaction_id,),) = (await session.execute(text("SELECT id FROM interaction"))).all()
        ((agent_id,),) = (await session.execute(text("SELECT id FROM agent"))).all()
        desk, work = await Desk.one(session, site.tenant_id, interaction_id, [agent_id])
        work.take(desk.agents[agent_id], 33)
        await desk.save()
    assert isinstance(interaction_id, UUID)
    return interaction_id


async def _principal(site: Site) -> AgentPrincipal:
    ((agent_id,),) = await site.rows("SELECT id FROM agent")
    expires_at = datetime.now(UTC) + timedelta(minutes=5)
    return AgentPrincipal(site.tenant_id, agent_id, "li@acme.test", "Li", ("agent",), new_id(), expires_at)


class TestFiles:
    async def test_a_file_travels_with_a_message(self, site: Site) -> None:
        base = f"http://127.0.0.1:{site.ports[0]}/chat/{site.endpoint_id}/attachments"
        async with site.visitor() as visitor, httpx.AsyncClient() as http:
            headers = {"authorization": f"Bearer {visitor.token}", "origin": "https://shop.example"}
            stored = await http.post(base, files={"file": ("a.png", PNG)}, headers=headers)
            assert stored.status_code == 201
            assert stored.headers["access-control-allow-origin"] == "https://shop.example"
            id_ = stored.json()["id"]
            for _ in range(2):  # the second is a repeat
                assert (await visitor.say("look", attachments=[id_]))["type"] == "accepted"
                await eventually(lambda: site.rows("SELECT 1 FROM attachment WHERE touch_id IS NOT NULL"))
            assert (await http.get(f"{base}/{id_}", headers=headers)).content == PNG
            async with site.visitor() as stranger:
                theirs = {"authorization": f"Bearer {stranger.token}"}
                assert (await http.get(f"{base}/{id_}", headers=theirs)).status_code == 404
                answer = await stranger.say("mine", attachments=[id_])
                assert answer["code"] == "unknown-attachment"
            assert (await http.get(f"{base}/{id_}")).status_code == 401
            headers["origin"] = "https://evil.example"
            assert (await http.get(f"{base}/{id_}", headers=headers)).status_code == 403
