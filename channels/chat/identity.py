"""Who a visitor is by the word of the site that they signed in to, signed with the endpoint's secret."""

import hmac
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from pydantic import AfterValidator, BaseModel, Field, ValidationError

from app.addresses import email_address, phone_address
from app.errors import ChannelError
from app.events import Address
from app.text import clean_line

_ALGORITHMS: Final = ["HS256"]


class BadIdentity(ChannelError):
    """Forged, unreadable, or there is no secret to check it by."""

    code: ClassVar[str] = "identity-invalid"


def _named(value: str) -> str:
    if not clean_line(value):
        raise ValueError("must not be empty")
    return clean_line(value)


class SignedIn(BaseModel):
    """What the site says of its user: its own id of them, and what it has verified besides."""

    external_id: Annotated[str, Field(max_length=200), AfterValidator(_named)]
    name: Annotated[str, Field(max_length=200), AfterValidator(clean_line)] | None = None
    email: Annotated[str, Field(max_length=254)] | None = None
    phone: Annotated[str, Field(max_length=100)] | None = None

    def addresses(self) -> tuple[Address, ...]:
        """All that are theirs, the site's id first. What nothing could reach is left out."""
        email = email_address(self.email) if self.email else None
        phone = phone_address(self.phone) if self.phone else None
        found = [Address(kind="external", value=self.external_id)]
        if email is not None:
            found.append(Address(kind="email", value=email))
        return (*found, phone) if phone is not None else tuple(found)


class IdentityExpired(BadIdentity):
    """It was right once; `who` it was then."""

    code = "identity-expired"

    def __init__(self, who: SignedIn) -> None:
        super().__init__("the token has expired")
        self.who = who


def by_token(secret: str, token: str, now: datetime) -> SignedIn:
    """A JWT (HS256): `sub` and `exp`, and as the site knows them `name`, `email`, `phone`.

    Raises IdentityExpired, BadIdentity.
    """
    claims = _claims(secret, token)
    try:
        who = SignedIn(
            external_id=claims.get("sub"),
            **{name: claims.get(name) for name in ("name", "email", "phone")},
        )
    except ValidationError as error:
        raise BadIdentity(f"{error.errors()[0]['loc'][0]}: {error.errors()[0]['msg']}") from None
    ends = claims.get("exp")
    if isinstance(ends, bool) or not isinstance(ends, int | float):
        raise BadIdentity("exp: a number of seconds is needed")
    if ends <= now.timestamp():
        raise IdentityExpired(who)
    return who


def by_signature(secret: str, external_id: str, signature: str) -> SignedIn:
    """An HMAC-SHA256 of the id, in hexadecimal; it does not expire. Raises BadIdentity."""
    wanted = hmac.digest(secret.encode(), external_id.encode(), "sha256").hex()
    if not hmac.compare_digest(wanted.encode(), signature.lower().encode()):
        raise BadIdentity("the signature is not that of this id")
    try:
        return SignedIn(external_id=external_id)
    except ValidationError as error:
        raise BadIdentity(f"external_id: {error.errors()[0]['msg']}") from None


def _claims(secret: str, token: str) -> dict[str, Any]:
    try:
        return jwt.decode(token, OctKey.import_key(secret), _ALGORITHMS).claims
    except (JoseError, ValueError, TypeError):
        raise BadIdentity("this is no token that was signed with the endpoint's secret") from None
