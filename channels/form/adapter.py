"""Forms on the customer's own web pages: JSON or form-encoded, open to everyone, no signature."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final, TypeVar
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from app.addresses import email_address, phone_address
from app.errors import MalformedPayload
from app.events import Address, FormSubmitted, InboundEvent
from app.hiding.cards import mask_cards, mask_cards_within
from app.json_body import MalformedJson, parse_json_object
from app.text import clean_line, clean_text, clean_value
from channels.base import Capabilities, OutboundMessage, SendResult, Unsendable, WireRequest, WireResponse
from channels.config import ChannelConfig, problems_of
from channels.origins import AllowedOrigins

FIELDS_MAX: Final = 200
CALL: Final = "Call me back"
"""The subject of who only asks for a call."""

_KNOWN: Final = frozenset({"name", "email", "phone", "subject", "text", "call_at", "fields"})
_URLENCODED: Final = "application/x-www-form-urlencoded"


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("there is no such time zone") from None
    return name


class FormConfig(ChannelConfig):
    """`region` (ISO 3166) reads national phone numbers. `allowed_origins`: pages whose scripts may post.
    `callback`: who sends it in is called, at `call_at` if they name a time; one without offset from UTC is a
    time of `time_zone`."""

    allowed_origins: tuple[str, ...] = ("*",)
    region: Annotated[str, Field(pattern="^[A-Z]{2}$")] | None = None
    callback: bool = False
    time_zone: Annotated[str, AfterValidator(_time_zone)] | None = None


def _said(text: str) -> str:
    text = clean_text(text)
    if not text.strip():
        raise ValueError("must not be empty")
    return text


class _Form(BaseModel):
    model_config = ConfigDict(extra="ignore")
    name: Annotated[str, Field(max_length=200), AfterValidator(clean_line)] | None = None
    email: Annotated[str, Field(max_length=254)] | None = None
    phone: Annotated[str, Field(max_length=100)] | None = None
    subject: Annotated[str, Field(max_length=500), AfterValidator(_said), AfterValidator(clean_line)]
    text: Annotated[str, Field(max_length=100_000), AfterValidator(_said)]
    fields: dict[str, Any] = Field(default_factory=dict)

    @field_validator("email", "phone", "name", mode="before")
    @classmethod
    def _left_empty(cls, value: object) -> object:
        return None if isinstance(value, str) and not value.strip() else value

    @field_validator("email")
    @classmethod
    def _mailbox(cls, value: str | None) -> str | None:
        address = value and email_address(value)
        if value and address is None:
            raise ValueError("is not a mail address")
        return address

    @field_validator("fields")
    @classmethod
    def _few(cls, value: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        if len(value) > FIELDS_MAX:
            raise ValueError(f"at most {FIELDS_MAX} fields")
        return value


class _CallbackForm(_Form):
    """What is to be spoken of need not be said yet."""

    phone: Annotated[str, Field(max_length=100)]
    subject: Annotated[str, Field(max_length=500), AfterValidator(clean_line)] = ""
    text: Annotated[str, Field(max_length=100_000), AfterValidator(clean_text)] = ""
    call_at: datetime | None = None

    @field_validator("call_at", mode="before")
    @classmethod
    def _at_once(cls, value: object) -> object:
        return None if isinstance(value, str) and not value.strip() else value


FormT = TypeVar("FormT", bound=_Form)


class FormAdapter:
    name: ClassVar[str] = "form"
    channel: ClassVar[str] = "task"
    capabilities: ClassVar[Capabilities] = Capabilities(replies=False)

    def __init__(self, config: FormConfig) -> None:
        self.config = config
        self._origins = AllowedOrigins(config.allowed_origins)

    def allows(self, origin: str | None) -> bool:
        """Whether a page of this `Origin` may; no header at all is no browser, which may."""
        return self._origins.allows(origin)

    def verify(self, request: WireRequest) -> None:
        """Nothing to check: anyone may fill in a form. What it claims is a claim (see customers)."""

    def parse(self, request: WireRequest) -> Sequence[InboundEvent]:
        """One FormSubmitted without `external_id`: the router adds the reference it gives the customer."""
        fields = _fields_of(request)
        if self.config.callback:
            return (self._callback(_validated(_CallbackForm, fields), request.received_at),)
        return (self._submitted(_validated(_Form, fields), request.received_at),)

    def render(self, message: OutboundMessage) -> WireRequest:
        raise Unsendable("a form has no way back: answer by mail or phone")

    def interpret(self, response: WireResponse) -> SendResult:
        raise Unsendable("a form has no way back: answer by mail or phone")

    def _callback(self, form: _CallbackForm, received_at: datetime | None) -> FormSubmitted:
        event = self._submitted(form, received_at)
        update = {"callback": True, "call_at": self._call_at(form.call_at), "subject": event.subject or CALL}
        return event.model_copy(update=update)

    def _submitted(self, form: _Form, received_at: datetime | None) -> FormSubmitted:
        return FormSubmitted(
            address=self._address(form),
            occurred_at=received_at,
            name=mask_cards(form.name or "") or None,
            email=form.email,
            phone=form.phone and self._phone(form.phone),
            subject=mask_cards(form.subject),
            text=mask_cards(form.text),
            fields=mask_cards_within(clean_value(form.fields)),
        )

    def _call_at(self, at: datetime | None) -> datetime | None:
        if at is None or at.tzinfo is not None:
            return at
        if self.config.time_zone is None:
            raise MalformedPayload("needs an offset from UTC: the endpoint has no time_zone", "/call_at")
        return at.replace(tzinfo=ZoneInfo(self.config.time_zone))

    def _phone(self, raw: str) -> str:
        address = phone_address(raw, self.config.region)
        if address is None:
            raise MalformedPayload("is not a phone number", "/phone")
        return address.value

    def _address(self, form: _Form) -> Address | None:
        """The mail address if there is one, else the phone, else none of its own."""
        if form.email:
            return Address(kind="email", value=form.email)
        return phone_address(form.phone, self.config.region) if form.phone else None


def _fields_of(request: WireRequest) -> dict[str, Any]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == _URLENCODED:
        return _urlencoded(request.body)
    try:
        return parse_json_object(request.body)
    except MalformedJson as error:
        raise MalformedPayload(str(error)) from None


def _urlencoded(body: bytes) -> dict[str, Any]:
    """The names we know are ours; every other input of the page stands in `fields`."""
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX + len(_KNOWN)
        )
    except ValueError as error:
        raise MalformedPayload(f"not a form in UTF-8: {error}") from None
    known = {name: value for name, value in pairs if name in _KNOWN - {"fields"}}
    return {**known, "fields": {name: value for name, value in pairs if name not in _KNOWN}}


def _validated(form: type[FormT], values: Mapping[str, Any]) -> FormT:
    try:
        return form.model_validate(values)
    except ValidationError as error:
        pointer, message = problems_of(error)[0]
        raise MalformedPayload(message, pointer) from None
