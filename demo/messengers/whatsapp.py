"""WhatsApp's Cloud API as a fake: as strict about requests as Meta, and as careless with its webhooks.

It checks the token, the members and their lengths, files, templates and the 24 hours; it counts messages a
second; and it can be away, lose answers, and post receipts late, twice and in any order.
"""

import hmac
import random
import time
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import httpx
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from demo.messengers.whatsapp_rules import Refused, check_file, check_message, check_read

WINDOW_SECONDS = 24 * 3600
VERSION = "v25.0"


@dataclass
class Taken:
    """A message that the customer gets."""

    id: str
    to: str
    body: Mapping[str, Any]
    at: float = field(default_factory=time.time)

    @property
    def key(self) -> str:
        return str(self.body["biz_opaque_callback_data"])

    @property
    def text(self) -> str:
        kind = self.body["type"]
        content = self.body[kind]
        return (
            str(content.get("body") or content.get("caption") or "")
            if kind != "template"
            else content["name"]
        )


@dataclass
class WhatsApp:
    """`webhook` is where it posts. `away`: everything is 503. `moods`: codes with which the next messages are
    refused. `lose`: so many messages are taken and their answers lost. `per_second`: more is refused."""

    number: str
    token: str
    app_secret: str
    verify_token: str
    chance: random.Random
    webhook: str = ""
    away: bool = False
    moods: deque[tuple[int, int]] = field(default_factory=deque)
    lose: int = 0
    per_second: int = 80
    taken: list[Taken] = field(default_factory=list)
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    wrote: dict[str, float] = field(default_factory=dict)
    receipts: list[dict[str, Any]] = field(default_factory=list)
    read: list[tuple[str, bool]] = field(default_factory=list)
    _recent: deque[float] = field(default_factory=deque)
    _ids: int = 0

    def app(self) -> Starlette:
        base = f"/{VERSION}/{self.number}"
        return Starlette(
            routes=[
                Route(f"{base}/messages", self._messages, methods=["POST"]),
                Route(f"{base}/media", self._upload, methods=["POST"]),
                Route(f"/{VERSION}/{{file_id}}", self._facts),
                Route("/lookaside/{file_id}", self._file),
            ],
            exception_handlers={Refused: _refused},
        )

    # ---- what customers do ----------------------------------------------------------------------------

    def customer_says(self, customer: str, at: int | None = None, **content: Any) -> dict[str, Any]:
        """A message as it stands in a webhook; the window is open from now on."""
        self.wrote[customer] = time.time()
        self._ids += 1
        return {
            "from": customer,
            "id": f"wamid.in{self._ids}",
            "timestamp": str(at or int(time.time())),
            **content,
        }

    def customer_sends_file(
        self, customer: str, kind: str, content_type: str, content: bytes
    ) -> dict[str, Any]:
        file = {"id": self._keep(content_type, content), "mime_type": content_type, "sha256": "x"}
        return self.customer_says(customer, type=kind) | {kind: file}

    def day_passes(self, customer: str) -> None:
        self.wrote[customer] -= WINDOW_SECONDS + 1

    # ---- webhooks -------------------------------------------------------------------------------------

    async def subscribe(self) -> bool:
        """Meta's check of the address."""
        challenge = str(self.chance.randrange(10**9))
        query = {"hub.mode": "subscribe", "hub.verify_token": self.verify_token, "hub.challenge": challenge}
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.get(self.webhook, params=query)
        return answer.status_code == 200 and answer.text == challenge

    async def post(self, *changes: Mapping[str, Any], times: int = 1) -> list[int]:
        """One webhook with all of them, `times` over; the status of each answer."""
        metadata = {"display_phone_number": "15550783881", "phone_number_id": self.number}
        head = {"messaging_product": "whatsapp", "metadata": metadata}
        told = [{"field": "messages", "value": {**head, **change}} for change in changes]
        body = orjson.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": told}]})
        signed = "sha256=" + hmac.new(self.app_secret.encode(), body, sha256).hexdigest()
        headers = {"x-hub-signature-256": signed, "content-type": "application/json"}
        async with httpx.AsyncClient(trust_env=False) as http:
            return [
                (await http.post(self.webhook, content=body, headers=headers)).status_code
                for _ in range(times)
            ]

    async def messages(self, *messages: Mapping[str, Any], name: str = "Sheena", times: int = 1) -> None:
        contacts = [
            {"wa_id": wa_id, "profile": {"name": name}} for wa_id in {message["from"] for message in messages}
        ]
        statuses = await self.post({"contacts": contacts, "messages": list(messages)}, times=times)
        assert statuses == [200] * times, statuses

    async def post_receipts(self, times: int = 1) -> None:
        """All that have come up, each so often, in any order."""
        due = self.receipts_due() * times
        self.chance.shuffle(due)
        for receipt in due:
            assert await self.post(receipt) == [200]

    def receipts_due(self) -> list[dict[str, Any]]:
        """Each as the change of a webhook; they are told once."""
        due, self.receipts = self.receipts, []
        return [{"statuses": [receipt]} for receipt in due]

    # ---- the API --------------------------------------------------------------------------------------

    async def _messages(self, request: Request) -> Response:
        self._admit(request, "messages")
        self._throttle()
        body = await _json(request)
        if body.get("status") == "read":
            return self._mark(body)
        if self.moods:
            status, code = self.moods.popleft()
            raise Refused(code, "as you wished", status)
        check_message(body, self.files)
        to = str(body.get("to") or body["recipient"])
        if body["type"] != "template" and time.time() - self.wrote.get(to, 0) > WINDOW_SECONDS:
            raise Refused(131047, "More than 24 hours have passed since the recipient last replied")
        taken = Taken(f"wamid.out{len(self.taken) + 1}", to, body)
        self.taken.append(taken)
        self.receipts += [self._receipt(taken, state) for state in ("sent", "delivered", "read")]
        if self.lose:
            self.lose -= 1
            return JSONResponse({}, 504)
        contacts = [{"input": to, "wa_id": to}]
        return JSONResponse(
            {"messaging_product": "whatsapp", "contacts": contacts, "messages": [{"id": taken.id}]}
        )

    def _mark(self, body: Mapping[str, Any]) -> Response:
        """Of a customer's message only; "somebody writes" is shown with it."""
        check_read(body)
        message_id = body["message_id"]
        if not message_id.startswith("wamid.in"):
            raise Refused(131009, f"Message ID is not valid: {message_id}")
        self.read.append((message_id, "typing_indicator" in body))
        return JSONResponse({"success": True})

    def _receipt(self, taken: Taken, state: str) -> dict[str, Any]:
        return {
            "id": taken.id,
            "status": state,
            "timestamp": str(int(time.time())),
            "recipient_id": taken.to,
            "biz_opaque_callback_data": taken.key,
            "pricing": {"billable": True, "pricing_model": "PMP", "category": "service"},
        }

    async def _upload(self, request: Request) -> Response:
        self._admit(request, "media")
        async with request.form() as form:
            content_type, content = await check_file(form)
        return JSONResponse({"id": self._keep(content_type, content)})

    async def _facts(self, request: Request) -> Response:
        self._admit(request, "facts")
        file_id = request.path_params["file_id"]
        if file_id not in self.files or request.query_params.get("phone_number_id") != self.number:
            raise Refused(100, f"Object with ID '{file_id}' does not exist")
        content_type, content = self.files[file_id]
        facts = {"mime_type": content_type, "sha256": sha256(content).hexdigest(), "file_size": len(content)}
        url = f"{request.base_url}lookaside/{file_id}"
        return JSONResponse({"messaging_product": "whatsapp", "id": file_id, "url": url, **facts})

    async def _file(self, request: Request) -> Response:
        self._admit(request, "file")
        if not request.headers.get("user-agent"):
            raise Refused(100, "no user agent")
        content_type, content = self.files[request.path_params["file_id"]]
        return Response(content, media_type=content_type)

    def _admit(self, request: Request, what: str) -> None:
        self.asked[what] += 1
        if self.away:
            raise Refused(2, "Service temporarily unavailable", 503)
        if request.headers.get("authorization") != f"Bearer {self.token}":
            raise Refused(190, "Error validating access token", 401)

    def _throttle(self) -> None:
        now = time.monotonic()
        while self._recent and now - self._recent[0] > 1:
            self._recent.popleft()
        if len(self._recent) >= self.per_second:
            raise Refused(130429, "Rate limit hit", 429)
        self._recent.append(now)

    def _keep(self, content_type: str, content: bytes) -> str:
        file_id = str(1_000_000 + len(self.files))
        self.files[file_id] = (content_type, content)
        return file_id


async def _json(request: Request) -> dict[str, Any]:
    if request.headers.get("content-type") != "application/json":
        raise Refused(100, "not JSON")
    body = orjson.loads(await request.body())
    if not isinstance(body, dict):
        raise Refused(100, "not an object")
    return body


def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    data = {"messaging_product": "whatsapp", "details": error.details}
    said = {"message": f"(#{error.code}) {error.details}", "type": "OAuthException", "code": error.code}
    return JSONResponse({"error": said | {"error_data": data, "fbtrace_id": "x"}}, error.status)
