"""Whom Asterisk dials for us, and how: agents' devices and numbers outside, as its dial strings."""

import re
from typing import Any, Final

import orjson

from app.addresses import phone_address
from channels.abilities import Steps
from channels.ari.names import ID_MAX, LegName
from channels.ari.wire import Ari
from channels.base import Unsendable, WireResponse

RING_SECONDS: Final = 60
"""Touchpoint gives a device up earlier by `call.cancel`; this is for a number outside."""

CUSTOMER: Final = "TOUCHPOINT_CUSTOMER"
"""The channel variable of an agent's leg that says whom to dial when the agent has picked up."""

_DEVICE: Final = re.compile(r"(?i:sips?:)([A-Za-z0-9_.+*#-]{1,80})")
_NUMBER: Final = re.compile(r"[+]?[0-9*#]{2,32}")


class Dialling:
    """`devices` and `numbers` are dial strings with `{device}` or `{number}` in them."""

    def __init__(self, ari: Ari, app: str, devices: str, numbers: str | None, region: str | None) -> None:
        self._ari, self._app, self._region = ari, app, region
        self._devices, self._numbers = devices, numbers

    def endpoint(self, to: str) -> str:
        """`sip:1001` and extensions are devices of the exchange, all else is a number outside. Raises
        Unsendable."""
        device = _DEVICE.fullmatch(to)
        if device is not None:
            return self._devices.replace("{device}", device[1])
        address = phone_address(to, self._region)
        if address is None or not _NUMBER.fullmatch(address.value):
            raise Unsendable(f"{to[:100]!r} is neither a device like sip:1001 nor a number")
        if address.kind == "extension":
            return self._devices.replace("{device}", address.value)
        if self._numbers is None:
            raise Unsendable("no way to numbers outside is set up (numbers)")
        return self._numbers.replace("{number}", address.value)

    def leg(
        self, name: LegName, to: str, caller: str | None = None, customer: dict[str, Any] | None = None
    ) -> Steps[WireResponse]:
        """Ring `to`; when it is picked up, `name` enters the application. A repeat is answered by 409."""
        variables = {} if customer is None else {CUSTOMER: orjson.dumps(customer).decode()}
        return (yield from self._originate(str(name), self.endpoint(to), caller, variables))

    def customer(self, call_id: str, wanted: dict[str, Any]) -> Steps[WireResponse]:
        """Ring the customer of a call of ours, as `wanted` by `whom`."""
        return (yield from self._originate(call_id, wanted["endpoint"], wanted.get("caller"), {}))

    def whom(self, leg: str) -> Steps[dict[str, Any] | None]:
        """Whom the agent of this leg is waiting for. None: nobody knows any more."""
        answer = yield self._ari.get("channels", leg, "variable", variable=CUSTOMER)
        if answer.status != 200:
            return None
        wanted: dict[str, Any] = orjson.loads(orjson.loads(answer.body)["value"])
        return wanted

    def _originate(
        self, channel: str, endpoint: str, caller: str | None, variables: dict[str, str]
    ) -> Steps[WireResponse]:
        if len(channel) > ID_MAX:
            raise Unsendable(f"this call's id is too long: {channel[:60]}…")
        wish = {"endpoint": endpoint, "app": self._app, "timeout": str(RING_SECONDS)}
        if caller is not None:
            wish["callerId"] = caller
        return (yield self._ari.originate(channel, variables, **wish))
