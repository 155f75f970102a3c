"""The fakes of WeChat and WeCom as tests want them: served on loopback, and encrypting by
wechatpy, not by us."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from wechatpy.crypto import PrpCrypto

from demo.messengers.weixin import WeixinPlatform
from tests.serving import serving


class Wechatpy:
    def __init__(self, aes_key: str, receiver: str) -> None:
        self._crypt, self._receiver = PrpCrypto(base64.b64decode(aes_key + "=")), receiver

    def encrypt(self, message: str) -> str:
        sealed: bytes = self._crypt.encrypt(message, self._receiver)
        return sealed.decode()

    def decrypt(self, ciphertext: str) -> str:
        return str(self._crypt.decrypt(ciphertext, self._receiver))


@asynccontextmanager
async def served(platform: WeixinPlatform) -> AsyncIterator[None]:
    async with serving(platform.app()) as platform.url, platform.http:
        yield
