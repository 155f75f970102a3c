"""What each adapter's `verify` and `parse` cost on one core, on a signed message as its platform sends it.

`python -m benchmarks.adapters [name …]`. Beside it, in the same run, the least that anybody could do with the
same bytes: one HMAC and the language's own parser. Processor time, for others use the machine too.
"""

import hmac
import json
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import process_time
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree

import orjson

from benchmarks.machine import write_result
from channels.ari.payload import read_frame
from channels.base import ChannelAdapter, WireRequest
from channels.form import FormAdapter, FormConfig
from tests.channels.samples import samples
from tests.channels.whatsapp import build as whatsapp
from tests.channels.wire import post

ROUNDS = 5
SECONDS = 0.4
TARGET_PER_SECOND = 15_000

FORM: Mapping[str, Any] = {
    "name": "王芳",
    "email": "wang@example.test",
    "subject": "发票",
    "text": "请补开一张发票，谢谢。" * 5,
}
KEY: Mapping[str, Any] = {
    "type": "ChannelDtmfReceived",
    "digit": "1",
    "duration_ms": 100,
    "timestamp": "2026-11-22T06:50:41.342+0000",
    "application": "touchpoint",
    "asterisk_id": "0e:1c:af:1c:1c:1c",
    "channel": {
        "id": "pbx-1795330263.30",
        "name": "PJSIP/trunk-00000000",
        "state": "Up",
        "protocol_id": "2d0f6a2c",
        "caller": {"name": "Li Lei", "number": "+8613800138000"},
        "connected": {"name": "", "number": ""},
        "dialplan": {"context": "inbound", "exten": "95588", "priority": 2, "app_name": "Stasis"},
        "creationtime": "2026-11-22T06:50:41.341+0000",
        "language": "en",
    },
}


@dataclass(frozen=True)
class Case:
    """`work` takes in a message of these bytes."""

    work: Callable[[], object]
    body: bytes


def _case(adapter: ChannelAdapter, request: WireRequest) -> Case:
    def work() -> object:
        adapter.verify(request)
        return adapter.parse(request)

    return Case(work, request.body)


def cases() -> Mapping[str, Case]:
    """By adapter. Mails are parsed in processes of their own; chats have no webhook."""
    frame, form = orjson.dumps(KEY), post(orjson.dumps(FORM))
    receipt = whatsapp.signed(whatsapp.captured("status_sent"))
    return {
        **{name: _case(sample.adapter, sample.request) for name, sample in samples().items()},
        "whatsapp, a receipt": _case(whatsapp.adapter(), receipt),
        "form": _case(FormAdapter(FormConfig()), form),
        "ari, a frame": Case(lambda: read_frame(frame), frame),
    }


def measure(names: Sequence[str]) -> dict[str, Any]:
    found = {}
    for name, case in cases().items():
        if names and name not in names:
            continue
        assert case.work(), f"{name} makes nothing of it"
        ours = statistics.median(_per_second(case.work) for _ in range(ROUNDS))
        bare = statistics.median(_per_second(partial(_bare, case.body)) for _ in range(ROUNDS))
        found[name] = {
            "body_bytes": len(case.body),
            "per_second": round(ours),
            "bare_per_second": round(bare),
            "reached": ours >= TARGET_PER_SECOND,
        }
    return {"target_per_second": TARGET_PER_SECOND, "adapters": found}


def _bare(body: bytes) -> None:
    hmac.digest(b"key", body, "sha256")
    if body.startswith(b"<"):
        ElementTree.fromstring(body)
    elif body.startswith(b"{"):
        orjson.loads(body)
    else:
        parse_qsl(body.decode())


def _per_second(work: Callable[[], object]) -> float:
    done, started = 0, process_time()
    while (spent := process_time() - started) < SECONDS:
        for _ in range(200):
            work()
        done += 200
    return done / spent


def main() -> int:
    """1 where an adapter is slower than its target."""
    result = measure(sys.argv[1:])
    if not sys.argv[1:]:
        write_result("adapters", result)
    print(json.dumps(result, indent=2, ensure_ascii=False))
    return 0 if all(found["reached"] for found in result["adapters"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
