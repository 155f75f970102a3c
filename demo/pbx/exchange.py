"""The exchange on the network: signed events out to Touchpoint's webhook, signed commands in."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import orjson
import structlog
from fastapi import FastAPI, Request, Response

from app.errors import BadSignature
from channels import signature
from demo.pbx.switch import MESSAGE_SECONDS, Switch
from demo.speech import spoken

RETRY_SECONDS = (0.2, 0.5, 1, 2, 5, 5, 5, 5, 5, 5, 5, 5)
"""How long the exchange waits before it sends an event again; then it gives up, as real platforms do."""

log = structlog.get_logger()


class Exchange:
    """One trunk at one endpoint. `webhook_url` and `secret` may be set later: events wait until then.
    `drops`, `delays` and `answers_with` are faults for tests: event types that are lost, seconds that one
    type is late, and what commands that were obeyed are answered with."""

    def __init__(self, *, answer_seconds: float = 1.0) -> None:
        self.switch = Switch(self._emit, answer_seconds=answer_seconds)
        self.webhook_url: str | None = None
        self.key = b""
        self.drops: set[str] = set()
        self.delays: dict[str, float] = {}
        self.copies = 1
        self.answers_with = 202
        self.sent: list[dict[str, Any]] = []
        self.orders: list[dict[str, Any]] = []
        self._queues: dict[str, asyncio.Queue[dict[str, Any]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._client = httpx.AsyncClient(timeout=15)

    def connect(self, webhook_url: str, secret: str) -> None:
        self.webhook_url, self.key = webhook_url, signature.secret_key(secret)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()

    async def command(self, headers: dict[str, str], body: bytes) -> int:
        """One signed command: 202, 401 for a bad signature, 410 when it has expired."""
        try:
            signature.verify([self.key], headers, body, datetime.now(UTC))
        except BadSignature:
            return 401
        order = orjson.loads(body)
        self.orders.append(order)
        if datetime.fromisoformat(order["expires_at"]) < datetime.now(UTC):
            return 410
        self.switch.obey(order)
        return self.answers_with

    def _emit(self, event: dict[str, Any]) -> None:
        if event["type"] in self.drops:
            return
        call_id = event.get("call_id") or ""
        if call_id not in self._queues:
            self._queues[call_id] = asyncio.Queue()
            self._start(self._send_in_order(self._queues[call_id]))
        if event["type"] in self.delays:
            self._start(self._late(event, self.delays[event["type"]]))
        else:
            self._queues[call_id].put_nowait(event)

    def _start(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _late(self, event: dict[str, Any], seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._deliver(event)

    async def _send_in_order(self, queue: "asyncio.Queue[dict[str, Any]]") -> None:
        while True:
            await self._deliver(await queue.get())

    async def _deliver(self, event: dict[str, Any]) -> None:
        body, message_id = orjson.dumps(event), f"msg-{uuid4()}"
        for seconds in RETRY_SECONDS:
            if self.webhook_url is not None and await self._post(body, message_id):
                self.sent.append(event)
                return
            await asyncio.sleep(seconds)
        log.warning("the platform gives an event up", type=event["type"], call_id=event.get("call_id"))

    async def _post(self, body: bytes, message_id: str) -> bool:
        assert self.webhook_url is not None
        answers = [await self._post_once(body, message_id) for _ in range(self.copies)]
        return all(answers)

    async def _post_once(self, body: bytes, message_id: str) -> bool:
        headers = {"content-type": "application/json"}
        headers |= signature.sign(self.key, message_id, datetime.now(UTC), body)
        try:
            answer = await self._client.post(self.webhook_url or "", content=body, headers=headers)
        except httpx.HTTPError:
            return False
        return answer.status_code < 500


def create_exchange_app(exchange: Exchange) -> FastAPI:
    """`POST /cti` for Touchpoint's commands, and what callers have said."""

    app = FastAPI(title="Small exchange", docs_url=None, redoc_url=None)

    @app.post("/cti")
    async def command(request: Request) -> Response:
        return Response(status_code=await exchange.command(dict(request.headers), await request.body()))

    @app.get("/recordings/{call_id}.wav")
    async def recording(call_id: str) -> Response:
        if call_id not in exchange.switch.calls:
            return Response(status_code=404)
        return Response(spoken(MESSAGE_SECONDS), media_type="audio/x-wav")

    return app
