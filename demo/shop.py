"""The shop that the customers are signed in to: its signed word of who they are, for the chat."""

from datetime import UTC, datetime, timedelta

from joserfc import jwt
from joserfc.jwk import OctKey

from demo.people import Person

SIGNED_IN = timedelta(days=1)


def identity(person: Person, secret: str) -> str:
    """A token as docs/channels/chat.md asks for it."""
    claims = {
        "sub": f"customer-{person.number}",
        "exp": int((datetime.now(UTC) + SIGNED_IN).timestamp()),
        "name": person.name,
        "email": person.email,
        "phone": person.phone,
    }
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(secret))
