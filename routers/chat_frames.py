"""What a visitor's window says: the frames of `/chat/{endpoint_id}` (API §6)."""

from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import BaseModel, Field, TypeAdapter

from app.json_body import parse_json_object
from app.text import clean_value

TEXT_MAX_CHARACTERS: Final = 10_000


class SignedId(BaseModel):
    """The site's id of its user, with the HMAC-SHA256 of it in hexadecimal."""

    external_id: str = Field(max_length=200)
    signature: str = Field(max_length=100)


class Hello(BaseModel):
    """`identity`: who has signed in at the site, as a JWT or a signed id."""

    type: Literal["hello"]
    visitor_token: str | None = Field(default=None, max_length=200)
    after: UUID | None = None
    name: str | None = Field(default=None, max_length=200)
    page: str | None = Field(default=None, max_length=2000)
    identity: Annotated[str, Field(max_length=4000)] | SignedId | None = None


class Message(BaseModel):
    """`email`: where they say that they can be reached too. `button`: the id of the ready answer that they
    tapped, whose title is the text."""

    type: Literal["message"]
    client_message_id: str = Field(min_length=1, max_length=200)
    text: str = ""
    attachments: list[UUID] = Field(default_factory=list, max_length=10)
    email: str | None = Field(default=None, max_length=254)
    button: str | None = Field(default=None, max_length=100)


class Received(BaseModel):
    type: Literal["received"]
    touch_id: UUID


class Read(BaseModel):
    """It stood before the visitor's eyes."""

    type: Literal["read"]
    touch_id: UUID


class Typing(BaseModel):
    type: Literal["typing"]


Frame = Hello | Message | Received | Read | Typing
_FRAMES: Final[TypeAdapter[Frame]] = TypeAdapter(Annotated[Frame, Field(discriminator="type")])


def read_frame(text: str) -> Frame:
    """Raises ValueError for what is none."""
    return _FRAMES.validate_python(clean_value(parse_json_object(text.encode())))
