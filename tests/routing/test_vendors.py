"""The vendors' own worked examples, told to `touchpoint route`: docs/examples/routing holds set-up and trace.

Each docstring says what the vendor's page says, what we do otherwise, and why.
"""

import json
from io import StringIO
from pathlib import Path

from app.route import route

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples" / "routing"

Told = list[tuple[float, str, str, str]]


def decisions(example: str) -> Told:
    """(at, decision, interaction, agent's name), after comparing the whole output with the example's."""
    folder = EXAMPLES / example
    out, err = StringIO(), StringIO()
    assert route(folder / "setup.yaml", folder / "trace.jsonl", out, err) == 0, err.getvalue()
    assert err.getvalue() == ""
    assert out.getvalue() == (folder / "expected.jsonl").read_text(encoding="utf-8")
    made = [json.loads(line) for line in out.getvalue().splitlines()]
    return [(one["at"], one["decision"], one["interaction"], one["agent"].split("@")[0]) for one in made]


def test_every_example_has_its_test() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    for folder in EXAMPLES.iterdir():
        assert not folder.is_dir() or f'decisions("{folder.name}")' in source


def test_amazon_connect_routing_profile() -> None:
    """Amazon: an agent's profile lists Tier 1 and Tier 2 (priority 1, delay 0), Tier 3 (2, 20 s) and Tier 4
    (3, 80 s). A Tier 4 contact is taken once it has waited 80 s and the others are empty: priority goes
    before waiting.

    Ours: the same, by the rank and delay of a team's membership. Only a promise that is overdue would go
    before rank: with Amazon a lower priority may wait for ever.
    """
    assert decisions("amazon-routing-profile") == [
        (20, "offer", "of-tier-3", "ann"),
        (85, "offer", "of-tier-2", "ann"),
        (90, "offer", "of-tier-1", "ann"),
        (95, "offer", "of-tier-4", "ann"),
    ]


def test_amazon_connect_routing_criteria() -> None:
    """Amazon: a contact asks for French >= 4 and DynamoDB >= 5; after 30 s for French >= 3 and DynamoDB >= 5,
    after 30 s more for French >= 3 and DynamoDB >= 4. When the last step has expired it is offered to any
    agent of the queue.

    Ours: the same by steps, but each stays valid beside the ones before it, so the expert who comes at 80 s
    is as welcome as at 0 s even where a step is no relaxation; and nothing opens to anyone unless a step says
    so: nobody is given to an agent who does not speak the language because a list ran out.
    """
    assert decisions("amazon-routing-criteria") == [
        (30, "offer", "first", "agent1"),
        (65, "offer", "second", "agent2"),
        (80, "offer", "third", "expert"),
    ]


def test_genesys_priority_minutes() -> None:
    """Genesys: the score is the time of entry into the queue less 60 s for each point of priority; the lowest
    score goes first. Priority 5 passes those who came less than five minutes earlier. A transfer resets the
    time to that of the new entry.

    Ours: a head start in seconds. The age goes through a transfer: who has waited 410 s already does not
    stand behind who has just called the second line. Promises, steps and delays do begin anew.
    """
    assert decisions("genesys-priority") == [
        (400, "offer", "four-minutes-later", "ann"),
        (410, "offer", "plain", "ann"),
        (500, "offer", "plain", "ann"),
    ]


def test_genesys_bullseye() -> None:
    """Genesys: ring 1 asks for A and B; on its exit after 30 s A is removed, after 30 s more B. There are up
    to six rings, and each agent has a ring number besides.

    Ours: a step for each ring, as many as needed. Who has both skills stays as good at 60 s as at 0 s. What
    an agent's ring number does is the rank and delay of a membership: it never sets the requirement aside.
    """
    assert decisions("genesys-bullseye") == [
        (40, "offer", "first", "only-b"),
        (60, "offer", "second", "both"),
        (75, "offer", "third", "neither"),
    ]


def test_twilio_taskrouter_timeouts() -> None:
    """Twilio: a workflow's targets Q1, Q2 and Q3 last ten seconds each, counted from the task's creation.
    The task is reserved in Q1 at 3 s, the reservation times out at 8 s, Q2 is next; when the last target has
    timed out, the task is canceled.

    Ours: Q2's agents see it from 10 s on, Q1's still do, the clock is the interaction's and is not reset by a
    missed offer. Whoever missed an offer is not asked again until they return. Nothing is ever canceled
    because a list ran out: at 100 s worker 1 comes back and is offered it.
    """
    assert decisions("twilio-timeouts") == [
        (3, "offer", "task-a", "worker1"),
        (8, "missed", "task-a", "worker1"),
        (10, "offer", "task-a", "worker2"),
        (15, "missed", "task-a", "worker2"),
        (20, "offer", "task-a", "worker3"),
        (25, "missed", "task-a", "worker3"),
        (100, "offer", "task-a", "worker1"),
    ]


def test_salesforce_additional_skills() -> None:
    """Salesforce: required skills are never dropped; additional ones are, after a time-out, those of the
    highest priority value first, all of one value together: Location, then Product, then Issue Type. The work
    then goes to the best-matched agent.

    Ours: what is required is the interaction's own requirement, which no step ever replaces; what may be
    dropped is the queue's and its steps. `best_skill` is the best match. Work that needs more room than the
    agent has left waits for the next step (the call at 105 s), not for that agent.
    """
    assert decisions("salesforce-additional-skills") == [
        (70, "offer", "first", "ann"),
        (105, "offer", "second", "eve"),
    ]


def test_freeswitch_base_score() -> None:
    """FreeSWITCH: a caller's score is one for each second of waiting plus the base score; with the time base
    `system` the seconds before the queue count too. The highest score is served first.

    Ours: the same sum, and it goes through missed offers and transfers to other queues: a caller's wait is
    the caller's, not the queue's.
    """
    assert decisions("freeswitch-base-score") == [
        (80, "offer", "base-score-60", "ann"),
        (81, "offer", "long-in-the-system", "ann"),
        (82, "offer", "plain", "ann"),
        (83, "offer", "base-score-60-too-late", "ann"),
    ]


def test_asterisk_penalties() -> None:
    """Asterisk: members of a lower penalty are called first; `penaltychange` moves the highest penalty called
    after 30 s and, after 60 s, the lowest one too, which shuts the best members out. A caller follows the
    rules that held when they entered.

    Ours: a penalty is a rank, and the second at which the maximum reaches it a delay. What has opened stays
    open: the member of penalty 1 who comes at 80 s is offered the call that has waited 76 s.
    """
    assert decisions("asterisk-penalties") == [
        (32, "offer", "first", "five"),
        (63, "offer", "second", "ten"),
        (80, "offer", "third", "one"),
    ]
