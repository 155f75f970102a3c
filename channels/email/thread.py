"""Which interaction a mail continues: by our signed reply token, or by References of a mail that we sent to
that very address; never by a number in the subject."""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from channels.email.parsed import ParsedMail

LOCAL_PART_MAX: Final = 64
REFERENCES_KEPT: Final = 10

_MAC_BYTES: Final = 8
_TOKEN: Final = re.compile(r"\+r\.([a-z2-7]{39})@", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ThreadKeys:
    """`interaction_id`: of a verified token. `message_ids`: to look up among the mails that we sent to the
    sender, the nearest first; an id of a mail sent to somebody else joins nothing."""

    interaction_id: UUID | None = None
    message_ids: tuple[str, ...] = ()


def thread_keys(
    mail: ParsedMail, reply_key: bytes | None = None, envelope_to: Iterable[str] = ()
) -> ThreadKeys:
    named = (*envelope_to, *mail.delivered_to, *(mailbox.address for mailbox in (*mail.to, *mail.cc)))
    nearest_first = (*mail.in_reply_to, *reversed(mail.references))
    interaction_id = None
    if reply_key is not None and mail.sender is not None:
        found = (read_token(reply_key, token, mail.sender.address) for token in tokens_of(named))
        interaction_id = next((interaction for interaction in found if interaction is not None), None)
    return ThreadKeys(interaction_id, tuple(dict.fromkeys(nearest_first)))


def thread_of(mail: ParsedMail) -> dict[str, Any]:
    """What a reply needs to know of the mail: `OutboundMessage.thread`."""
    return {
        "message_id": mail.message_id,
        "references": list(mail.references or mail.in_reply_to)[-REFERENCES_KEPT:],
        "subject": mail.subject,
    }


def reply_address(mailbox: str, reply_key: bytes | None, interaction_id: UUID, recipient: str) -> str:
    """`support+r.<token>@acme.test`: an answer to it, from `recipient`, finds the interaction again. The bare
    mailbox without a key, or where the local part would grow too long."""
    local, _, domain = mailbox.rpartition("@")
    if reply_key is None:
        return mailbox
    tagged = f"{local}+r.{make_token(reply_key, interaction_id, recipient)}"
    return f"{tagged}@{domain}" if len(tagged) <= LOCAL_PART_MAX else mailbox


def make_token(reply_key: bytes, interaction_id: UUID, recipient: str) -> str:
    """39 letters and digits, the same in upper and lower case."""
    signed = interaction_id.bytes + _mac(reply_key, interaction_id, recipient)
    return base64.b32encode(signed).decode().rstrip("=").lower()


def read_token(reply_key: bytes, token: str, sender: str) -> UUID | None:
    """The interaction, if we made the token for this very sender."""
    try:
        signed = base64.b32decode(token.upper() + "=" * (-len(token) % 8))
    except ValueError:
        return None
    if len(signed) != 16 + _MAC_BYTES:
        return None
    interaction_id = UUID(bytes=signed[:16])
    genuine = hmac.compare_digest(signed[16:], _mac(reply_key, interaction_id, sender))
    return interaction_id if genuine else None


def tokens_of(addresses: Iterable[str]) -> list[str]:
    return [found[1].lower() for address in addresses for found in _TOKEN.finditer(address)]


def base_address(address: str) -> str:
    """The mailbox behind a plus-address: `support+anything@acme.test` is support@acme.test."""
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"


def _mac(reply_key: bytes, interaction_id: UUID, recipient: str) -> bytes:
    text = b"reply\0" + interaction_id.bytes + recipient.strip().lower().encode("utf-8", "replace")
    return hmac.digest(reply_key, text, hashlib.sha256)[:_MAC_BYTES]
