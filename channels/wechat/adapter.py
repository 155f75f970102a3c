"""An official account's webhook and API: https://developers.weixin.qq.com/doc/service/guide/product/message/."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final, Self

from app.errors import BadSignature, MalformedPayload
from app.events import InboundEvent, ReplyWindowOpened
from channels.abilities import AccessToken, Media, NotDone, Steps
from channels.base import (
    Button,
    Capabilities,
    OutboundMessage,
    SendOutcome,
    SendResult,
    Unsendable,
    WireRequest,
    WireResponse,
)
from channels.wechat.config import WechatConfig
from channels.wechat.payload import event_of
from channels.weixin import api, sending
from channels.weixin.crypt import MessageCrypt, check_signature
from channels.weixin.documents import document, sealed, test_webhook
from channels.weixin.signed_query import fresh_timestamp, given, query_of
from channels.weixin.xml import Fields, parse_xml, required

CODES: Final[api.Codes] = {
    **api.COMMON,
    40003: (SendOutcome.REJECTED, "the account does not know this customer"),
    43004: (SendOutcome.REJECTED, "the customer does not follow the account"),
    45002: (SendOutcome.REJECTED, "the text is too long"),
    45015: (SendOutcome.REJECTED, "the time to answer is over, or the customer has unfollowed the account"),
    45047: (SendOutcome.REJECTED, "no more messages until the customer writes again"),
}

KINDS: Final = (
    sending.FileKind("image", sending.PICTURES, 10 * sending.MEGABYTE),
    sending.FileKind("voice", sending.VOICES, 2 * sending.MEGABYTE),
    sending.FileKind("video", sending.FILMS, 10 * sending.MEGABYTE),
)

_SUCCESS: Final = WireResponse(200, {"content-type": "text/plain; charset=utf-8"}, b"success")


class WechatAdapter:
    name: ClassVar[str] = "wechat"
    channel: ClassVar[str] = "messaging"
    capabilities: ClassVar[Capabilities] = Capabilities(
        text_max=sending.TEXT_MAX_BYTES, attachments=True, buttons=sending.BUTTONS
    )

    def __init__(self, config: WechatConfig, access_token: str = "") -> None:
        self.config = config
        self._token = config.token.get_secret_value()
        key = config.encoding_aes_key if config.mode == "safe" else None
        self._crypt = None if key is None else MessageCrypt(key.get_secret_value(), config.app_id)
        self._api = api.Api(str(config.api_url), access_token)

    # ---- in ----

    def challenge(self, request: WireRequest) -> WireResponse:
        """The console's check of our address: signed like a plain message, whatever the mode."""
        query = query_of(request)
        self._check_plain(query, request)
        return WireResponse(200, _SUCCESS.headers, given(query, "echostr").encode())

    def verify(self, request: WireRequest) -> None:
        query = query_of(request)
        if self._crypt is None:
            return self._check_plain(query, request)
        timestamp, nonce = fresh_timestamp(query, request), given(query, "nonce")
        proof = given(query, "msg_signature")
        try:
            ciphertext = required(parse_xml(request.body), "Encrypt")
        except MalformedPayload as error:
            raise BadSignature(f"nothing is signed: {error}") from None
        return check_signature(proof, self._token, timestamp, nonce, ciphertext)

    def parse(self, request: WireRequest) -> Sequence[InboundEvent]:
        """One event. Raises BadSignature for what is encrypted for another account."""
        return (event_of(self._fields(request), self.config.app_id),)

    def answer(self, request: WireRequest, events: Sequence[InboundEvent]) -> WireResponse:
        """`success`; the greeting for who has followed the account just now."""
        greeting = self.config.greeting
        if greeting is None or not any(_followed(event) for event in events):
            return _SUCCESS
        said = document(_text_answer(self._fields(request), greeting))
        if self._crypt is not None:
            query = query_of(request)
            timestamp, nonce = given(query, "timestamp"), given(query, "nonce")
            said = document(sealed(self._crypt, self._token, timestamp, nonce, said))
        return WireResponse(200, {"content-type": "application/xml; charset=utf-8"}, said.encode())

    def unavailable(self, request: WireRequest) -> WireResponse | None:
        return None

    def test_request(self, url: str, test_id: str, at: datetime) -> WireRequest:
        return test_webhook(url, self._crypt, self._token, test_id, at)

    def _check_plain(self, query: Mapping[str, str], request: WireRequest) -> None:
        timestamp, nonce = fresh_timestamp(query, request), given(query, "nonce")
        check_signature(given(query, "signature"), self._token, timestamp, nonce)

    def _fields(self, request: WireRequest) -> Fields:
        fields = parse_xml(request.body)
        if self._crypt is None:
            return fields
        return parse_xml(self._crypt.decrypt(required(fields, "Encrypt")))

    # ---- out ----

    def login(self, renewed: str | None) -> Steps[AccessToken]:
        """By the stable token, which takes nothing from other systems that use the same account."""
        asked = {
            "grant_type": "client_credential",
            "appid": self.config.app_id,
            "secret": self.config.app_secret.get_secret_value(),
        }
        return api.access_token((yield api.Api(str(self.config.api_url)).post("stable_token", asked)), CODES)

    def with_token(self, token: str) -> Self:
        return type(self)(self.config, token)

    def send(self, message: OutboundMessage) -> Steps[SendResult]:
        """Text and files one by one, as customer-service messages."""
        to = self._open_id(message)
        try:
            bodies = yield from sending.parts(message, KINDS, self._api, CODES, _menu)
        except NotDone as error:
            return error.result
        requests = [self._api.post("message/custom/send", {"touser": to, **body}) for body in bodies]
        return (yield from sending.one_by_one(requests, self.interpret))

    def media(self, reference: Mapping[str, Any]) -> Steps[Media]:
        """A film is told as an address to fetch it from."""
        media_id = str(reference.get("media_id", ""))
        response = yield self._api.get("media/get", max_bytes=api.FILE_MAX_BYTES, media_id=media_id)
        film = api.members(response).get("video_url")
        if isinstance(film, str):
            response = yield WireRequest("GET", film, {}, b"", answer_max_bytes=api.FILE_MAX_BYTES)
        return api.media_from(response, CODES)

    def render(self, message: OutboundMessage) -> WireRequest:
        raise Unsendable("messages go out in steps")

    def interpret(self, response: WireResponse) -> SendResult:
        return api.result(response, CODES)

    def _open_id(self, message: OutboundMessage) -> str:
        app_id, _, open_id = message.address.value.partition(":")
        if message.address.kind != "wechat" or app_id != self.config.app_id or not open_id:
            raise Unsendable("this customer is not known to this account")
        return open_id


def _menu(button: Button) -> Mapping[str, Any]:
    return {"id": button.id, "content": button.title}


def _followed(event: InboundEvent) -> bool:
    return isinstance(event, ReplyWindowOpened) and event.payload.get("event") == "followed"


def _text_answer(fields: Fields, text: str) -> Mapping[str, str]:
    return {
        "ToUserName": required(fields, "FromUserName"),
        "FromUserName": required(fields, "ToUserName"),
        "CreateTime": required(fields, "CreateTime"),
        "MsgType": "text",
        "Content": text,
    }
