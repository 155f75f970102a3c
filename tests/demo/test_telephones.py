"""What a customer of the demo hears, whichever exchange has the number."""

from collections.abc import AsyncIterator

import httpx
import orjson
import pytest
from fastapi import FastAPI
from websockets.asyncio.client import connect

from demo.asterisk import Asterisk
from demo.asterisk.exchange import Bridge
from demo.pbx.switch import CallState, Switch
from demo.telephones import AsteriskLine, CtiLine, Heard, Telephones, telephone_routes
from tests.serving import serving

HOTLINE, SHOP = "+864001000000", "+862160000100"
WANG = "+8613800000001"


@pytest.fixture
def asterisk() -> Asterisk:
    """With an application that listens, and its two bridges."""
    asterisk = Asterisk()
    asterisk.listeners["touchpoint"] = lambda event: None
    for name, kind, music in (("waiting", "holding", "default"), ("held", "holding", "default")):
        asterisk.bridges[name] = Bridge(name, kind, music)
    asterisk.bridges["talk"] = Bridge("talk", "mixing")
    return asterisk


@pytest.fixture
def shop(asterisk: Asterisk) -> AsteriskLine:
    return AsteriskLine(asterisk, SHOP, "orders", "PJSIP/{number}@carrier")


class TestAsterisk:
    def test_a_whole_call(self, asterisk: Asterisk, shop: AsteriskLine) -> None:
        call = shop.call(WANG)
        agent = asterisk.call("", exten="1001")
        heard = [shop.heard(call)]
        asterisk.channels[call].state = asterisk.channels[agent].state = "Up"
        for bridge in ("waiting", "talk", "held", "talk"):
            asterisk.add(bridge, [call, agent] if bridge == "talk" else [call])
            heard.append(shop.heard(call))
        asterisk.take_down(call)
        heard.append(shop.heard(call))
        assert [told.state for told in heard if told] == [
            CallState.RINGING,
            CallState.MUSIC,
            CallState.CONNECTED,
            CallState.HELD,
            CallState.CONNECTED,
            CallState.ENDED,
        ]

    def test_nobody_listens_and_the_dialplan_goes_on(self, asterisk: Asterisk, shop: AsteriskLine) -> None:
        asterisk.listeners["touchpoint"] = None
        assert shop.heard(shop.call(WANG)) == Heard(CallState.ENDED, "failed")

    def test_a_withheld_number_is_told_as_such(self, asterisk: Asterisk, shop: AsteriskLine) -> None:
        channel = asterisk.channels[shop.call(None)]
        assert "presentation=prohib" in channel.app_data and channel.number == ""

    def test_somebody_else_has_no_call_here(self, shop: AsteriskLine) -> None:
        assert shop.heard("call-of-another-exchange") is None


class TestThePage:
    @pytest.fixture
    async def page(self, shop: AsteriskLine) -> AsyncIterator[httpx.AsyncClient]:
        hotline = CtiLine(Switch(lambda event: None), HOTLINE)
        app = FastAPI()
        app.include_router(telephone_routes(Telephones([hotline, shop])))
        async with serving(app) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
            yield client

    @pytest.mark.parametrize(("number", "state"), [(HOTLINE, "queued_music"), (SHOP, "ringing")])
    async def test_dials_hears_and_hangs_up(self, page: httpx.AsyncClient, number: str, state: str) -> None:
        call = (await page.post("/calls", json={"from": WANG, "to": number})).json()["call_id"]
        ear = str(page.base_url).replace("http", "ws") + f"/calls/{call}/heard"
        async with connect(ear, proxy=None) as socket:
            assert orjson.loads(await socket.recv())["state"] == state
            assert (await page.post(f"/calls/{call}/hangup")).status_code == 204
            assert orjson.loads(await socket.recv()) == {"state": "ended", "cause": "normal"}

    async def test_no_such_call(self, page: httpx.AsyncClient) -> None:
        assert (await page.post("/calls/nobody/hangup")).status_code == 404
        assert (await page.post("/calls", json={"from": WANG})).status_code == 422
