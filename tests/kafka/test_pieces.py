"""A card number and an identity number in pieces, to a running service with Kafka: within a second of the
last piece nothing shows them, and no file of the broker ever did."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import orjson
from websockets.asyncio.client import ClientConnection, connect

from app.embedded import EmbeddedPostgres
from tests.conftest import clone
from tests.kafka.broker import Broker
from tests.kafka.fixtures import BROKER_MARKS, broker  # noqa: F401
from tests.running import Service, running
from tests.waiting import eventually

pytestmark = BROKER_MARKS

PIECES = ["4111 1111", "1111 1111", "身份证 110101", "1990 0307 109X"]
SHOWN = ["**** ****", "**** 1111", "身份证 110101", "**** **** 109X"]


@asynccontextmanager
async def _visitor(service: Service) -> AsyncIterator[ClientConnection]:
    url = f"{service.url.replace('http', 'ws', 1)}/chat/{service.endpoints['site-chat']['id']}"
    async with connect(url, proxy=None) as socket:
        await socket.send(orjson.dumps({"type": "hello", "visitor_token": None, "after": None}).decode())
        yield socket


async def _say(socket: ClientConnection, number: int, text: str) -> None:
    frame: dict[str, Any] = {"type": "message", "client_message_id": str(number), "text": text}
    await socket.send(orjson.dumps(frame).decode())
    while orjson.loads(await socket.recv())["type"] != "accepted":
        pass


async def test_are_nowhere(
    postgres: EmbeddedPostgres,
    template_database: str,
    tmp_path: Path,
    broker: Broker,  # noqa: F811
) -> None:
    kafka = {"kafka_bootstrap_servers": broker.servers}
    async with clone(postgres, template_database) as url, running(url, tmp_path, lanes=1, **kafka) as service:
        database = await asyncpg.connect(url)

        async def texts() -> list[str]:
            found = await database.fetch("SELECT text FROM touch WHERE kind = 'message' ORDER BY at, id")
            return [row["text"] for row in found]

        async def counted(number: int) -> bool:
            return len(await texts()) == number

        async def all_masked() -> bool:
            return await texts() == SHOWN

        async def forwarded() -> bool:
            return await database.fetchval("SELECT count(*) FROM event_log") == 0

        try:
            async with _visitor(service) as socket:
                for number, piece in enumerate(PIECES, 1):
                    await _say(socket, number, piece)
                    await eventually(partial(counted, number), seconds=20)
                await eventually(all_masked, seconds=1)
            await eventually(forwarded, seconds=20)
        finally:
            await database.close()
    assert broker.holds(b"touchpoint.touch.updated.v1")
    for piece in PIECES:
        assert not broker.holds(piece.encode()), piece
