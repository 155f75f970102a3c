"""What the set-up file says of a customer-service account."""

from typing import Annotated, Self

from pydantic import AnyHttpUrl, Field, SecretStr, UrlConstraints, model_validator

from channels.config import ChannelConfig
from channels.weixin.crypt import CallbackToken, EncodingAesKey
from channels.weixin.sending import TEXT_MAX_BYTES


class WecomConfig(ChannelConfig):
    """`open_kfid` is the account (客服账号ID), `secret` the application's that may use the API for it.
    `greeting` welcomes who opens the conversation."""

    corp_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    open_kfid: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    secret: SecretStr
    token: CallbackToken
    encoding_aes_key: EncodingAesKey
    greeting: Annotated[str, Field(min_length=1)] | None = None
    api_url: Annotated[AnyHttpUrl, UrlConstraints(max_length=200)] = AnyHttpUrl("https://qyapi.weixin.qq.com")

    @model_validator(mode="after")
    def _short(self) -> Self:
        if self.greeting is not None and len(self.greeting.encode()) > TEXT_MAX_BYTES:
            raise ValueError(f"greeting is longer than {TEXT_MAX_BYTES} bytes")
        return self
