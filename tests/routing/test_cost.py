"""The cost of an event, in function calls (the same on every machine), does not grow with size."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from benchmarks.engine import Load, bytes_per_waiting
from routing.events import AgentAvailable

EVENTS = 600


def calls_per_event(load: Load, step: Callable[[], None]) -> float:
    calls = 0

    def count(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    load.events = 0
    sys.setprofile(count)
    while load.events < EVENTS:
        step()
    sys.setprofile(None)
    return calls / load.events


def crowded(agents: int, waiting: int) -> float:
    load = Load(agents, waiting)
    for _ in range(waiting):
        load.arrive()
    for number in range(agents):
        load.tell(AgentAvailable(f"agent{number:05}"))
        load.serve()

    def step() -> None:
        load.complete()
        load.arrive()
        load.serve()

    return calls_per_event(load, step)


def test_ten_times_the_agents_and_the_work_cost_about_the_same() -> None:
    small, large = crowded(60, 600), crowded(600, 6_000)
    assert large <= 2 * small


def test_a_waiting_interaction_takes_less_than_two_kilobytes() -> None:
    assert bytes_per_waiting(3_000) <= 2_048
