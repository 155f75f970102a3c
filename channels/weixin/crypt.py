"""WXBizMsgCrypt: how Tencent's platforms sign and encrypt what they post, and want answers encrypted.

AES-256-CBC with the key's first 16 bytes as vector, PKCS#7 to blocks of 32; inside: 16 random bytes, the
length (4 bytes, big-endian), the message, and whom it is for (an app id, a corporation id).
"""

import base64
import binascii
import hashlib
import hmac
import re
from typing import Annotated, Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from pydantic import AfterValidator, SecretStr

from app.errors import BadSignature, MalformedPayload

BLOCK: Final = 32
RANDOM: Final = 16

_AES_KEY: Final = re.compile(r"[A-Za-z0-9+/]{43}")
_TOKEN: Final = re.compile(r"[A-Za-z0-9]{3,32}")


def _aes_key(secret: SecretStr) -> SecretStr:
    if not _AES_KEY.fullmatch(secret.get_secret_value()):
        raise ValueError("an EncodingAESKey is 43 letters and digits")
    return secret


def _token(secret: SecretStr) -> SecretStr:
    if not _TOKEN.fullmatch(secret.get_secret_value()):
        raise ValueError("a Token is 3 to 32 letters and digits")
    return secret


EncodingAesKey = Annotated[SecretStr, AfterValidator(_aes_key)]
"""As the platform's console shows it."""

CallbackToken = Annotated[SecretStr, AfterValidator(_token)]
"""The Token beside the webhook's address in the platform's console."""


def signature(*parts: str) -> str:
    """sha1 over the sorted parts, in hex. It is the platforms' choice."""
    joined = "".join(sorted(parts)).encode("utf-8", "surrogatepass")
    return hashlib.sha1(joined, usedforsecurity=False).hexdigest()


def check_signature(given: str, *parts: str) -> None:
    """Raises BadSignature unless `given` is the signature of the parts."""
    if not hmac.compare_digest(given.encode("utf-8", "surrogatepass"), signature(*parts).encode()):
        raise BadSignature("the signature does not fit")


class MessageCrypt:
    """`receiver`: the app id or corporation id that must stand in whatever is for us."""

    def __init__(self, encoding_aes_key: str, receiver: str) -> None:
        key = base64.b64decode(encoding_aes_key + "=")
        self._cipher = Cipher(AES256(key), CBC(key[:16]))
        self._key, self._receiver = key, receiver.encode()

    def decrypt(self, ciphertext: str) -> bytes:
        """The message. Raises BadSignature where it is for somebody else, MalformedPayload where it cannot be
        read, as with another key."""
        padded = self._decrypted(ciphertext)
        plain = padded[: -padded[-1]] if 1 <= padded[-1] <= BLOCK else b""
        start = RANDOM + 4
        end = start + int.from_bytes(plain[RANDOM:start], "big")
        if len(plain) < start or end > len(plain):
            raise MalformedPayload("it cannot be decrypted; compare the EncodingAESKey", "/Encrypt")
        if not hmac.compare_digest(plain[end:], self._receiver):
            raise BadSignature("it is encrypted for another account")
        return plain[start:end]

    def encrypt(self, message: bytes, nonce: bytes) -> str:
        """`message` for the platform. The random bytes are made of the key and `nonce`: nobody else can tell
        them, and a repeat is the same."""
        random = hmac.digest(self._key, nonce, "sha256")[:RANDOM]
        plain = random + len(message).to_bytes(4, "big") + message + self._receiver
        missing = BLOCK - len(plain) % BLOCK
        encryptor = self._cipher.encryptor()
        sealed = encryptor.update(plain + bytes([missing]) * missing) + encryptor.finalize()
        return base64.b64encode(sealed).decode()

    def _decrypted(self, ciphertext: str) -> bytes:
        try:
            sealed = base64.b64decode(ciphertext, validate=True)
        except (binascii.Error, ValueError):
            raise MalformedPayload("base64 is expected", "/Encrypt") from None
        if not sealed or len(sealed) % 16:
            raise MalformedPayload("it is no whole number of cipher blocks", "/Encrypt")
        decryptor = self._cipher.decryptor()
        return decryptor.update(sealed) + decryptor.finalize()
