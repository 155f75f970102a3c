"""What an administrator sets for a Twilio number; the names are those of Twilio's Console."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AnyHttpUrl, Field, SecretStr, StringConstraints, model_validator

from channels.config import ChannelConfig, Number


def _base(url: AnyHttpUrl) -> AnyHttpUrl:
    if url.query or url.fragment:
        raise ValueError("an address without query and fragment")
    return url


Sid = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}[0-9a-fA-F]{32}$")]
BaseUrl = Annotated[AnyHttpUrl, AfterValidator(_base)]
Words = Annotated[str, StringConstraints(min_length=1, max_length=3000)]
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


class VoiceConfig(TwilioConfig):
    """`announcements`: what is said for the names that queues and doors use. `menu` is said before the caller
    waits, and what they press then is told. `recording_notice` is said before a call that may be recorded;
    with `opt_in` it must ask for the key 1. `copy_recordings`: we keep a copy of each. `fallback_number` is
    dialled while we can store nothing, else the caller may leave a message after `sorry`."""

    address: Number
    language: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] = "en-US"
    greeting: Words | None = None
    menu: Words | None = None
    menu_digits: Annotated[int, Field(ge=1, le=20)] = 1
    music_url: AnyHttpUrl | None = None
    announcements: dict[str, Words] = Field(default_factory=dict)
    ring_seconds: Annotated[int, Field(ge=5, le=600)] = 20
    recording: Literal["off", "announced", "opt_in"] = "off"
    recording_notice: Words | None = None
    copy_recordings: bool = False
    confirm_prompt: Words = "A call from your contact center. Press 1 to take it."
    sorry: Words = "We are sorry, we cannot take your call at the moment."
    fallback_number: Number | None = None

    @model_validator(mode="after")
    def _notice(self) -> Self:
        if self.recording != "off" and self.recording_notice is None:
            raise ValueError("recording_notice is needed: what callers are told before they are recorded")
        return self
