"""DKIM (RFC 6376) on mails of ours, when they leave: the signature names the time."""

from typing import Final

import dkim
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from channels.base import DkimKey

KEY_BITS_MIN: Final = 1024


def rsa_key(pem: str) -> bytes:
    """The key in the form that is signed with (PKCS#1), whichever PEM it is in. Raises ValueError."""
    try:
        key = load_pem_private_key(pem.strip().encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("is no private key in PEM without a passphrase") from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < KEY_BITS_MIN:
        raise ValueError(f"is no RSA key of {KEY_BITS_MIN} bits or more")
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


def signed(data: bytes, key: DkimKey) -> bytes:
    """The mail with its signature above it."""
    signature: bytes = dkim.sign(
        data,
        key.selector.encode("idna"),
        key.domain.encode("idna"),
        key.pem,
        canonicalize=(b"relaxed", b"relaxed"),
    )
    return signature + data
