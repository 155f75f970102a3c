"""What the set-up file says of a WhatsApp number, its approved templates among it."""

import re
from collections.abc import Sequence
from typing import Annotated, Final

from pydantic import AnyHttpUrl, Field, SecretStr, StringConstraints, UrlConstraints

from channels.config import ChannelConfig

GAP: Final = re.compile(r"\{\{\s*([a-z0-9_]{1,64})\s*\}\}")
"""`{{1}}`, or `{{order_number}}` where a template's gaps have names."""

Digits = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,32}$")]
Secret = Annotated[SecretStr, Field(min_length=1)]


class TemplateConfig(ChannelConfig):
    """A template that agents may send, in the words that were approved. `buttons`: the end of the address of
    each button that opens a page, empty where it has no gap."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,512}$")]
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(_[A-Z]{2,3})?$")]
    header: Annotated[str, Field(max_length=60)] | None = None
    body: Annotated[str, Field(min_length=1, max_length=1024)]
    buttons: Annotated[tuple[str, ...], Field(max_length=10)] = ()

    @property
    def key(self) -> str:
        return f"{self.name}/{self.language}"

    @property
    def text(self) -> str:
        """As an agent reads it before the gaps are filled."""
        return "\n".join(part for part in (self.header, self.body) if part)

    @property
    def gaps(self) -> Sequence[str]:
        """Those of the header, of the body, of the buttons: the order in which values are given."""
        parts = (self.header or "", self.body, *self.buttons)
        return [gap for part in parts for gap in GAP.findall(part)]


class WhatsAppConfig(ChannelConfig):
    """`phone_number_id` is the platform's id of our number, not the number. `api_url` is for a proxy."""

    phone_number_id: Digits
    access_token: Secret
    app_secret: Secret
    verify_token: Secret
    templates: tuple[TemplateConfig, ...] = ()
    api_url: Annotated[AnyHttpUrl, UrlConstraints(max_length=2000)] = AnyHttpUrl("https://graph.facebook.com")
    api_version: Annotated[str, StringConstraints(pattern=r"^v[0-9]{1,3}\.[0-9]$")] = "v25.0"
