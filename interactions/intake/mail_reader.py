"""Mails before any transaction: fetched, parsed in a process of their own, masked; attachments stored."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from app.clock import new_id
from app.errors import NotFound, PoisonEvent
from app.events import MailReceived
from app.files import clean_name, content_type_of
from app.hiding.cards import mask_cards, mask_cards_in_html
from app.hiding.rules import Hiding
from channels.email.authentication import VERIFIED_HERE, believed, is_signed
from channels.email.parsed import MailAttachment, MailRefused, ParsedMail
from channels.email.spf import Peer
from interactions.intake.stored_file import StoredFile

ORIGINAL = "original.eml"

_TEXTS = ("subject", "text", "reply", "from_name")


class Blobs(Protocol):
    """Stored files, sealed with the tenant's key."""

    async def get(self, tenant_id: UUID, sha256: str) -> bytes:
        """Raises NotFound."""

    async def put(self, tenant_id: UUID, content: bytes) -> str:
        """Its sha256, when it is safe."""


class Parser(Protocol):
    """`channels.email.parser.MailParser`."""

    async def parse(
        self, raw: bytes, timeout_seconds: float = 30, *, fallback_charset: str = "gb18030"
    ) -> ParsedMail: ...


class Verifier(Protocol):
    """A `MailParser` of its own: it waits for DNS."""

    async def verify(
        self,
        raw: bytes,
        from_domain: str,
        dns_servers: Sequence[tuple[str, int]] = (),
        peer: Peer | None = None,
    ) -> dict[str, str]: ...


class Sealer(Protocol):
    def seal(self, tenant_id: UUID, plain: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class ReadMail:
    """`authentication`: whether it is from whom it says, by method. `mail` None: it was refused, `error` says
    why and `sealed` holds its raw bytes for the dead letter. `sealed_numbers` as a touch has them."""

    delivery_key: str
    mail: ParsedMail | None
    files: tuple[StoredFile, ...] = ()
    authentication: Mapping[str, str] = field(default_factory=dict)
    error: str = ""
    sealed: bytes = b""
    sealed_numbers: list[str] | None = None


class MailReader:
    """`verifier` None: no mail is verified here."""

    def __init__(
        self,
        blobs: Blobs,
        parser: Parser,
        sealer: Sealer,
        verifier: Verifier | None = None,
        dns_servers: Sequence[tuple[str, int]] = (),
    ) -> None:
        self._blobs, self._parser, self._sealer = blobs, parser, sealer
        self._verifier, self._dns_servers = verifier, dns_servers

    async def read(
        self,
        tenant_id: UUID,
        event: MailReceived,
        hiding: Hiding,
        fallback_charset: str = "gb18030",
        authentication_server: str | None = None,
    ) -> ReadMail:
        """Raises PoisonEvent for a mail that is gone, and what a disk that is away raises."""
        raw = await self._raw(tenant_id, event)
        try:
            mail = await self._parser.parse(raw, fallback_charset=fallback_charset)
        except MailRefused as refused:
            key = hashlib.sha256(raw).hexdigest()
            return ReadMail(key, None, error=str(refused), sealed=self._sealer.seal(tenant_id, raw))
        original = StoredFile(new_id(), event.sha256, ORIGINAL, "message/rfc822", len(raw), shown=False)
        stored = [await self._store(tenant_id, attachment, hiding) for attachment in mail.attachments]
        results = await self._authentication(event, raw, mail, authentication_server)
        shown = _shown(mail, hiding)
        files = (*stored, original)
        return ReadMail(mail.delivery_key, shown, files, results, sealed_numbers=hiding.sealed)

    async def _authentication(
        self, event: MailReceived, raw: bytes, mail: ParsedMail, server: str | None
    ) -> Mapping[str, str]:
        """As the server wrote down that we believe; else verified here, if the mail came to our door."""
        if server is not None:
            return believed(mail.authentication, server)
        if self._verifier is None or event.envelope_from is None or mail.sender is None:
            return {}
        peer = _peer(event)
        if peer is None and not is_signed(raw):
            return {"by": VERIFIED_HERE, "dkim": "none"}
        domain = mail.sender.address.rpartition("@")[2]
        try:
            results = await self._verifier.verify(raw, domain, self._dns_servers, peer)
            return {**results, "by": VERIFIED_HERE}
        except MailRefused:
            return {}

    async def _raw(self, tenant_id: UUID, event: MailReceived) -> bytes:
        try:
            return await self._blobs.get(tenant_id, event.sha256)
        except NotFound:
            raise PoisonEvent(f"the mail {event.sha256} is no longer there") from None

    async def _store(self, tenant_id: UUID, attachment: MailAttachment, hiding: Hiding) -> StoredFile:
        return StoredFile(
            id=new_id(),
            sha256=await self._blobs.put(tenant_id, attachment.content),
            name=clean_name(hiding.text(attachment.name)),
            content_type=await asyncio.to_thread(content_type_of, attachment.content, attachment.name),
            size=len(attachment.content),
            content_id=attachment.content_id,
        )


def _peer(event: MailReceived) -> Peer | None:
    """Who spoke to our door, if that was the sender's server."""
    if event.peer is None or event.envelope_from is None:
        return None
    peer = Peer(event.peer, event.helo or "", event.envelope_from)
    return peer if peer.is_outside else None


def _shown(mail: ParsedMail, hiding: Hiding) -> ParsedMail:
    """Without card numbers and what the endpoint hides, and without the attachments' bytes, which are stored
    now."""
    shown: dict[str, Any] = {name: hiding.text(mask_cards(getattr(mail, name))) for name in _TEXTS}
    shown["html"] = None if mail.html is None else hiding.html(mask_cards_in_html(mail.html))
    if mail.sender is not None:
        shown["sender"] = mail.sender.model_copy(update={"name": hiding.text(mail.sender.name)})
    return mail.model_copy(update={**shown, "attachments": ()})
