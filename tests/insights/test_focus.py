"""Focus time over stretches written out by hand, and its laws over any."""

from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import pytest

from insights.focus import Worked, handling
from insights.occupancy import length, merged
from models.segment import SegmentKind

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LI, WANG = UUID(int=100), UUID(int=200)
FIRST, SECOND = UUID(int=1), UUID(int=2)


def worked(
    leg: UUID, start: float, end: float, kind: SegmentKind = SegmentKind.AGENT, agent: UUID = LI
) -> Worked:
    return Worked(agent, leg, kind, NOON + timedelta(seconds=start), NOON + timedelta(seconds=end))


def any_work(seed: int) -> list[Worked]:
    """Forty legs of two agents, each talked through and wrapped up."""
    chance, found = Random(seed), []
    for number in range(40):
        agent, start = chance.choice((LI, WANG)), chance.uniform(0, 900)
        end = start + chance.uniform(0, 300)
        found.append(worked(UUID(int=number), start, end, agent=agent))
        found.append(worked(UUID(int=number), end, end + chance.uniform(0, 60), SegmentKind.WRAP_UP, agent))
    return found


class TestFocus:
    def test_two_chats_at_once_share_the_time_that_they_have_in_common(self) -> None:
        found = handling([worked(FIRST, 0, 60), worked(SECOND, 30, 90)])
        assert found == {FIRST: (60, 45), SECOND: (60, 45)}

    def test_of_two_agents_chats_at_once_share_nothing(self) -> None:
        found = handling([worked(FIRST, 0, 60), worked(SECOND, 30, 90, agent=WANG)])
        assert found == {FIRST: (60, 60), SECOND: (60, 60)}

    def test_wrap_up_shares_too(self) -> None:
        wrap_up = worked(FIRST, 60, 90, SegmentKind.WRAP_UP)
        assert handling([worked(FIRST, 0, 60), wrap_up, worked(SECOND, 60, 90)])[FIRST] == (90, 75)

    def test_what_a_call_holds_takes_no_share_of_it(self) -> None:
        held = worked(FIRST, 20, 50, SegmentKind.HOLD)
        found = handling([worked(FIRST, 0, 60), held, worked(SECOND, 20, 50)])
        assert found == {FIRST: (30, 30), SECOND: (30, 30)}

    def test_being_consulted_takes_a_share_but_is_no_handling(self) -> None:
        consult = worked(SECOND, 0, 20, SegmentKind.CONSULT)
        assert handling([worked(FIRST, 0, 60), consult]) == {FIRST: (60, 50), SECOND: (0, 0)}


@pytest.mark.parametrize("seed", range(20))
class TestLaws:
    def test_is_no_longer_than_the_handling(self, seed: int) -> None:
        for seconds, focus in handling(any_work(seed)).values():
            assert -1e-6 <= focus <= seconds + 1e-6, f"seed {seed}"

    def test_one_after_the_other_has_all_the_focus(self, seed: int) -> None:
        chance, now, stretches = Random(seed), 0.0, []
        for number in range(40):
            start = now + chance.uniform(0, 5)
            now = start + chance.uniform(0, 300)
            stretches.append(worked(UUID(int=number), start, now))
        for seconds, focus in handling(stretches).values():
            assert focus == pytest.approx(seconds), f"seed {seed}"

    def test_of_all_that_an_agent_did_adds_up_to_the_time_it_covers(self, seed: int) -> None:
        stretches = any_work(seed)
        found = handling(stretches)
        for agent in (LI, WANG):
            own = [one for one in stretches if one.agent_id == agent]
            covered = length(merged((one.started_at, one.ended_at) for one in own)).total_seconds()
            focus = sum(found[leg].focus_seconds for leg in {one.leg_id for one in own})
            assert focus == pytest.approx(covered), f"seed {seed}"
