"""A WeChat official account as its platform behaves: followers, reply windows that count, customer-service
messages with their limits, a passive answer within 5 seconds, plain and safe mode."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from channels.weixin.crypt import signature
from channels.weixin.xml import parse_xml
from demo.messengers.weixin import MEGABYTE, Delivered, Handler, Refused, WeixinPlatform

Mode = Literal["safe", "plain", "compatible"]
ACCOUNT = "gh_e136c6e50636"
TEXT_MAX_BYTES = 2048
UPLOADS = {
    "image": (10 * MEGABYTE, {"jpg", "jpeg", "png", "gif", "bmp"}),
    "voice": (2 * MEGABYTE, {"amr", "mp3"}),
    "video": (10 * MEGABYTE, {"mp4"}),
    "thumb": (64 * 1024, {"jpg", "jpeg"}),
}
AFTER_MESSAGE = (48 * 3600, 5)
AFTER_ACTION = (60, 3)
ACTIONS = {"subscribe", "SCAN", "CLICK", "scancode_push", "scancode_waitmsg"}


@dataclass
class Follower:
    """What their phone shows, and the reply windows: (opened, seconds, messages left)."""

    open_id: str
    follows: bool = True
    shown: list[tuple[str, Any]] = field(default_factory=list)
    windows: list[tuple[float, int, int]] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        return [what for kind, what in self.shown if kind == "text"]


@dataclass
class WechatPlatform(WeixinPlatform):
    app_id: str = "wx5823bf96d3bd56c7"
    mode: Mode = "safe"
    followers: dict[str, Follower] = field(default_factory=dict)
    sequence: int = field(default_factory=lambda: time.time_ns() // 1000)

    def config(self, **more: Any) -> dict[str, Any]:
        """As it stands in a set-up file."""
        keys = {} if self.mode == "plain" else {"encoding_aes_key": self.aes_key}
        return {
            "app_id": self.app_id,
            "app_secret": self.secret,
            "token": self.token,
            "mode": "plain" if self.mode == "plain" else "safe",
            "api_url": self.url,
            **keys,
            **more,
        }

    def follower(self, open_id: str) -> Follower:
        return self.followers.setdefault(open_id, Follower(open_id))

    # ---- the API ----

    def handlers(self) -> dict[str, tuple[str, Handler]]:
        return {
            "*stable_token": ("POST", self._token),
            "message/custom/send": ("POST", self._send),
            "media/upload": ("POST", lambda request: self.upload(request, UPLOADS)),
            "media/get": ("GET", self._get_media),
        }

    def routes(self) -> list[Route]:
        return [Route("/film/{media_id}", self._film)]

    async def _token(self, request: Request) -> Response:
        body = await self.body(request)
        if body.get("grant_type") != "client_credential":
            raise Refused(40002, "invalid grant_type")
        if body.get("appid") != self.app_id:
            raise Refused(40013, "invalid appid")
        if body.get("secret") != self.secret:
            raise Refused(40125, "invalid appsecret")
        return JSONResponse(self.new_token())

    async def _send(self, request: Request) -> Response:
        body = await self.body(request)
        follower = self.followers.get(body.get("touser", ""))
        if follower is None:
            raise Refused(40003, "invalid openid")
        if not follower.follows:
            raise Refused(43004, "require subscribe")
        what = self._content(body)
        self._use_window(follower)
        follower.shown.append(what)
        return JSONResponse({"errcode": 0, "errmsg": "ok"})

    def _content(self, body: Mapping[str, Any]) -> tuple[str, Any]:
        kind = body.get("msgtype", "")
        if kind not in ("text", "image", "voice", "video", "msgmenu"):
            raise Refused(40008, "invalid message type")
        content = body.get(kind)
        if not isinstance(content, dict):
            raise Refused(44004, "empty content")
        if kind == "msgmenu":
            answers = {item["id"]: item["content"] for item in content["list"]}
            return kind, (content.get("head_content", ""), answers)
        if kind != "text":
            return kind, self.file(content.get("media_id", ""), kind)
        text = content.get("content", "")
        if not text:
            raise Refused(44004, "empty content")
        if len(text.encode()) > TEXT_MAX_BYTES:
            raise Refused(45002, "content size out of limit")
        return kind, text

    def _use_window(self, follower: Follower) -> None:
        """The one that ends first of those that are open and not used up."""
        now = self.now()
        running = [window for window in follower.windows if window[0] + window[1] > now]
        if not running:
            raise Refused(45015, "response out of time limit or subscription is canceled")
        usable = sorted((w for w in running if w[2] > 0), key=lambda w: w[0] + w[1])
        if not usable:
            raise Refused(45047, "out of response count limit")
        opened, seconds, left = usable[0]
        follower.windows = [*(w for w in running if w is not usable[0]), (opened, seconds, left - 1)]

    async def _get_media(self, request: Request) -> Response:
        media_id = request.query_params.get("media_id", "")
        if self.file(media_id).kind == "video":
            return JSONResponse({"video_url": f"{self.url}/film/{media_id}"}, media_type="text/plain")
        return await self.download(request)

    async def _film(self, request: Request) -> Response:
        file = self.file(request.path_params["media_id"])
        return Response(file.content, media_type=file.content_type)

    # ---- what customers do ----

    async def says(self, open_id: str, text: str, **options: Any) -> Delivered:
        return await self.message(open_id, "text", {"Content": text}, **options)

    async def message(
        self, open_id: str, kind: str, fields: Mapping[str, str], *, times: int = 1, at: float | None = None
    ) -> Delivered:
        """Told `times`, as by a platform that has not heard our answer."""
        self.sequence += 1
        follower = self.follower(open_id)
        now = self.now()
        follower.windows = [w for w in follower.windows if (w[1], w[0] + w[1] > now) == (60, True)]
        follower.windows.append((now, *AFTER_MESSAGE))
        told = {"MsgType": kind, **fields, "MsgId": str(self.sequence)}
        for _ in range(times):
            record = await self._tell(follower, told, at)
        return record

    async def does(self, open_id: str, event: str, times: int = 1, **fields: str) -> Delivered:
        """subscribe, SCAN, CLICK …; `fields` as EventKey."""
        follower = self.follower(open_id)
        follower.follows = event != "unsubscribe"
        if event in ACTIONS:
            follower.windows.append((self.now(), *AFTER_ACTION))
        at = self.now()
        for _ in range(times):
            record = await self._tell(follower, {"MsgType": "event", "Event": event, **fields}, at)
        return record

    async def _tell(self, follower: Follower, fields: Mapping[str, str], at: float | None) -> Delivered:
        whole = {
            "ToUserName": ACCOUNT,
            "FromUserName": follower.open_id,
            "CreateTime": str(int(at or self.now())),
            **fields,
        }
        document = (
            f"<xml>{''.join(f'<{tag}><![CDATA[{text}]]></{tag}>' for tag, text in whole.items())}</xml>"
        )
        record = await self.post(lambda: self._signed(document))
        self._read(follower, record)
        return record

    def _signed(self, document: str) -> tuple[str, str]:
        if self.mode == "plain":
            return urlencode(self._plain_proof()), document
        proof, ciphertext = self.sealed(document, self.app_id)
        query = {**self._plain_proof(), **proof, "encrypt_type": "aes"}
        query["signature"] = signature(self.token, query["timestamp"], query["nonce"])
        plain = document.removeprefix("<xml>").removesuffix("</xml>") if self.mode == "compatible" else ""
        head = plain or f"<ToUserName>{ACCOUNT}</ToUserName>"
        return urlencode(query), f"<xml>{head}<Encrypt>{ciphertext}</Encrypt></xml>"

    def _plain_proof(self) -> dict[str, str]:
        stamp, nonce = str(int(self.now())), str(self.chance.randrange(10**9))
        proof = signature(self.token, stamp, nonce)
        return {"signature": proof, "timestamp": stamp, "nonce": nonce, "openid": "o1"}

    def _read(self, follower: Follower, record: Delivered) -> None:
        """Our answer: nothing, `success`, or a passive message, encrypted where the mode asks for it."""
        if record.statuses[-1] != 200 or record.body in (b"", b"success"):
            return
        fields = parse_xml(record.body)
        if self.mode != "plain":
            parts = (fields["TimeStamp"], fields["Nonce"], fields["Encrypt"])
            assert fields["MsgSignature"] == signature(self.token, *parts)
            fields = parse_xml(self.crypto(self.aes_key, self.app_id).decrypt(fields["Encrypt"]).encode())
        assert (fields["ToUserName"], fields["FromUserName"]) == (follower.open_id, ACCOUNT)
        assert re.fullmatch(r"[0-9]+", fields["CreateTime"]) and fields["MsgType"] == "text"
        follower.shown.append(("text", fields["Content"]))

    async def checks_address(self) -> bool:
        """What the console does when 提交 is pressed."""
        word = "5837397576500011341"
        answer = await self.http.get(self.hook, params={**self._plain_proof(), "echostr": word})
        return answer.status_code == 200 and answer.text == word
