"""WeChat's and WeCom's webhooks at the real door: whatever is wrong with the proof is 401, never 500, and
nothing gets in; what is signed gets its word back once it is in the log."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
import pytest

from app.clock import new_id
from app.container import Container
from models import Endpoint
from tests.channels.weixin.parts import (
    AES_KEY,
    APP_ID,
    OTHER_AES_KEY,
    TOKEN,
    encrypted,
    plain_query,
    sealed,
    sha1,
)
from tests.channels.weixin.test_signed_query import CORP, NONCE, TEXT, changed
from tests.parts import MemoryLog, SeededTenant
from tests.routers.test_webhook_answers import dead_letters

WEB = {"token": TOKEN, "encoding_aes_key": AES_KEY}
CONFIGS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "safe": ("wechat", {"app_id": APP_ID, "app_secret": "s", **WEB}),
    "plain": ("wechat", {"app_id": APP_ID, "app_secret": "s", "token": TOKEN, "mode": "plain"}),
    "wecom": ("wecom", {"corp_id": CORP, "open_kfid": "wk1", "secret": "s", **WEB}),
}
ODD = ("", "?", "?timestamp", "?%ff=%fe&%00", "?" + "a=1&" * 5000, "?timestamp=1&timestamp=2")
REFUSED = {400, 401}
"""400 is said to a NUL, whoever sends it and wherever to."""

RUNG = (
    "<xml><ToUserName>x</ToUserName><CreateTime>1</CreateTime><MsgType>event</MsgType>"
    "<Event>kf_msg_or_event</Event><Token>E1</Token><OpenKfId>wk1</OpenKfId></xml>"
)
BODIES = (
    b"",
    b"{}",
    b"\xff\xfe\x00",
    b"<xml/>",
    b"<xml><Encrypt/></xml>",
    b"<!DOCTYPE x><xml/>",
    b"<" * 100_000,
)


@dataclass
class Door:
    client: httpx.AsyncClient
    container: Container
    paths: Mapping[str, str]

    @property
    def log(self) -> MemoryLog:
        assert isinstance(self.container.bus, MemoryLog)
        return self.container.bus

    def stamp(self) -> str:
        return str(int(self.container.clock.now().timestamp()))

    def good(self, name: str) -> tuple[dict[str, str], bytes]:
        """The query and the body of what the platform would post now."""
        stamp = self.stamp()
        if name == "plain":
            return plain_query(stamp=stamp), TEXT.encode()
        xml, receiver = (TEXT, APP_ID) if name == "safe" else (RUNG, CORP)
        ciphertext = encrypted(xml, receiver=receiver)
        query = {"timestamp": stamp, "nonce": NONCE, "msg_signature": sha1(TOKEN, stamp, NONCE, ciphertext)}
        return query, f"<xml><Encrypt>{ciphertext}</Encrypt></xml>".encode()

    async def post(self, name: str, query: Mapping[str, str | None], body: bytes) -> httpx.Response:
        params = {key: value for key, value in query.items() if value is not None}
        return await self.client.post(self.paths[name], params=params, content=body)


@pytest.fixture
async def door(client: httpx.AsyncClient, container: Container, acme: SeededTenant) -> Door:
    rows = {
        name: Endpoint(
            id=new_id(),
            tenant_id=acme.id,
            key=name,
            adapter=adapter,
            channel="messaging",
            queue="billing",
            config=container.cipher.seal(acme.id, orjson.dumps(config)),
        )
        for name, (adapter, config) in CONFIGS.items()
    }
    paths = {name: f"/webhooks/{row.id}" for name, row in rows.items()}
    async with container.database.transaction(acme.id) as session:
        session.add_all(rows.values())
    await container.endpoints.refresh()
    return Door(client, container, paths)


def sendable(query: Mapping[str, str | None]) -> bool:
    """Lone surrogates do not fit into an address."""
    return not any("\udcff" in value for value in query.values() if value)


class TestPosted:
    @pytest.mark.parametrize("name", CONFIGS)
    async def test_what_is_signed_is_in_the_log_and_answered(self, door: Door, name: str) -> None:
        answer = await door.post(name, *door.good(name))
        assert (answer.status_code, answer.text) == (200, "success")
        assert answer.headers["content-type"].startswith("text/plain")
        assert len(door.log.published) == 1

    @pytest.mark.parametrize("name", CONFIGS)
    async def test_every_wrong_proof_is_401(self, door: Door, name: str) -> None:
        query, body = door.good(name)
        statuses = set()
        for wrong in filter(sendable, changed(query)):
            statuses.add((await door.post(name, wrong, body)).status_code)
        for wrong_body in BODIES if name != "plain" else ():
            statuses.add((await door.post(name, query, wrong_body)).status_code)
        assert statuses == REFUSED
        assert not door.log.published
        assert not await dead_letters(door.container)

    @pytest.mark.parametrize("name", CONFIGS)
    async def test_every_odd_query_is_401(self, door: Door, name: str) -> None:
        for query in ODD:
            for method in ("POST", "GET"):
                answer = await door.client.request(method, door.paths[name] + query, content=b"<xml/>")
                assert answer.status_code in REFUSED, (method, query)

    async def test_for_another_account(self, door: Door) -> None:
        query = sealed(TEXT, receiver="wx0000000000000000", stamp=door.stamp())
        answer = await door.client.post(
            f"{door.paths['safe']}?{query.url.partition('?')[2]}", content=query.body
        )
        assert answer.status_code == 401
        assert not await dead_letters(door.container)

    async def test_with_another_key_it_is_kept_for_later(self, door: Door) -> None:
        made = sealed(TEXT, key=OTHER_AES_KEY, stamp=door.stamp())
        answer = await door.client.post(
            f"{door.paths['safe']}?{made.url.partition('?')[2]}", content=made.body
        )
        assert answer.status_code in (200, 401), "what another key makes of it is chance"
        assert len(await dead_letters(door.container)) == (answer.status_code == 200)
        assert not door.log.published

    async def test_unreadable_inside_is_kept(self, door: Door) -> None:
        answer = await door.post("plain", plain_query(stamp=door.stamp()), b"<xml><a>1</a></xml>")
        assert (answer.status_code, answer.text) == (200, "success")
        (letter,) = await dead_letters(door.container)
        assert letter["error"].startswith("/MsgType")

    @pytest.mark.parametrize("name", CONFIGS)
    async def test_while_nothing_can_be_stored(self, door: Door, name: str) -> None:
        door.log.away = True
        answer = await door.post(name, *door.good(name))
        assert answer.status_code == 503 and int(answer.headers["retry-after"]) > 0


class TestAsked:
    async def test_an_official_account(self, door: Door) -> None:
        query = {**plain_query(stamp=door.stamp()), "echostr": "<b>7</b>"}
        answer = await door.client.get(door.paths["safe"], params=query)
        assert (answer.status_code, answer.text) == (200, "<b>7</b>")
        assert answer.headers["content-type"].startswith("text/plain")
        assert answer.headers["x-content-type-options"] == "nosniff"

    async def test_wecom(self, door: Door) -> None:
        word, stamp = encrypted("7", receiver=CORP), door.stamp()
        query = {"timestamp": stamp, "nonce": NONCE, "msg_signature": sha1(TOKEN, stamp, NONCE, word)}
        answer = await door.client.get(door.paths["wecom"], params={**query, "echostr": word})
        assert (answer.status_code, answer.text) == (200, "7")
