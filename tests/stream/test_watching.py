"""Who sees which event, and how it looks: pure."""

from datetime import UTC, datetime
from uuid import UUID

import orjson
import pytest

from app.clock import new_id
from app.events import (
    ActivityEvent,
    AgentChanged,
    CallCommandFailed,
    Envelope,
    InteractionChanged,
    OfferEnded,
    QueueChanged,
    Stream,
    TouchCreated,
    dumps,
)
from interactions.agents.watching import Told, Viewer, told

ME, COLLEAGUE, X = UUID(int=1), UUID(int=2), UUID(int=3)
SUPPORT = frozenset({"support"})


def seen(event: ActivityEvent) -> Told:
    envelope = Envelope(
        id=new_id(),
        tenant_id=UUID(int=9),
        stream=Stream.ACTIVITY,
        key="k",
        type=event.type,
        at=datetime(2026, 11, 22, 10, tzinfo=UTC),
        data=dumps(event),
    )
    found = told(envelope)
    assert found is not None
    return found


def viewer(*, queues: frozenset[str] = frozenset({"billing"}), role: str = "agent") -> Viewer:
    return Viewer(ME, SUPPORT, queues, is_supervisor=role != "agent", is_admin=role == "admin")


def hears(who: Viewer, event: Told) -> bool:
    return not who.places.isdisjoint(event.places)


def interaction(queue: str, *agents: UUID) -> Told:
    return seen(
        InteractionChanged(
            entity=f"interaction/{X}",
            version=4,
            queue=queue,
            agent_ids=agents,
            interaction_id=X,
            cause="queued",
            state="queued",
            channel="chat",
            data={"id": str(X), "legs": []},
        )
    )


def alarm(queue: str) -> Told:
    return seen(QueueChanged(entity=f"queue/{queue}", version=1, queue=queue, data={}))


def offer(*agents: UUID) -> Told:
    return seen(
        OfferEnded(
            entity=f"interaction/{X}",
            version=4,
            queue="billing",
            agent_ids=agents,
            offer_id=X,
            interaction_id=X,
            agent_id=agents[0],
            state="missed",
        )
    )


def agent(agent_id: UUID, team: str) -> Told:
    return seen(
        AgentChanged(
            entity=f"agent/{agent_id}",
            version=2,
            agent_ids=(agent_id,),
            agent_id=agent_id,
            data={"teams": [team]},
        )
    )


def touch() -> Told:
    return seen(
        TouchCreated(
            entity=f"touch/{X}",
            version=1,
            queue="billing",
            agent_ids=(COLLEAGUE,),
            touch_id=X,
            interaction_id=X,
            touch={"text": "hello"},
        )
    )


@pytest.mark.parametrize(
    ("event", "agents", "supervisors"),
    [
        (interaction("billing"), False, True),
        (alarm("billing"), True, True),
        (alarm("sales"), False, False),
        (interaction("sales"), False, False),
        (interaction("sales", ME), True, True),
        (offer(ME), True, True),
        (offer(COLLEAGUE), False, True),
        (touch(), False, True),
        (agent(ME, "support"), True, True),
        (agent(COLLEAGUE, "support"), False, True),
        (agent(COLLEAGUE, "sales"), False, False),
    ],
)
def test_who_sees_what(event: Told, agents: bool, supervisors: bool) -> None:
    assert hears(viewer(), event) is agents
    assert hears(viewer(role="supervisor"), event) is supervisors
    assert hears(viewer(role="admin"), event)


def test_a_frame_says_what_the_contract_says() -> None:
    assert orjson.loads(offer(ME).frame(7, "c")) == {
        "type": "event",
        "n": 7,
        "cursor": "c",
        "name": "offer.revoked",
        "entity": f"interaction/{X}",
        "version": 4,
        "at": "2026-11-22T10:00:00.000Z",
        "data": {
            "offer_id": str(X),
            "interaction_id": str(X),
            "agent_id": str(ME),
            "state": "missed",
            "cause": None,
        },
    }


def test_moving_to_another_team_outdates_the_viewer() -> None:
    assert viewer().is_outdated_by(agent(ME, "sales"))
    assert not viewer().is_outdated_by(agent(ME, "support"))
    assert not viewer().is_outdated_by(agent(COLLEAGUE, "sales"))


def test_an_unknown_type_is_nobodys() -> None:
    envelope = Envelope(
        id=new_id(),
        tenant_id=X,
        stream=Stream.ACTIVITY,
        key="k",
        type="touchpoint.comet.sighted.v1",
        at=datetime(2026, 1, 1, tzinfo=UTC),
        data=b"{}",
    )
    assert told(envelope) is None


def test_a_command_that_failed_has_the_contracts_name() -> None:
    failed = CallCommandFailed(
        entity=f"interaction/{X}",
        version=4,
        queue="billing",
        agent_ids=(ME,),
        interaction_id=X,
        command_id=new_id(),
        command="hold",
        reason="refused",
    )
    assert seen(failed).name == "command.failed"
