"""WeCom's customer service: https://developer.work.weixin.qq.com/document/path/94638."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar, Final, Self

from app.errors import BadSignature, MalformedPayload
from app.events import FetchAsked, InboundEvent
from channels.abilities import AccessToken, Fetched, Media, NotDone, Steps
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
from channels.unknown import unknown
from channels.wecom import fetching
from channels.wecom.codes import CODES
from channels.wecom.config import WecomConfig
from channels.wecom.message_ids import message_id
from channels.weixin import api, sending
from channels.weixin.crypt import MessageCrypt, check_signature
from channels.weixin.documents import test_webhook
from channels.weixin.signed_query import fresh_timestamp, given, query_of
from channels.weixin.xml import Fields, parse_xml, required, text_of

KINDS: Final = (
    sending.FileKind("image", frozenset({"image/jpeg", "image/png"}), 10 * sending.MEGABYTE),
    sending.FileKind("voice", frozenset({"audio/amr"}), 2 * sending.MEGABYTE),
    sending.FileKind("video", sending.FILMS, 10 * sending.MEGABYTE),
    sending.FileKind("file", frozenset(), 20 * sending.MEGABYTE),
)

NEW: Final = 0
OURS: Final = 1
"""Session states in which the API may write. OURS: served through the API, and by nobody in WeCom itself."""

_CLOSED: Final[Mapping[int, str]] = {
    2: "the customer waits in WeCom's own queue",
    3: "a colleague serves this customer in WeCom; answer there or end the session there",
    4: "the session has ended; the customer has to write first",
}

_SUCCESS: Final = WireResponse(200, {"content-type": "text/plain; charset=utf-8"}, b"success")


class WecomAdapter:
    name: ClassVar[str] = "wecom"
    channel: ClassVar[str] = "messaging"
    capabilities: ClassVar[Capabilities] = Capabilities(
        text_max=sending.TEXT_MAX_BYTES,
        attachments=True,
        per_second=150,  # 10,000 a minute for each call of the API
        buttons=sending.BUTTONS,
    )
    fetch_seconds: ClassVar[float | None] = 300.0

    def __init__(self, config: WecomConfig, access_token: str = "") -> None:
        self.config = config
        self._token = config.token.get_secret_value()
        self._crypt = MessageCrypt(config.encoding_aes_key.get_secret_value(), config.corp_id)
        self._api = api.Api(str(config.api_url), access_token)

    # ---- in ----

    def challenge(self, request: WireRequest) -> WireResponse:
        """The console's check of our address: the decrypted `echostr`."""
        ciphertext = given(query_of(request), "echostr")
        self._check(request, ciphertext)
        try:
            return WireResponse(200, _SUCCESS.headers, self._crypt.decrypt(ciphertext))
        except MalformedPayload as error:
            raise BadSignature(str(error)) from None

    def verify(self, request: WireRequest) -> None:
        try:
            ciphertext = required(parse_xml(request.body), "Encrypt")
        except MalformedPayload as error:
            raise BadSignature(f"nothing is signed: {error}") from None
        self._check(request, ciphertext)

    def parse(self, request: WireRequest) -> Sequence[InboundEvent]:
        """That there is something to fetch. Raises BadSignature for what is encrypted for another company."""
        ciphertext = required(parse_xml(request.body), "Encrypt")
        fields = parse_xml(self._crypt.decrypt(ciphertext))
        kind = (text_of(fields, "Event") or required(fields, "MsgType")).lower()
        account = text_of(fields, "OpenKfId")
        if kind != "kf_msg_or_event" or account not in ("", self.config.open_kfid):
            return (unknown(f"{kind} {account}", _readable(fields), external_id=_once(request)),)
        return (FetchAsked(external_id=_once(request), hint={"token": required(fields, "Token")}),)

    def answer(self, request: WireRequest, events: Sequence[InboundEvent]) -> WireResponse:
        return _SUCCESS

    def unavailable(self, request: WireRequest) -> WireResponse | None:
        return None

    def test_request(self, url: str, test_id: str, at: datetime) -> WireRequest:
        return test_webhook(url, self._crypt, self._token, test_id, at)

    def fetch(self, state: Mapping[str, Any], hint: Mapping[str, Any]) -> Steps[Fetched]:
        return fetching.page(self._api, self.config, state, hint)

    def _check(self, request: WireRequest, ciphertext: str) -> None:
        query = query_of(request)
        timestamp, nonce = fresh_timestamp(query, request), given(query, "nonce")
        check_signature(given(query, "msg_signature"), self._token, timestamp, nonce, ciphertext)

    # ---- out ----

    def login(self, renewed: str | None) -> Steps[AccessToken]:
        secret = self.config.secret.get_secret_value()
        asked = api.Api(str(self.config.api_url)).get(
            "gettoken", corpid=self.config.corp_id, corpsecret=secret
        )
        return api.access_token((yield asked), CODES)

    def with_token(self, token: str) -> Self:
        return type(self)(self.config, token)

    def send(self, message: OutboundMessage) -> Steps[SendResult]:
        """Text and files one by one, in a session that is ours to write in."""
        session = {"open_kfid": self.config.open_kfid, "external_userid": self._customer(message)}
        try:
            yield from self._take(session)
            bodies = yield from sending.parts(message, KINDS, self._api, CODES, _menu)
        except NotDone as error:
            return error.result
        to = {"touser": session["external_userid"], "open_kfid": self.config.open_kfid}
        requests = [
            self._api.post("kf/send_msg", {**to, "msgid": message_id(message.provider_key, n), **body})
            for n, body in enumerate(bodies)
        ]
        result = yield from sending.one_by_one(requests, self.interpret)
        return replace(result, provider_id=message_id(message.provider_key, 0))

    def media(self, reference: Mapping[str, Any]) -> Steps[Media]:
        media_id = str(reference.get("media_id", ""))
        response = yield self._api.get("media/get", max_bytes=api.FILE_MAX_BYTES, media_id=media_id)
        return api.media_from(response, CODES)

    def render(self, message: OutboundMessage) -> WireRequest:
        raise Unsendable("messages go out in steps")

    def interpret(self, response: WireResponse) -> SendResult:
        """A refusal of the `msgid` means that an earlier attempt has arrived: each of ours is used once."""
        result = api.result(response, CODES)
        used = result.outcome is SendOutcome.REJECTED and "msgid" in (result.reason or "")
        return SendResult(SendOutcome.SENT) if used else result

    def _take(self, session: Mapping[str, str]) -> Steps[None]:
        """A new session becomes ours, before WeCom gives it to somebody. Raises NotDone, Unsendable."""
        told = api.answered((yield self._api.post("kf/service_state/get", session)), CODES)
        state: int | None = told.get("service_state")
        if state == NEW:
            asked = {**session, "service_state": OURS}
            api.answered((yield self._api.post("kf/service_state/trans", asked)), CODES)
        elif state != OURS:
            raise Unsendable(_CLOSED.get(state or 0, f"the session is in state {state}"))

    def _customer(self, message: OutboundMessage) -> str:
        corp_id, _, customer = message.address.value.partition(":")
        if message.address.kind != "wecom" or corp_id != self.config.corp_id or not customer:
            raise Unsendable("this customer is not known to this company")
        return customer


def _menu(button: Button) -> Mapping[str, Any]:
    return {"type": "click", "click": {"id": button.id, "content": button.title}}


def _once(request: WireRequest) -> str:
    """What no other callback has, for it bears no id: tokens may come again."""
    query = query_of(request)
    return f"{given(query, 'timestamp')}:{given(query, 'nonce')}"


def _readable(fields: Fields) -> dict[str, Any]:
    """Without the token, which is a key for ten minutes."""
    return {name: value for name, value in fields.items() if name != "Token"}
