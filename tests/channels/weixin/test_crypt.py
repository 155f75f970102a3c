"""WXBizMsgCrypt: wechatpy encrypts and signs, ours reads, and the other way round."""

import base64
import random

import pytest
from wechatpy.crypto import WeChatCrypto

from app.errors import BadSignature, MalformedPayload
from channels.weixin.crypt import MessageCrypt, check_signature, signature
from tests.channels.weixin.parts import (
    AES_KEY,
    APP_ID,
    NONCE,
    OTHER_AES_KEY,
    STAMP,
    TOKEN,
    encrypted,
    sha1,
)

CRYPT = MessageCrypt(AES_KEY, APP_ID)
TEXTS = ["", "a", "x" * 11, "x" * 12, "x" * 31, "x" * 32, "x" * 33, "您好，世界 🙂", "<xml/>" * 500]


class TestDecrypt:
    @pytest.mark.parametrize("text", TEXTS)
    def test_what_the_platform_encrypts_is_read(self, text: str) -> None:
        assert CRYPT.decrypt(encrypted(text)) == text.encode()

    def test_what_is_for_another_account_proves_nothing(self) -> None:
        with pytest.raises(BadSignature):
            CRYPT.decrypt(encrypted("<xml/>", receiver="wx0000000000000000"))

    def test_another_key_reads_nothing(self) -> None:
        with pytest.raises((BadSignature, MalformedPayload)):
            MessageCrypt(OTHER_AES_KEY, APP_ID).decrypt(encrypted("<xml/>"))

    @pytest.mark.parametrize("ciphertext", ["", "=", "!!!!", "AAAA", "密文", "\udcff", "A" * 43, "AAAA AAAA"])
    def test_what_is_no_ciphertext_is_named(self, ciphertext: str) -> None:
        with pytest.raises(MalformedPayload, match="/Encrypt"):
            CRYPT.decrypt(ciphertext)

    def test_bytes_of_chance_are_refused(self) -> None:
        chance = random.Random(20261129)
        for _ in range(500):
            blocks = chance.randbytes(16 * chance.randint(1, 8))
            with pytest.raises((BadSignature, MalformedPayload)):
                CRYPT.decrypt(base64.b64encode(blocks).decode())

    def test_each_changed_byte_is_noticed_or_harmless(self) -> None:
        sealed = bytearray(base64.b64decode(encrypted("<xml><a>text</a></xml>")))
        for place in range(len(sealed)):
            changed = bytes(sealed[:place]) + bytes([sealed[place] ^ 0x55]) + bytes(sealed[place + 1 :])
            try:
                CRYPT.decrypt(base64.b64encode(changed).decode())
            except (BadSignature, MalformedPayload):
                continue


class TestEncrypt:
    @pytest.mark.parametrize("text", TEXTS)
    def test_the_platform_reads_what_we_encrypt(self, text: str) -> None:
        ciphertext = CRYPT.encrypt(text.encode(), b"a nonce")
        body = f"<xml><Encrypt>{ciphertext}</Encrypt></xml>"
        proof = signature(TOKEN, STAMP, NONCE, ciphertext)
        read = WeChatCrypto(TOKEN, AES_KEY, APP_ID).decrypt_message(body, proof, STAMP, NONCE)
        assert read == text

    def test_a_repeat_is_the_same(self) -> None:
        assert CRYPT.encrypt(b"text", b"1") == CRYPT.encrypt(b"text", b"1") != CRYPT.encrypt(b"text", b"2")


class TestSignature:
    def test_is_the_platforms(self) -> None:
        assert signature(TOKEN, STAMP, NONCE, "密文") == sha1(TOKEN, STAMP, NONCE, "密文")

    @pytest.mark.parametrize("given", ["", "x", "0" * 40, "签名", "\udcff", "0" * 10_000])
    def test_anything_else_is_refused(self, given: str) -> None:
        with pytest.raises(BadSignature):
            check_signature(given, TOKEN, STAMP, NONCE)

    def test_the_same_in_capitals_is_refused(self) -> None:
        with pytest.raises(BadSignature):
            check_signature(signature(TOKEN, STAMP, NONCE).upper(), TOKEN, STAMP, NONCE)
