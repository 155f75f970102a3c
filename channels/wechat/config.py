"""What the set-up file says of an official account."""

from typing import Annotated, Literal, Self

from pydantic import AnyHttpUrl, Field, SecretStr, UrlConstraints, model_validator

from channels.config import ChannelConfig
from channels.weixin.crypt import CallbackToken, EncodingAesKey
from channels.weixin.sending import TEXT_MAX_BYTES


class WechatConfig(ChannelConfig):
    """`mode` is what the console's message encryption says; compatible mode counts as `safe`. `greeting`
    answers who follows the account."""

    app_id: Annotated[str, Field(pattern=r"^wx[0-9a-f]{16}$")]
    app_secret: SecretStr
    token: CallbackToken
    encoding_aes_key: EncodingAesKey | None = None
    mode: Literal["safe", "plain"] = "safe"
    greeting: Annotated[str, Field(min_length=1)] | None = None
    api_url: Annotated[AnyHttpUrl, UrlConstraints(max_length=200)] = AnyHttpUrl("https://api.weixin.qq.com")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.mode == "safe" and self.encoding_aes_key is None:
            raise ValueError("mode safe needs encoding_aes_key")
        if self.greeting is not None and len(self.greeting.encode()) > TEXT_MAX_BYTES:
            raise ValueError(f"greeting is longer than {TEXT_MAX_BYTES} bytes")
        return self
