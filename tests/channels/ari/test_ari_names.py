"""What the ids of channels and bridges say, there and back."""

from uuid import UUID

import pytest

from channels.ari.names import (
    LegName,
    Part,
    call_of_bridge,
    call_of_last_word,
    is_call_of_ours,
    last_word,
    leg_name,
    talk_bridge,
)

COMMAND = UUID("01890000-0000-7000-8000-000000000001")
CALLS = ["1795330263.30", "pbx-1795330263.30", "p2-0b724bfe;2", "a,b/c d%20", str(COMMAND), "客户-1"]


class TestThereAndBack:
    @pytest.mark.parametrize("call", CALLS)
    @pytest.mark.parametrize("part", list(Part))
    @pytest.mark.parametrize("needs_key", [True, False])
    def test_leg(self, call: str, part: Part, needs_key: bool) -> None:
        name = LegName(part, COMMAND, call, needs_key)
        assert leg_name(str(name)) == name
        assert not set(str(name)) & set(";,/ ")

    @pytest.mark.parametrize("call", CALLS)
    def test_bridge_and_playback(self, call: str) -> None:
        assert call_of_bridge(talk_bridge(call)) == call
        assert call_of_last_word(last_word(COMMAND, call)) == call


class TestOthers:
    @pytest.mark.parametrize(
        "channel",
        [
            "1795330263.30",
            "tp-agent-x",
            f"tp-agent-{COMMAND.hex}-pbx-1.1;2",
            f"tp-nobody-{COMMAND.hex}-pbx-1.1",
            f"xtp-agent-{COMMAND.hex}-pbx-1.1",
        ],
    )
    def test_no_leg(self, channel: str) -> None:
        assert leg_name(channel) is None

    def test_calls_of_ours(self) -> None:
        assert is_call_of_ours(str(COMMAND))
        assert not is_call_of_ours(f"{COMMAND};2")
        assert not is_call_of_ours("pbx-1795330263.30")
