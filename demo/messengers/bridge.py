"""A bridge that speaks our messaging format, written from its page (docs/channels/custom.md): a message that
comes twice reaches the customer once."""

import base64
import random
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import httpx
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.errors import BadSignature
from channels import signature

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


class Proof(Protocol):
    """Standard Webhooks: the three headers of what we post, and whether those of the other side fit."""

    def sign(self, message_id: str, at: datetime, body: bytes) -> Mapping[str, str]: ...

    def fits(self, headers: Mapping[str, str], body: bytes) -> bool: ...


class SharedSecret:
    def __init__(self, secret: str) -> None:
        self._key = signature.secret_key(secret)

    def sign(self, message_id: str, at: datetime, body: bytes) -> Mapping[str, str]:
        return signature.sign(self._key, message_id, at, body)

    def fits(self, headers: Mapping[str, str], body: bytes) -> bool:
        try:
            signature.verify([self._key], headers, body, datetime.now(UTC))
        except BadSignature:
            return False
        return True


@dataclass
class Bridge:
    """`webhook` is where it posts. `away`: everything is 503. `moods`: statuses of the next answers. `lose`:
    so many messages are taken and their answers lost. `names_ids`: it has ids of its own for our messages."""

    proof: Proof
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
        """What this customer (an id, a phone) got, in order."""
        return [body["text"] for body in self.taken.values() if customer in body["customer"].values()]

    def says(
        self, message_id: str, customer: str, text: str, *, name: str = "王芳", by: str = "id", **more: Any
    ) -> dict[str, Any]:
        """`by`: what the customer is known by (id, phone, email)."""
        at = datetime.now(UTC).isoformat()
        who = {by: customer, "name": name}
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
        signed = self.proof.sign(f"msg_{self._posted}", datetime.now(UTC), body)
        return {"content-type": "application/json", **signed}

    async def _send(self, request: Request) -> Response:
        self.asked["send"] += 1
        if self.away:
            return Response(status_code=503)
        if self.moods:
            return Response(status_code=self.moods.popleft(), headers={"retry-after": "1"})
        raw = await request.body()
        if not self.proof.fits(request.headers, raw):
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
