"""A mailbox read from a real Dovecot into a real intake: what is fetched twice is one touch."""

from collections.abc import AsyncIterator, Iterator

import pytest

from app.events import MailReceived
from tests.channels.email.test_email_imap import Door, listening
from tests.intake.house import House
from tests.intake.test_mails import mail
from tests.platforms.dovecot import Dovecot, running_dovecot
from tests.platforms.tokens import TokenServer, running_token_server
from tests.waiting import eventually

USER = "support@acme.test"


@pytest.fixture
def tokens() -> Iterator[TokenServer]:
    with running_token_server() as server:
        yield server


@pytest.fixture
async def dovecot(tokens: TokenServer) -> AsyncIterator[Dovecot]:
    async with running_dovecot(tokens.url) as server:
        yield server


async def taken(house: House, door: Door) -> None:
    """What the listener handed in since, as the runner applies it."""
    events, door.events = door.events, []
    for event in events:
        await house.blobs.put(house.tenant_id, door.kept[event.sha256])
    await house.feed(*(house.envelope("support-mail", event) for event in events))


async def test_fetched_again_under_new_uids_and_delivered_twice(house: House, dovecot: Dovecot) -> None:
    mails = [mail(text=f"number {number}", Message_ID=f"<{number}@example.test>") for number in range(3)]
    door = Door()
    for raw in (*mails, mails[0]):
        dovecot.append(USER, raw)
    async with listening(dovecot, USER, door):
        await eventually(lambda: len(door.events) == 4 and door.remembered.get("folders"))
    await taken(house, door)
    dovecot.renumber(USER)
    async with listening(dovecot, USER, door):
        await eventually(lambda: len(door.events) == 4)
    assert all(isinstance(event, MailReceived) for event in door.events)
    await taken(house, door)
    await house.feed(await house.mail(mails[1]))  # and once more through SMTP
    assert await house.value("SELECT count(*) FROM touch") == 3
    assert await house.value("SELECT count(*) FROM interaction") == 3
