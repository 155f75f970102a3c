"""Every way in which the proof of a webhook can be wrong, for both platforms: BadSignature, nothing else."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from app.errors import BadSignature
from app.events import UnknownReceived
from channels.abilities import HasTest
from channels.base import WireRequest
from channels.wechat import WechatAdapter, WechatConfig
from channels.wecom import WecomAdapter, WecomConfig
from tests.channels.weixin.parts import (
    AES_KEY,
    APP_ID,
    NONCE,
    OTHER_AES_KEY,
    STAMP,
    TOKEN,
    URL,
    encrypted,
    plain_query,
    request,
    sealed,
    sha1,
)
from tests.channels.wire import NOW

CORP = "ww1436e0e65a779aee"
WEB = {"token": TOKEN, "encoding_aes_key": AES_KEY}
APP = {"app_id": APP_ID, "app_secret": "s"}
SAFE = WechatAdapter(WechatConfig.model_validate({**APP, **WEB}))
PLAIN = WechatAdapter(WechatConfig.model_validate({**APP, "token": TOKEN, "mode": "plain"}))
WECOM = WecomAdapter(WecomConfig.model_validate({"corp_id": CORP, "open_kfid": "wk1", "secret": "s", **WEB}))
TEXT = (
    "<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><CreateTime>1</CreateTime>"
    "<MsgType>text</MsgType><Content>x</Content><MsgId>1</MsgId></xml>"
)

WRONG: Mapping[str, tuple[str, ...]] = {
    "timestamp": (
        "",
        "now",
        "-1",
        "1.5",
        "²",
        " " + STAMP,
        STAMP + " ",
        "9" * 400,
        "0",
        str(int(STAMP) + 301),
        str(int(STAMP) - 301),
        str(int(STAMP) + 1),
    ),
    "nonce": ("", "another", "\x00", "签名", "n" * 5000),
    "signature": ("", "0" * 40, "签名", "%00", "\udcff", "x" * 5000, sha1("other", STAMP, NONCE)),
}


def changed(query: Mapping[str, str]) -> Iterator[dict[str, str | None]]:
    """The query with one, then with two parameters wrong or missing."""
    wrong = [
        (name, value)
        for name in query
        if name != "encrypt_type" and name != "echostr"
        for value in (None, *WRONG["signature" if name.endswith("signature") else name])
    ]
    for one in wrong:
        yield {**query, **dict([one])}
    for one, two in itertools.combinations(wrong, 2):
        if one[0] != two[0]:
            yield {**query, one[0]: one[1], two[0]: two[1]}


def asked(query: Mapping[str, str | None], body: bytes, method: str = "POST") -> WireRequest:
    kept = {name: value for name, value in query.items() if value is not None}
    pairs = "&".join(f"{name}={value}" for name, value in kept.items())
    return WireRequest(method, f"{URL}?{pairs}", {}, body, received_at=NOW)


def proof(ciphertext: str) -> dict[str, str]:
    return {"timestamp": STAMP, "nonce": NONCE, "msg_signature": sha1(TOKEN, STAMP, NONCE, ciphertext)}


class TestPosted:
    def test_plain_mode(self) -> None:
        PLAIN.verify(request(TEXT, **plain_query()))
        for query in changed(plain_query()):
            with pytest.raises(BadSignature):
                PLAIN.verify(asked(query, TEXT.encode()))

    @pytest.mark.parametrize("adapter", [SAFE, WECOM], ids=["wechat", "wecom"])
    def test_safe_mode(self, adapter: WechatAdapter | WecomAdapter) -> None:
        ciphertext = encrypted(TEXT)
        body = f"<xml><Encrypt>{ciphertext}</Encrypt></xml>".encode()
        adapter.verify(asked(proof(ciphertext), body))
        for query in changed(proof(ciphertext)):
            with pytest.raises(BadSignature):
                adapter.verify(asked(query, body))

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{}",
            b"<xml/>",
            b"<xml><Encrypt/></xml>",
            b"<xml><Encrypt><a/></Encrypt></xml>",
            b"<!DOCTYPE x><xml><Encrypt>AAAA</Encrypt></xml>",
            b"\xff",
            TEXT.encode(),
        ],
    )
    @pytest.mark.parametrize("adapter", [SAFE, WECOM], ids=["wechat", "wecom"])
    def test_a_body_without_ciphertext_proves_nothing(
        self, adapter: WechatAdapter | WecomAdapter, body: bytes
    ) -> None:
        with pytest.raises(BadSignature):
            adapter.verify(asked({**proof(""), **plain_query()}, body))

    def test_safe_mode_takes_no_plain_message(self) -> None:
        with pytest.raises(BadSignature):
            SAFE.verify(request(TEXT, **plain_query()))

    def test_another_body_under_a_good_signature(self) -> None:
        good = sealed(TEXT)
        other = sealed(TEXT.replace("<Content>x", "<Content>y"))
        with pytest.raises(BadSignature):
            SAFE.verify(WireRequest("POST", good.url, {}, other.body, received_at=NOW))

    def test_a_parameter_twice(self) -> None:
        good = sealed(TEXT)
        with pytest.raises(BadSignature):
            SAFE.verify(WireRequest("POST", good.url + "&nonce=1", {}, good.body, received_at=NOW))

    def test_many_parameters(self) -> None:
        with pytest.raises(BadSignature):
            SAFE.verify(asked({f"p{n}": "1" for n in range(10_000)}, b""))

    def test_an_address_that_is_none(self) -> None:
        with pytest.raises(BadSignature):
            SAFE.verify(WireRequest("POST", "http://[::1?timestamp=1", {}, b"", received_at=NOW))

    def test_no_clock_no_trust(self) -> None:
        good = sealed(TEXT)
        with pytest.raises(BadSignature):
            SAFE.verify(WireRequest("POST", good.url, {}, good.body))

    @pytest.mark.parametrize("away", [-300, -1, 1, 300])
    def test_five_minutes_are_allowed(self, away: int) -> None:
        SAFE.verify(sealed(TEXT, stamp=str(int(STAMP) + away)))

    @pytest.mark.parametrize("adapter", [SAFE, WECOM], ids=["wechat", "wecom"])
    def test_what_is_for_another_account(self, adapter: WechatAdapter | WecomAdapter) -> None:
        message = sealed(TEXT, receiver="wx0000000000000000")
        adapter.verify(message)
        with pytest.raises(BadSignature):
            adapter.parse(message)

    def test_another_token(self) -> None:
        with pytest.raises(BadSignature):
            SAFE.verify(sealed(TEXT, token="otherToken"))

    def test_another_key_is_never_read(self) -> None:
        message = sealed(TEXT, key=OTHER_AES_KEY)
        SAFE.verify(message)
        with pytest.raises(Exception, match=r"EncodingAESKey|another account"):
            SAFE.parse(message)


class TestChallenged:
    @pytest.mark.parametrize("adapter", [PLAIN, SAFE], ids=["plain", "safe"])
    def test_an_official_account_gets_its_word_back(self, adapter: WechatAdapter) -> None:
        answer = adapter.challenge(asked({**plain_query(), "echostr": "5837397576"}, b"", "GET"))
        assert (answer.status, answer.body) == (200, b"5837397576")
        assert answer.headers["content-type"].startswith("text/plain")
        for query in changed(plain_query()):
            with pytest.raises(BadSignature):
                adapter.challenge(asked({**query, "echostr": "1"}, b"", "GET"))

    def test_without_a_word(self) -> None:
        with pytest.raises(BadSignature):
            PLAIN.challenge(asked(plain_query(), b"", "GET"))

    def test_wecom_gets_its_word_decrypted(self) -> None:
        word = encrypted("1616140317555161061", receiver=CORP)
        query = {**proof(word), "echostr": word}
        assert WECOM.challenge(request(b"", "GET", **query)).body == b"1616140317555161061"
        for wrong in changed(query):
            with pytest.raises(BadSignature):
                WECOM.challenge(asked(wrong, b"", "GET"))

    @pytest.mark.parametrize(
        "word",
        ["AAAA", "!", encrypted("1", receiver="another")],
        ids=["too short", "no base64", "another account's"],
    )
    def test_wecom_a_word_that_is_signed_but_not_ours(self, word: str) -> None:
        query = {**proof(word), "echostr": word}
        with pytest.raises(BadSignature):
            WECOM.challenge(request(b"", "GET", **query))


class TestOurOwnTest:
    @pytest.mark.parametrize("adapter", [SAFE, PLAIN, WECOM], ids=["safe", "plain", "wecom"])
    def test_comes_in_like_the_platforms_and_means_nothing(
        self, adapter: WechatAdapter | WecomAdapter
    ) -> None:
        assert isinstance(adapter, HasTest)
        made = adapter.test_request(URL, "touchpoint.test.0193", NOW)
        heard = replace(made, received_at=NOW)
        adapter.verify(heard)
        (event,) = adapter.parse(heard)
        assert isinstance(event, UnknownReceived)
        assert event.kind == "touchpoint.test.0193"
        assert adapter.answer(heard, [event]).body == b"success"
