"""What an administrator writes down about a mailbox."""

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, SecretStr, model_validator

from app.addresses import email_address
from app.placeholders import known_places
from channels.base import DkimKey
from channels.config import ChannelConfig
from channels.email.charset import codec_of
from channels.email.signing import rsa_key

PLACES: Final = frozenset({"reference", "subject", "opens"})
IMPLICIT_TLS_PORTS: Final = (465, 993)

Tls = Literal["implicit", "starttls", "starttls_if_offered", "none"]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9.:_-]{1,253}$")]
Port = Annotated[int, Field(ge=1, le=65535)]


def _mailbox(value: str) -> str:
    address = email_address(value)
    if address is None or not address.isascii():
        raise ValueError("is not a mail address")
    return address


def _charset(value: str) -> str:
    if codec_of(value) is None:
        raise ValueError("is no charset that mails are written in")
    return value


class OAuthConfig(ChannelConfig):
    """Where a refresh token (RFC 6749 §6) is turned into access tokens for XOAUTH2."""

    token_url: Annotated[str, Field(pattern=r"^https?://[^\s/]+\S*$", max_length=500)]
    client_id: Annotated[str, Field(min_length=1, max_length=500)]
    client_secret: SecretStr | None = None
    refresh_token: SecretStr
    scope: Annotated[str, Field(max_length=1000)] | None = None


class SmtpConfig(ChannelConfig):
    """Where mails go out. `tls` left out: implicit on port 465, else STARTTLS, which a login makes a must.
    `oauth`: the login is XOAUTH2."""

    host: Host
    port: Port = 587
    username: str | None = None
    password: SecretStr | None = None
    oauth: OAuthConfig | None = None
    tls: Tls | None = None

    @model_validator(mode="after")
    def _one_credential(self) -> "SmtpConfig":
        if self.oauth is not None and self.password is not None:
            raise ValueError("needs one of password and oauth, or none")
        return self

    @property
    def security(self) -> Tls:
        if self.tls is not None:
            return self.tls
        if self.port in IMPLICIT_TLS_PORTS:
            return "implicit"
        return "starttls" if self.username or self.oauth else "starttls_if_offered"


def _signing_key(secret: SecretStr) -> SecretStr:
    rsa_key(secret.get_secret_value())
    return secret


class DkimConfig(ChannelConfig):
    """Signs what goes out. The public key stands in DNS at `<selector>._domainkey.<domain>`; `domain` left
    out: the address's."""

    selector: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,63}$")]
    domain: Host | None = None
    private_key: Annotated[SecretStr, AfterValidator(_signing_key)]


class ImapConfig(ChannelConfig):
    """The mailbox that is read. One of `password`, `oauth` and `access_token`. `tls` left out: implicit, but
    STARTTLS on port 143. `sent_folder` left out: the one that the server marks as such; false: none is read.
    `first_days`: of what lay there before the first connection, what is unread and not older is taken."""

    host: Host
    port: Port = 993
    tls: Literal["implicit", "starttls", "none"] | None = None
    username: Annotated[str, Field(min_length=1, max_length=254)] | None = None
    password: SecretStr | None = None
    oauth: OAuthConfig | None = None
    access_token: SecretStr | None = None
    folders: Annotated[tuple[str, ...], Field(min_length=1, max_length=10)] = ("INBOX",)
    sent_folder: str | Literal[False] | None = None
    first_days: Annotated[int, Field(ge=0, le=365)] = 3

    @model_validator(mode="after")
    def _one_credential(self) -> "ImapConfig":
        if sum(given is not None for given in (self.password, self.oauth, self.access_token)) != 1:
            raise ValueError("needs one of password, oauth and access_token")
        return self

    @property
    def security(self) -> Literal["implicit", "starttls", "none"]:
        return self.tls or ("starttls" if self.port == 143 else "implicit")


def _words(text: str) -> str:
    return known_places(text, PLACES)


Words = Annotated[str, Field(max_length=5_000), AfterValidator(_words)]


class EmailConfig(ChannelConfig):
    """`reply_secret` signs the reply tokens; without any, threads are joined by References alone.
    `acknowledge`: what is answered at once to who opens a conversation; `acknowledge_closed`: the same while
    the queue is closed. `authentication_server`: whose Authentication-Results are believed."""

    address: Annotated[str, AfterValidator(_mailbox)]
    smtp: SmtpConfig
    imap: ImapConfig | None = None
    dkim: DkimConfig | None = None
    from_name: Annotated[str, Field(max_length=60)] = ""
    reply_secret: Annotated[SecretStr, Field(min_length=16)] | None = None
    acknowledge: Words | None = None
    acknowledge_closed: Words | None = None
    signature: Annotated[str, Field(max_length=2_000)] = ""
    authentication_server: Host | None = None
    default_charset: Annotated[str, AfterValidator(_charset)] = "gb18030"

    @property
    def signing_key(self) -> DkimKey | None:
        if self.dkim is None:
            return None
        domain = self.dkim.domain or self.address.rpartition("@")[2]
        return DkimKey(self.dkim.selector, domain, rsa_key(self.dkim.private_key.get_secret_value()))
