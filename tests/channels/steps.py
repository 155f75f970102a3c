"""Walks `Steps` without a network: what is asked, and the result."""

from collections.abc import Sequence
from typing import Any, TypeVar

import orjson

from channels.abilities import Steps
from channels.base import WireRequest, WireResponse

T = TypeVar("T")


def walk(steps: Steps[T], *answers: WireResponse) -> tuple[Sequence[WireRequest], T]:
    """All requests, and the result. Fails unless exactly the given answers are used up."""
    left, requests = list(answers), []
    try:
        request = next(steps)
        while True:
            assert isinstance(request, WireRequest)
            requests.append(request)
            request = steps.send(left.pop(0))
    except StopIteration as end:
        assert not left, f"{len(left)} answers were not asked for"
        return requests, end.value


def json_answer(value: Any, status: int = 200) -> WireResponse:
    return WireResponse(status, {"content-type": "application/json"}, orjson.dumps(value))
