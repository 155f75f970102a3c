"""A bridge that speaks our messaging format, written from its page: the official Standard Webhooks package
signs and verifies, and a message that comes twice reaches the customer once."""

import base64
import random
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

MEMBERS = {
    "type",
    "message_id",
    "customer",
    "conversation",
    "text",
    "attachments",
    "buttons",
    "reply_to",
    "automatic",
}


@dataclass
class Bridge:
    """`webhook` is where it posts. `away`: everything is 503. `moods`: statuses of the next answers. `lose`:
    so many messages are taken and their answers lost. `names_ids`: it has ids of its own for our messages."""

    secret: str
    chance: random.Random
    webhook: str = ""
    url: str = ""
    away: bool = False
    names_ids: bool = True
    moods: deque[int] = field(default_factory=deque)
    lose: int = 0
    taken: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    receipts: list[dict[str, Any]] = field(default_factory=list)
    _posted: int = 0

    def app(self) -> Starlette:
        return Starlette(
            routes=[Route("/send", self._send, methods=["POST"]), Route("/files/{name}", self._file)]
        )

    def texts(self, customer: str) -> list[str]:
        """What this customer got, in order."""
        return [body["text"] for body in self.taken.values() if body["customer"].get("id") == customer]

    def says(self, message_id: str, customer: str, text: str, **more: Any) -> dict[str, Any]:
        at = datetime.now(UTC).isoformat()
        who = {"id": customer, "name": "王芳"}
        return {"type": "message.received", "id": message_id, "at": at, "customer": who, "text": text, **more}

    def with_file(self, name: str, content: bytes) -> list[dict[str, Any]]:
        self.files[name] = content
        return [{"url": f"{self.url}/files/{name}", "name": name}]

    async def post(self, event: dict[str, Any] | bytes, times: int = 1) -> list[httpx.Response]:
        """The answer to each; every post has a `webhook-id` of its own, as careless bridges do."""
        body = event if isinstance(event, bytes) else orjson.dumps(event)
        answers = []
        async with httpx.AsyncClient(trust_env=False) as http:
            for _ in range(times):
                self._posted += 1
                answers.append(await http.post(self.webhook, content=body, headers=self._signed(body)))
        return answers

    async def post_receipts(self, times: int = 1) -> None:
        """All that have come up, each so often, in any order."""
        due, self.receipts = self.receipts * times, []
        self.chance.shuffle(due)
        for receipt in due:
            (answer,) = await self.post(receipt)
            assert answer.status_code == 200, answer.text

    def _signed(self, body: bytes) -> dict[str, str]:
        message_id, now = f"msg_{self._posted}", datetime.now(UTC)
        return {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(self.secret).sign(message_id, now, body.decode()),
        }

    async def _send(self, request: Request) -> Response:
        self.asked["send"] += 1
        if self.away:
            return Response(status_code=503)
        if self.moods:
            return Response(status_code=self.moods.popleft(), headers={"retry-after": "1"})
        raw = await request.body()
        try:
            Webhook(self.secret).verify(raw, dict(request.headers))
        except WebhookVerificationError:
            return Response("the signature does not fit", 401)
        body = orjson.loads(raw)
        if body["type"] != "message.send" or not body.keys() <= MEMBERS or len(body["customer"]) != 1:
            return Response("not as the page says", 422)
        known = request.headers["webhook-id"] in self.taken
        if not known:
            self._take(request.headers["webhook-id"], body)
        if self.lose:
            self.lose -= 1
            return Response(status_code=504)
        return JSONResponse({"id": f"theirs-{body['message_id']}"} if self.names_ids else {}, 202)

    def _take(self, key: str, body: dict[str, Any]) -> None:
        for file in body.get("attachments", ()):
            self.files[file["name"]] = base64.b64decode(file["content"], validate=True)
        self.taken[key] = body
        named = f"theirs-{body['message_id']}" if self.names_ids else body["message_id"]
        now = datetime.now(UTC).isoformat()
        self.receipts += [
            {"type": "message.status", "message_id": named, "at": now, "state": state}
            for state in ("sent", "delivered", "read")
        ]

    async def _file(self, request: Request) -> Response:
        self.asked["file"] += 1
        content = self.files.get(request.path_params["name"])
        if self.away or content is None:
            return Response(status_code=503 if self.away else 404)
        return Response(content, media_type="image/png")
