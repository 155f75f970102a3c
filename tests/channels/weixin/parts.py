"""Webhooks as the platform posts them: signed and encrypted by wechatpy, whose crypto is not ours."""

import re
from urllib.parse import urlencode

from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import WeChatSigner

from channels.base import WireRequest
from tests.channels.wire import NOW

TOKEN = "weixinToken1"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
OTHER_AES_KEY = "GFEDCBA9876543210zyxwvutsrqponmlkjihgfedcba"
APP_ID = "wx5823bf96d3bd56c7"
STAMP = str(int(NOW.timestamp()))
NONCE = "1320562132"
URL = "https://desk.test/webhooks/1"


def sha1(*parts: str) -> str:
    signer = WeChatSigner()
    signer.add_data(*parts)
    found: str = signer.signature
    return found


def request(body: bytes | str, method: str = "POST", **query: str) -> WireRequest:
    raw = body.encode() if isinstance(body, str) else body
    return WireRequest(method, f"{URL}?{urlencode(query)}", {}, raw, received_at=NOW)


def plain_query(token: str = TOKEN, stamp: str = STAMP, nonce: str = NONCE) -> dict[str, str]:
    return {"signature": sha1(token, stamp, nonce), "timestamp": stamp, "nonce": nonce}


def encrypted(xml: str, *, token: str = TOKEN, key: str = AES_KEY, receiver: str = APP_ID) -> str:
    """The ciphertext of `xml`."""
    envelope = WeChatCrypto(token, key, receiver).encrypt_message(xml, NONCE, STAMP)
    found = re.search(r"<Encrypt><!\[CDATA\[(.*?)\]\]></Encrypt>", envelope)
    assert found is not None
    return found[1]


def sealed(
    xml: str,
    *,
    token: str = TOKEN,
    key: str = AES_KEY,
    receiver: str = APP_ID,
    stamp: str = STAMP,
    to: str = "gh_1",
) -> WireRequest:
    """The webhook in safe mode."""
    ciphertext = encrypted(xml, token=token, key=key, receiver=receiver)
    query = {
        **plain_query(token, stamp),
        "encrypt_type": "aes",
        "msg_signature": sha1(token, stamp, NONCE, ciphertext),
    }
    body = f"<xml><ToUserName><![CDATA[{to}]]></ToUserName><Encrypt><![CDATA[{ciphertext}]]></Encrypt></xml>"
    return request(body, **query)
