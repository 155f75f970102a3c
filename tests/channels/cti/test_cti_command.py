"""Commands to the platform: signed, idempotent by their id; and what its answers mean."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from standardwebhooks.webhooks import Webhook

from app.errors import BadSignature
from channels.base import CallCommand, CallControl, SendOutcome, WireResponse
from channels.cti import CtiAdapter, CtiConfig
from channels.cti.adapter import COMMANDS
from tests.channels.wire import OTHER_SECRET, SECRET, signed

URL = "http://127.0.0.1:9000/cti"
ANSWERS = {
    200: SendOutcome.SENT,
    202: SendOutcome.SENT,
    204: SendOutcome.SENT,
    301: SendOutcome.REJECTED,
    400: SendOutcome.REJECTED,
    401: SendOutcome.REJECTED,
    404: SendOutcome.REJECTED,
    408: SendOutcome.RETRY,
    409: SendOutcome.REJECTED,
    410: SendOutcome.REJECTED,
    422: SendOutcome.REJECTED,
    425: SendOutcome.RETRY,
    429: SendOutcome.THROTTLED,
    500: SendOutcome.RETRY,
    502: SendOutcome.RETRY,
    503: SendOutcome.RETRY,
}


def adapter(**config: Any) -> CtiAdapter:
    return CtiAdapter(CtiConfig.model_validate({"secret": SECRET, "command_url": URL} | config))


def order(command: str, call_id: str | None = "c-1", **arguments: Any) -> CallCommand:
    now = datetime.now(UTC)
    return CallCommand(
        command=command,
        command_id=UUID(int=7),
        call_id=call_id,
        issued_at=now,
        expires_at=now + timedelta(seconds=5),
        arguments=arguments,
    )


class TestCommand:
    @pytest.mark.parametrize("command", sorted(COMMANDS))
    def test_signed_for_every_command(self, command: str) -> None:
        request = adapter().command(order(command, to="sip:1001"))
        body = Webhook(SECRET).verify(request.body, dict(request.headers))
        assert (request.method, request.url) == ("POST", URL)
        assert (body["command"], body["call_id"], body["to"]) == (command, "c-1", "sip:1001")
        assert body["command_id"] == request.headers["webhook-id"] == str(UUID(int=7))

    def test_a_repeat_is_the_same_request(self) -> None:
        hold = order("call.hold")
        assert adapter().command(hold) == adapter().command(hold)

    def test_list_without_a_call(self) -> None:
        assert "call_id" not in json.loads(adapter().command(order("calls.list", call_id=None)).body)

    def test_arguments_do_not_overwrite(self) -> None:
        rude = {"command": "call.end", "expires_at": "never"}
        body = json.loads(adapter().command(replace(order("call.hold"), arguments=rude)).body)
        assert (body["command"], body["expires_at"][-1]) == ("call.hold", "Z")

    def test_controls_calls(self) -> None:
        assert isinstance(adapter(), CallControl)
        assert adapter().controls_calls is True
        assert adapter(command_url=None).controls_calls is False


class TestVerify:
    def test_both_secrets_while_one_is_changed(self) -> None:
        rotating = adapter(secret=OTHER_SECRET, previous_secrets=[SECRET])
        rotating.verify(signed({}))
        rotating.verify(signed({}, secret=OTHER_SECRET))

    def test_of_another(self) -> None:
        with pytest.raises(BadSignature):
            adapter().verify(signed({}, secret=OTHER_SECRET))


class TestInterpret:
    @pytest.mark.parametrize(("status", "outcome"), ANSWERS.items())
    def test_status(self, status: int, outcome: SendOutcome) -> None:
        assert adapter().interpret(WireResponse(status)).outcome is outcome

    @pytest.mark.parametrize(
        ("header", "seconds"),
        [("7", 7.0), ("99999", 3600.0), ("Sun, 22 Nov 2026 10:00:00 GMT", None), ("²", None)],
    )
    def test_retry_after(self, header: str, seconds: float | None) -> None:
        result = adapter().interpret(WireResponse(429, {"retry-after": header}))
        assert result.retry_after_seconds == seconds

    def test_the_reason_is_short(self) -> None:
        reason = adapter().interpret(WireResponse(409, body=b"no such\r\ncall \xff" + b"x" * 10_000)).reason
        assert reason is not None
        assert reason.startswith("HTTP 409 no such call")
        assert len(reason) <= 200
