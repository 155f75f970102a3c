"""WeCom's customer service as the platform behaves: a callback that only rings, messages behind a cursor,
sessions with states, message ids that are taken once, and a window of 5 messages in 48 hours."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from demo.messengers.weixin import MEGABYTE, Delivered, Handler, Refused, WeixinPlatform

TEXT_MAX_BYTES = 2048
WINDOW_SECONDS, WINDOW_MESSAGES = 48 * 3600, 5
CALLBACK_TOKEN_SECONDS = 600
WELCOME_SECONDS = 20
UNANNOUNCED_MAX = 3
MENU_HEAD_MAX_BYTES, MENU_MAX, MENU_ITEM_MAX_BYTES = 1024, 10, 128
UPLOADS: dict[str, tuple[int, set[str]]] = {
    "image": (10 * MEGABYTE, {"jpg", "jpeg", "png"}),
    "voice": (2 * MEGABYTE, {"amr"}),
    "video": (10 * MEGABYTE, {"mp4"}),
    "file": (20 * MEGABYTE, set()),
}
ALLOWED = {0: {1, 2, 3}, 1: {2, 3, 4}, 2: {3, 4}, 3: {3, 4}, 4: set[int]()}
"""Where the API may move a session from each state."""


@dataclass
class Customer:
    id: str
    name: str
    state: int = 4
    wrote_at: float = 0
    left: int = 0
    shown: list[tuple[str, Any]] = field(default_factory=list)
    welcome: dict[str, float] = field(default_factory=dict)

    @property
    def texts(self) -> list[str]:
        return [what for kind, what in self.shown if kind == "text"]


@dataclass
class WecomPlatform(WeixinPlatform):
    """`pool_takes`: new sessions go to a colleague at once, as with 接待人员 on duty. `silent`:
    callbacks are lost. A cursor of another `life` begins anew."""

    corp_id: str = "ww1436e0e65a779aee"
    account: str = "wkAJ2GCAAASSm4_FhToWMFea0xAFfd3Q"
    customers: dict[str, Customer] = field(default_factory=dict)
    held: list[dict[str, Any]] = field(default_factory=list)
    taken_ids: set[str] = field(default_factory=set)
    callback_tokens: dict[str, float] = field(default_factory=dict)
    unannounced: int = 0
    life: str = field(default_factory=lambda: uuid4().hex)
    pool_takes: bool = False
    silent: bool = False

    def config(self, **more: Any) -> dict[str, Any]:
        """As it stands in a set-up file."""
        return {
            "corp_id": self.corp_id,
            "open_kfid": self.account,
            "secret": self.secret,
            "token": self.token,
            "encoding_aes_key": self.aes_key,
            "api_url": self.url,
            **more,
        }

    def customer(self, customer_id: str, name: str = "张三") -> Customer:
        return self.customers.setdefault(customer_id, Customer(customer_id, name))

    # ---- the API ----

    def handlers(self) -> dict[str, tuple[str, Handler]]:
        return {
            "*gettoken": ("GET", self._token),
            "kf/sync_msg": ("POST", self._sync),
            "kf/send_msg": ("POST", self._send),
            "kf/send_msg_on_event": ("POST", self._welcome),
            "kf/service_state/get": ("POST", self._state),
            "kf/service_state/trans": ("POST", self._move),
            "kf/customer/batchget": ("POST", self._names),
            "media/upload": ("POST", lambda request: self.upload(request, UPLOADS)),
            "media/get": ("GET", self.download),
        }

    async def _token(self, request: Request) -> Response:
        if request.query_params.get("corpid") != self.corp_id:
            raise Refused(40013, "invalid corpid")
        if request.query_params.get("corpsecret") != self.secret:
            raise Refused(40001, "invalid credential")
        return JSONResponse({"errcode": 0, "errmsg": "ok", **self.new_token()})

    async def _sync(self, request: Request) -> Response:
        body = await self.body(request)
        limit, cursor = body.get("limit", 1000), body.get("cursor", "")
        if not 0 < limit <= 1000 or body.get("voice_format", 0) not in (0, 1):
            raise Refused(40058, "invalid Request Parameter")
        if body.get("open_kfid") not in (None, self.account):
            raise Refused(95000, "invalid open_kfid")
        self._check_callback_token(body.get("token", ""))
        if not re.fullmatch(r"|cursor-[0-9a-f]{32}-[0-9]+", cursor):
            raise Refused(40058, "invalid Request Parameter: cursor")
        start = int(cursor.rpartition("-")[2]) if self.life in cursor else 0
        found = self.held[start : start + limit]
        end = start + len(found)
        told = {
            "next_cursor": f"cursor-{self.life}-{end}",
            "has_more": int(end < len(self.held)),
            "msg_list": found,
        }
        return JSONResponse({"errcode": 0, "errmsg": "ok", **told})

    def _check_callback_token(self, token: str) -> None:
        if not token:
            self.unannounced += 1
            if self.unannounced > UNANNOUNCED_MAX:
                raise Refused(45009, "reach max api daily quota limit")
        elif self.callback_tokens.get(token, 0) <= self.now():
            raise Refused(95007, "invalid msg token")

    async def _send(self, request: Request) -> Response:
        body = await self.body(request)
        customer, message_id = self._known(body, "touser"), body.get("msgid", "")
        if not re.fullmatch(r"[0-9a-zA-Z_-]{1,32}", message_id):
            raise Refused(40058, "invalid Request Parameter: msgid")
        if message_id in self.taken_ids:
            raise Refused(40058, "invalid Request Parameter: msgid is used")
        if customer.state not in (0, 1):
            raise Refused(95018, "send msg session status invalid")
        if customer.wrote_at + WINDOW_SECONDS <= self.now():
            raise Refused(95002, "send msg time limit")
        what = self._content(body)
        if customer.left <= 0:
            raise Refused(95001, "send msg count limit")
        customer.left -= 1
        self.taken_ids.add(message_id)
        customer.shown.append(what)
        return JSONResponse({"errcode": 0, "errmsg": "ok", "msgid": message_id})

    def _content(self, body: Mapping[str, Any]) -> tuple[str, Any]:
        kind = body.get("msgtype", "")
        content = body.get(kind)
        if kind not in ("text", "image", "voice", "video", "file", "msgmenu") or not isinstance(
            content, dict
        ):
            raise Refused(40008, "invalid message type")
        if kind == "msgmenu":
            return kind, _menu(content)
        if kind != "text":
            return kind, self.file(content.get("media_id", ""), kind)
        text = content.get("content", "")
        if not text or len(text.encode()) > TEXT_MAX_BYTES:
            raise Refused(40058, "invalid Request Parameter: content")
        return kind, text

    async def _welcome(self, request: Request) -> Response:
        body = await self.body(request)
        for customer in self.customers.values():
            until = customer.welcome.pop(body.get("code", ""), None)
            if until is not None and until > self.now():
                customer.shown.append(self._content(body))
                return JSONResponse({"errcode": 0, "errmsg": "ok", "msgid": f"welcome-{len(self.taken_ids)}"})
        raise Refused(95013, "conversation end")

    async def _state(self, request: Request) -> Response:
        customer = self._known(await self.body(request), "external_userid")
        return JSONResponse({"errcode": 0, "errmsg": "ok", "service_state": customer.state})

    async def _move(self, request: Request) -> Response:
        body = await self.body(request)
        customer, state = self._known(body, "external_userid"), body.get("service_state")
        if state not in ALLOWED[customer.state]:
            raise Refused(95016, "not allow to change session status")
        customer.state = state
        return JSONResponse({"errcode": 0, "errmsg": "ok"})

    async def _names(self, request: Request) -> Response:
        asked = (await self.body(request)).get("external_userid_list", [])
        if not 0 < len(asked) <= 100:
            raise Refused(40058, "invalid Request Parameter: external_userid_list")
        known = [self.customers[one] for one in asked if one in self.customers]
        found = [{"external_userid": one.id, "nickname": one.name, "gender": 0} for one in known]
        return JSONResponse(
            {"errcode": 0, "errmsg": "ok", "customer_list": found, "invalid_external_userid": []}
        )

    def _known(self, body: Mapping[str, Any], name: str) -> Customer:
        if body.get("open_kfid") != self.account:
            raise Refused(95000, "invalid open_kfid")
        customer = self.customers.get(body.get(name, ""))
        if customer is None:
            raise Refused(40096, "invalid external userid")
        return customer

    # ---- what customers and colleagues do ----

    async def says(self, customer_id: str, text: str, *, rings: int = 1) -> dict[str, Any]:
        return await self.message(customer_id, "text", {"content": text}, rings=rings)

    async def message(
        self, customer_id: str, kind: str, content: Mapping[str, Any], *, rings: int = 1
    ) -> dict[str, Any]:
        """`rings`: how often the callback comes."""
        customer = self.customer(customer_id)
        customer.wrote_at, customer.left = self.now(), WINDOW_MESSAGES
        if customer.state == 4:
            customer.state = 3 if self.pool_takes else 0
        return await self._hold(customer, {"origin": 3, "msgtype": kind, kind: dict(content)}, rings)

    async def enters(self, customer_id: str) -> str:
        """Opens the conversation for the first time in 48 hours; the code by which to greet."""
        customer, code = self.customer(customer_id), f"welcome-{len(self.held)}"
        customer.welcome[code] = self.now() + WELCOME_SECONDS
        event = {"event_type": "enter_session", "scene": "shop", "welcome_code": code}
        await self._hold(customer, {"origin": 4, "msgtype": "event", "event": event}, 1)
        return code

    async def colleague_says(self, customer_id: str, text: str) -> dict[str, Any]:
        """In WeCom's own app."""
        said = {"origin": 5, "servicer_userid": "Zhangsan", "msgtype": "text", "text": {"content": text}}
        return await self._hold(self.customer(customer_id), said, 1)

    async def fails(self, customer_id: str, message_id: str, fail_type: int) -> None:
        """A message of ours turns out not to have arrived."""
        event = {"event_type": "msg_send_fail", "fail_msgid": message_id, "fail_type": fail_type}
        await self._hold(self.customer(customer_id), {"origin": 4, "msgtype": "event", "event": event}, 1)

    async def _hold(self, customer: Customer, item: dict[str, Any], rings: int) -> dict[str, Any]:
        head = {"msgid": f"msg-{uuid4().hex}", "send_time": int(self.now())}
        who = {"open_kfid": self.account, "external_userid": customer.id}
        if item["msgtype"] == "event":
            whole = {**head, **item, "event": {**who, **item["event"]}}
        else:
            whole = {**head, **who, **item}
        self.held.append(whole)
        for _ in range(0 if self.silent else rings):
            await self.ring()
        return whole

    async def ring(self) -> Delivered:
        token = f"ENC{self.chance.randrange(10**12)}"
        self.callback_tokens[token] = self.now() + CALLBACK_TOKEN_SECONDS
        fields = {
            "ToUserName": self.corp_id,
            "CreateTime": str(int(self.now())),
            "MsgType": "event",
            "Event": "kf_msg_or_event",
            "Token": token,
            "OpenKfId": self.account,
        }
        document = (
            f"<xml>{''.join(f'<{tag}><![CDATA[{text}]]></{tag}>' for tag, text in fields.items())}</xml>"
        )
        return await self.post(lambda: self._signed(document))

    def _signed(self, document: str) -> tuple[str, str]:
        query, ciphertext = self.sealed(document, self.corp_id)
        body = (
            f"<xml><ToUserName><![CDATA[{self.corp_id}]]></ToUserName><AgentID><![CDATA[]]></AgentID>"
            f"<Encrypt><![CDATA[{ciphertext}]]></Encrypt></xml>"
        )
        return urlencode(query), body

    async def checks_address(self) -> bool:
        """What the console does when 保存 is pressed."""
        word = "1616140317555161061"
        query, ciphertext = self.sealed(word, self.corp_id)
        answer = await self.http.get(self.hook, params={**query, "echostr": ciphertext})
        return answer.status_code == 200 and answer.text == word


def _menu(content: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """What stands above it, and the titles by their ids."""
    head, items = content.get("head_content", ""), content.get("list", [])
    if len(head.encode()) > MENU_HEAD_MAX_BYTES or not 0 < len(items) <= MENU_MAX:
        raise Refused(40058, "invalid Request Parameter: msgmenu")
    clicks = [item["click"] for item in items if item.get("type") == "click"]
    sizes = [len(click[name].encode()) for click in clicks for name in ("id", "content")]
    if len(clicks) < len(items) or not all(0 < size <= MENU_ITEM_MAX_BYTES for size in sizes):
        raise Refused(40058, "invalid Request Parameter: click")
    return head, {click["id"]: click["content"] for click in clicks}
