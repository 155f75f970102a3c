"""What the log tells the operator's monitoring. The alarm is `touchpoint_partition_stopped` above zero."""

from typing import Final

from prometheus_client import Counter, Gauge

from app.telemetry import REGISTRY

APPLIED: Final = Counter(
    "touchpoint_events_applied", "Events applied by a consumer.", ["consumer"], registry=REGISTRY
)
PARKED: Final = Counter(
    "touchpoint_events_parked", "Events parked in dead_letter.", ["consumer"], registry=REGISTRY
)
STOPPED: Final = Gauge(
    "touchpoint_partition_stopped",
    "1 for a partition that is not read any more: too many events in a row could not be applied.",
    ["consumer", "partition"],
    registry=REGISTRY,
)
