"""What all adapters' config models share: strict fields, errors as JSON pointers, checked secrets."""

from collections.abc import Sequence
from typing import Annotated, Any

from phonenumbers import SUPPORTED_REGIONS
from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr, ValidationError

from app.addresses import phone_address
from channels.signature import secret_key


class ChannelConfig(BaseModel):
    """The `config` of an endpoint in the set-up file. Unknown keys are refused: they are typing errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _webhook_secret(secret: SecretStr) -> SecretStr:
    secret_key(secret.get_secret_value())
    return secret


WebhookSecret = Annotated[SecretStr, AfterValidator(_webhook_secret)]
"""`whsec_` and base64, as Standard Webhooks has it."""


def _region(region: str) -> str:
    if region not in SUPPORTED_REGIONS:
        raise ValueError("a country as ISO 3166 names it, like CN")
    return region


Region = Annotated[str, AfterValidator(_region)]
"""In which numbers without `+` are read."""


def _number(text: str) -> str:
    address = phone_address(text)
    if address is None or address.kind not in ("phone", "short_code", "extension"):
        raise ValueError("a number as +14155550100, or a short code")
    return address.value


Number = Annotated[str, AfterValidator(_number)]
"""A phone number of ours."""


def pointer_of(location: Sequence[str | int]) -> str:
    """RFC 6901: `/smtp/host`."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def problems_of(error: ValidationError) -> list[tuple[str, str]]:
    """(pointer, message) of each wrong field; never the value, which may be a secret."""
    return [(pointer_of(item["loc"]), _message(item)) for item in error.errors(include_input=False)]


def _message(item: Any) -> str:
    return str(item["msg"]).removeprefix("Value error, ")
