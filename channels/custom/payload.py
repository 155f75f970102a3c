"""The messaging format's events (docs/channels/custom.md), from bytes to the catalogue's models."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from app.addresses import email_address, phone_address
from app.errors import MalformedPayload
from app.events import (
    Address,
    Attachment,
    DeliveryUpdated,
    InboundEvent,
    MessageReceived,
    MessageSentElsewhere,
    ReplyWindow,
)
from app.hiding.cards import mask_cards, mask_cards_within
from app.json_body import MalformedJson, parse_json_object
from app.text import clean_line, clean_value
from channels.config import problems_of
from channels.unknown import unknown

M = TypeVar("M", bound=BaseModel)


def _utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("this time does not exist in UTC") from None


Id = Annotated[str, Field(min_length=1, max_length=200)]
Line = Annotated[str, Field(max_length=200), AfterValidator(clean_line), AfterValidator(mask_cards)]
Words = Annotated[str, Field(max_length=100_000), AfterValidator(mask_cards)]
Reason = Annotated[str, Field(max_length=1000), AfterValidator(clean_line), AfterValidator(mask_cards)]
At = Annotated[AwareDatetime, AfterValidator(_utc)]


class _Wire(BaseModel):
    """Members that we do not know are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class _Customer(_Wire):
    id: Id | None = None
    phone: Annotated[str, Field(max_length=100)] | None = None
    email: Annotated[str, Field(max_length=254)] | None = None
    name: Line | None = None


class _File(_Wire):
    url: Annotated[str, Field(max_length=2000, pattern=r"^https?://[^\s]+$")]
    name: Line = "file"
    content_type: Annotated[str, Field(max_length=200)] = "application/octet-stream"
    size: Annotated[int, Field(strict=True, ge=0, lt=2**40)] = 0


class _Said(_Wire):
    """A message of either side."""

    id: Id
    at: At
    conversation: Id | None = None
    customer: _Customer
    text: Words = ""
    attachments: Annotated[tuple[_File, ...], Field(max_length=20)] = ()
    reply_to: Id | None = None
    payload: dict[str, Any] = Field(default_factory=dict)
    author: Line | None = None


class _Status(_Wire):
    message_id: Id
    at: At
    conversation: Id | None = None
    state: Literal["sent", "delivered", "read", "failed"]
    reason: Reason | None = None


def parse_event(body: bytes, platform: str, window: ReplyWindow | None) -> InboundEvent:
    """The one event in `body`. Raises MalformedPayload, naming the field."""
    try:
        payload = parse_json_object(body)
    except MalformedJson as error:
        raise MalformedPayload(str(error)) from None
    if b"\\" in body:  # JSON can say NUL and CR by an escape only
        payload = clean_value(payload)
    kind = payload.get("type")
    if not isinstance(kind, str) or not kind:
        raise MalformedPayload("a text is required", "/type")
    match kind:
        case "message.received":
            said = _read(_Said, payload)
            _says_something(said)
            common = _common(said, platform)
            return MessageReceived(**common, name=said.customer.name, reply_window=window)
        case "message.sent_elsewhere":
            said = _read(_Said, payload)
            _says_something(said)
            return MessageSentElsewhere(**_common(said, platform), author=said.author)
        case "message.status":
            return _status(_read(_Status, payload))
        case _:
            return unknown(kind, payload)


def customer_of(address: Address, platform: str) -> dict[str, str]:
    """The customer as the bridge named them."""
    if address.kind == "custom":
        return {"id": address.value.removeprefix(f"{platform}:")}
    return {address.kind: address.value}


def _read(model: type[M], payload: Mapping[str, Any]) -> M:
    try:
        return model.model_validate(payload)
    except ValidationError as error:
        pointer, message = problems_of(error)[0]
        raise MalformedPayload(message, pointer) from None


def _says_something(said: _Said) -> None:
    if not said.text.strip() and not said.attachments:
        raise MalformedPayload("a text or attachments are required", "/text")


def _common(said: _Said, platform: str) -> dict[str, Any]:
    address = _address(said.customer, platform)
    about = {"reply_to": said.reply_to} if said.reply_to else {}
    return {
        "external_id": said.id,
        "conversation": said.conversation or address.value,
        "address": address,
        "occurred_at": said.at,
        "text": said.text,
        "attachments": tuple(_attachment(file) for file in said.attachments),
        "payload": mask_cards_within(said.payload) | about,
    }


def _attachment(file: _File) -> Attachment:
    return Attachment(
        name=file.name or "file", content_type=file.content_type, size=file.size, media={"url": file.url}
    )


def _status(status: _Status) -> DeliveryUpdated:
    return DeliveryUpdated(
        external_id=status.message_id,
        conversation=status.conversation,
        occurred_at=status.at,
        state=status.state,
        reason=status.reason,
    )


def _address(customer: _Customer, platform: str) -> Address:
    named = [name for name in _READ if getattr(customer, name)]
    if len(named) != 1:
        raise MalformedPayload("one of id, phone and email is required, and only one", "/customer")
    return _READ[named[0]](getattr(customer, named[0]), platform)


def _by_id(value: str, platform: str) -> Address:
    return Address(kind="custom", value=f"{platform}:{value}")


def _by_phone(value: str, _platform: str) -> Address:
    found = phone_address(value)
    if found is None or not found.value.startswith("+"):
        raise MalformedPayload(
            "a number with its country's code is required, as +8613800138000", "/customer/phone"
        )
    return found


def _by_email(value: str, _platform: str) -> Address:
    found = email_address(value)
    if found is None:
        raise MalformedPayload("is not a mail address", "/customer/email")
    return Address(kind="email", value=found)


_READ: Final[Mapping[str, Callable[[str, str], Address]]] = {
    "id": _by_id,
    "phone": _by_phone,
    "email": _by_email,
}
