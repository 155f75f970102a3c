"""What an administrator sets for a Twilio number; the names are those of Twilio's Console."""

from typing import Annotated, Self

from pydantic import AfterValidator, AnyHttpUrl, Field, SecretStr, StringConstraints, model_validator

from app.addresses import phone_address
from channels.config import ChannelConfig


def _number(text: str) -> str:
    address = phone_address(text)
    if address is None or address.kind not in ("phone", "short_code", "extension"):
        raise ValueError("a number as +14155550100, or a short code")
    return address.value


def _base(url: AnyHttpUrl) -> AnyHttpUrl:
    if url.query or url.fragment:
        raise ValueError("an address without query and fragment")
    return url


Sid = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}[0-9a-fA-F]{32}$")]
Number = Annotated[str, AfterValidator(_number)]
BaseUrl = Annotated[AnyHttpUrl, AfterValidator(_base)]
Secret = Annotated[SecretStr, Field(min_length=1)]


class TwilioConfig(ChannelConfig):
    """`auth_token` proves Twilio's requests, and ours unless an API key does; `previous_auth_tokens` still
    open the door while it is changed. `shared_key` proves requests that a Webhooks Rule signs. `webhook_url`
    is where Twilio reaches this endpoint, if not below the installation's public address."""

    account_sid: Sid
    auth_token: Secret
    previous_auth_tokens: tuple[Secret, ...] = ()
    shared_key: Secret | None = None
    api_key_sid: Sid | None = None
    api_key_secret: Secret | None = None
    api_url: BaseUrl = AnyHttpUrl("https://api.twilio.com")
    webhook_url: BaseUrl | None = None

    @model_validator(mode="after")
    def _whole_key(self) -> Self:
        if (self.api_key_sid is None) != (self.api_key_secret is None):
            raise ValueError("api_key_sid and api_key_secret go together")
        return self


class SmsConfig(TwilioConfig):
    """Messages leave from `address`, or from whichever number the messaging service chooses."""

    address: Number | None = None
    messaging_service_sid: Sid | None = None

    @model_validator(mode="after")
    def _some_sender(self) -> Self:
        if self.address is None and self.messaging_service_sid is None:
            raise ValueError("address or messaging_service_sid is needed: messages leave from there")
        return self
